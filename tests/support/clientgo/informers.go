package main

import (
	"context"
	"fmt"
	"math/rand"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeinformers "k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	objects          = 5000
	changesPerSecond = 1000
	changeFor        = 10 * time.Second
	cutEvery         = 700 * time.Millisecond
	writers          = 16
	catchUp          = 60 * time.Second
)

// informers: a shared informer whose connections are cut again and again while thousands of objects
// change ends up equal to a list.
func informers(ctx context.Context, config *rest.Config, namespace string) error {
	client := kubernetes.NewForConfigOrDie(config)
	if err := inParallel(objects, func(i int) error { return put(ctx, client, namespace, i) }); err != nil {
		return fmt.Errorf("create: %w", err)
	}

	watched := rest.CopyConfig(config)
	cutter := &cutter{open: map[net.Conn]bool{}}
	watched.Dial = cutter.dial
	factory := kubeinformers.NewSharedInformerFactoryWithOptions(
		kubernetes.NewForConfigOrDie(watched), 0, kubeinformers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the informer did not sync")
	}

	cutting, stopCutting := context.WithCancel(ctx)
	go cutter.run(cutting)
	rate, err := change(ctx, client, namespace)
	stopCutting()
	if err != nil {
		return fmt.Errorf("change: %w", err)
	}
	fmt.Printf("%.0f changes a second, %d connections cut\n", rate, cutter.cuts)
	if cutter.cuts < 5 {
		return fmt.Errorf("only %d connections were there to be cut", cutter.cuts)
	}
	return becomesEqual(ctx, client, namespace, informer.GetStore())
}

// change updates, deletes and creates, a thousand times a second where the machine keeps up, and says
// how often a second it was.
func change(ctx context.Context, client kubernetes.Interface, namespace string) (float64, error) {
	const perWriter = changesPerSecond * int(changeFor/time.Second) / writers
	started := time.Now()
	err := inParallelBy(writers, writers, func(writer int) error {
		pause := time.NewTicker(changeFor / time.Duration(perWriter))
		defer pause.Stop()
		for n := range perWriter {
			<-pause.C
			i := writer + writers*rand.Intn(objects/writers) // each object has one writer
			if err := changeOne(ctx, client, namespace, i, n); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(perWriter*writers) / time.Since(started).Seconds(), err
}

func changeOne(ctx context.Context, client kubernetes.Interface, namespace string, i, n int) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	if n%10 == 9 {
		if err := maps.Delete(ctx, objectName(i), metav1.DeleteOptions{}); err != nil {
			return err
		}
		return put(ctx, client, namespace, i)
	}
	changed := configMap(namespace, i)
	changed.Data["n"] = fmt.Sprint(n, rand.Int())
	_, err := maps.Update(ctx, changed, metav1.UpdateOptions{})
	return err
}

func becomesEqual(ctx context.Context, client kubernetes.Interface, namespace string, store cache.Store) error {
	list, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var difference string
	for deadline := time.Now().Add(catchUp); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if difference = compare(list.Items, store); difference == "" {
			fmt.Printf("the informer's %d objects are those of the list\n", len(list.Items))
			return nil
		}
	}
	return fmt.Errorf("the informer does not become equal to the list: %s", difference)
}

func compare(listed []corev1.ConfigMap, store cache.Store) string {
	if seen := len(store.ListKeys()); seen != len(listed) {
		return fmt.Sprintf("%d objects seen, %d listed", seen, len(listed))
	}
	for _, each := range listed {
		item, there, _ := store.GetByKey(each.Namespace + "/" + each.Name)
		if !there {
			return each.Name + " was not seen"
		}
		seen := item.(*corev1.ConfigMap)
		if seen.UID != each.UID || seen.ResourceVersion != each.ResourceVersion || seen.Data["n"] != each.Data["n"] {
			return fmt.Sprintf("%s was seen at %s, listed at %s", each.Name, seen.ResourceVersion, each.ResourceVersion)
		}
	}
	return ""
}

func objectName(i int) string { return fmt.Sprintf("object-%05d", i) }

func configMap(namespace string, i int) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: objectName(i), Namespace: namespace},
		Data: map[string]string{"n": "0"}}
}

func put(ctx context.Context, client kubernetes.Interface, namespace string, i int) error {
	_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, configMap(namespace, i), metav1.CreateOptions{})
	return err
}

// cutter knows a client's open connections and closes them all, again and again.
type cutter struct {
	mutex sync.Mutex
	open  map[net.Conn]bool
	cuts  int
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		c.mutex.Lock()
		c.open[conn] = true
		c.mutex.Unlock()
	}
	return conn, err
}

func (c *cutter) run(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(cutEvery)
		c.mutex.Lock()
		for conn := range c.open {
			conn.Close()
			c.cuts++
		}
		c.open = map[net.Conn]bool{}
		c.mutex.Unlock()
	}
}

func inParallel(count int, run func(int) error) error { return inParallelBy(writers, count, run) }

// inParallelBy calls run for 0..count-1 from so many goroutines; the first error.
func inParallelBy(goroutines, count int, run func(int) error) error {
	work := make(chan int)
	failed := make(chan error, goroutines)
	var all sync.WaitGroup
	for range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range work {
				if err := run(i); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		}()
	}
	for i := range count {
		work <- i
	}
	close(work)
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
