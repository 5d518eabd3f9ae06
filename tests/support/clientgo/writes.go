package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	writeTimeout = 2 * time.Second
	retryAfter   = 5 * time.Millisecond
	settle       = 20 * time.Second
	pace         = 25 * time.Millisecond // of each writer
)

// writes: every writer counts up in its own object, one step an acknowledged write, while somebody
// kills the API again and again; a watcher follows. Ends when standard input does. Then: no
// acknowledged step is lost, no revision went back, and the watcher saw every step of every object.
//
// A write without an answer is sent again as it was: where it had been done, it changes nothing.
func writes(ctx context.Context, config *rest.Config, namespace string) error {
	config = rest.CopyConfig(config)
	config.Timeout = 0
	client := kubernetes.NewForConfigOrDie(config)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var acknowledged atomic.Int64
	var stopping atomic.Bool
	seen := newSteps()
	watching := make(chan error, 1)
	go func() { watching <- seen.follow(ctx, client, namespace) }()
	go func() { // says how far it is, a line for each line it is given
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(acknowledged.Load())
		}
		stopping.Store(true)
	}()

	reached := make([]int, writers)
	err := inParallelBy(writers, writers, func(i int) error {
		lastRevision := uint64(0)
		pause := time.NewTicker(pace)
		defer pause.Stop()
		for step := 1; !stopping.Load() || step == 1; step++ {
			written, err := writeStep(ctx, client, namespace, i, step)
			if err != nil {
				return err
			}
			revision, err := strconv.ParseUint(written.ResourceVersion, 10, 64)
			if err != nil || revision <= lastRevision {
				return fmt.Errorf("%s: revision %s after %d", written.Name, written.ResourceVersion, lastRevision)
			}
			lastRevision, reached[i] = revision, step
			acknowledged.Add(1)
			<-pause.C
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d acknowledged\n", acknowledged.Load())
	for i, step := range reached {
		there, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, objectName(i), metav1.GetOptions{})
		if err != nil || there.Data["n"] != fmt.Sprint(step) {
			return fmt.Errorf("%s has %v, acknowledged was %d (%v)", objectName(i), there.Data["n"], step, err)
		}
		if err := seen.reaches(objectName(i), step, watching); err != nil {
			return err
		}
	}
	fmt.Printf("the watcher saw all, over %d connections\n", seen.connections)
	return nil
}

// writeStep returns when the step was acknowledged, however often the API is away meanwhile.
func writeStep(ctx context.Context, client kubernetes.Interface, namespace string, i, step int) (*corev1.ConfigMap, error) {
	wanted := configMap(namespace, i)
	wanted.Data["n"] = fmt.Sprint(step)
	maps := client.CoreV1().ConfigMaps(namespace)
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, writeTimeout)
		written, err := maps.Update(one, wanted, metav1.UpdateOptions{})
		if errors.IsNotFound(err) && step == 1 {
			written, err = maps.Create(one, wanted, metav1.CreateOptions{})
		}
		cancel()
		if err == nil {
			return written, nil
		}
		if _, answered := err.(errors.APIStatus); answered && !isPassing(err) {
			return nil, fmt.Errorf("step %d of %s: %w", step, wanted.Name, err)
		}
		time.Sleep(retryAfter)
	}
	return nil, ctx.Err()
}

func isPassing(err error) bool {
	return errors.IsServiceUnavailable(err) || errors.IsTooManyRequests(err) || errors.IsAlreadyExists(err) ||
		errors.IsTimeout(err) || errors.IsServerTimeout(err)
}

// steps is what the watcher has seen.
type steps struct {
	mutex       sync.Mutex
	last        map[string]int
	connections int
}

func newSteps() *steps { return &steps{last: map[string]int{}} }

// follow watches from where the last watch ended; it fails when a step is missing.
func (s *steps) follow(ctx context.Context, client kubernetes.Interface, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	version := ""
	for ctx.Err() == nil {
		if version == "" {
			list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "none=such"})
			if err == nil {
				version = list.ResourceVersion
			}
			continue
		}
		from, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true})
		if err != nil {
			if errors.IsResourceExpired(err) || errors.IsGone(err) {
				return fmt.Errorf("the watch cannot go on from %s: %w", version, err)
			}
			time.Sleep(retryAfter)
			continue
		}
		s.connections++
		for event := range from.ResultChan() {
			if event.Type == watch.Error {
				return fmt.Errorf("the watch cannot go on from %s: %w", version, errors.FromObject(event.Object))
			}
			version = event.Object.(metav1.Object).GetResourceVersion()
			if err := s.add(event); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *steps) add(event watch.Event) error {
	object, is := event.Object.(*corev1.ConfigMap)
	if !is || event.Type == watch.Bookmark || object.Data["n"] == "" {
		return nil
	}
	step, _ := strconv.Atoi(object.Data["n"])
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if before := s.last[object.Name]; step != before+1 {
		return fmt.Errorf("the watch came to step %d of %s after %d", step, object.Name, before)
	}
	s.last[object.Name] = step
	return nil
}

func (s *steps) reaches(name string, step int, watching <-chan error) error {
	for deadline := time.Now().Add(settle); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-watching:
			return fmt.Errorf("the watcher: %w", err)
		default:
		}
		s.mutex.Lock()
		last := s.last[name]
		s.mutex.Unlock()
		if last == step {
			return nil
		}
	}
	return fmt.Errorf("the watcher is at step %d of %s, acknowledged was %d", s.last[name], name, step)
}
