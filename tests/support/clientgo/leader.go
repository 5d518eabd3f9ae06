package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	candidates    = 3
	terms         = 4
	term          = 500 * time.Millisecond
	leaseDuration = 2 * time.Second
	// From a leader's death to the next: it renewed its lease shortly before.
	vacancyMin = leaseDuration - 700*time.Millisecond
)

// leader: candidates of a Lease, whose leader dies again and again: there is always a next one, and
// never two at a time.
func leader(ctx context.Context, config *rest.Config, namespace string) error {
	client := kubernetes.NewForConfigOrDie(config)
	var mutex sync.Mutex
	leading, overlap := 0, false
	elected := make(chan int)
	ends := make([]context.CancelFunc, candidates)

	stand := func(who, life int) {
		own, end := context.WithCancel(ctx)
		mutex.Lock()
		ends[who] = end
		mutex.Unlock()
		lock := &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "crown", Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: fmt.Sprintf("candidate-%d-%d", who, life)},
		}
		leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: leaseDuration, RenewDeadline: time.Second,
			RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {
					mutex.Lock()
					leading++
					overlap = overlap || leading > 1
					mutex.Unlock()
					elected <- who
				},
				OnStoppedLeading: func() {},
			},
		})
	}
	for who := range candidates {
		go stand(who, 0)
	}
	var died time.Time
	for n := range terms {
		select {
		case who := <-elected:
			fmt.Printf("term %d: candidate %d\n", n+1, who)
			if vacant := time.Since(died); vacant < vacancyMin {
				return fmt.Errorf("a lease of %v was taken after %v", leaseDuration, vacant)
			}
			time.Sleep(term)
			mutex.Lock()
			leading--
			ends[who]() // without a release: as a process that was killed
			mutex.Unlock()
			died = time.Now()
			go stand(who, n+1)
		case <-time.After(20 * time.Second):
			return fmt.Errorf("no leader for term %d", n+1)
		}
	}
	if overlap {
		return fmt.Errorf("there were two leaders at a time")
	}
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "crown", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if made := *lease.Spec.LeaseTransitions; made < 1 {
		return fmt.Errorf("the lease counts %d transitions", made)
	}
	return nil
}
