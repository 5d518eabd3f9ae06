package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// More than any watch cache holds for those that come late.
	changesSince = 12000
	eventWait    = 15 * time.Second
)

// watchFromOld: a watch from a resourceVersion that was compacted away is told so (410); one with
// sendInitialEvents gets all objects and the bookmark that says so; a deletion is an event with the
// revision of the deletion.
func watchFromOld(ctx context.Context, config *rest.Config, namespace string) error {
	client := kubernetes.NewForConfigOrDie(config)
	maps := client.CoreV1().ConfigMaps(namespace)
	first, err := maps.Create(ctx, configMap(namespace, 0), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := inParallel(changesSince, func(n int) error {
		if n > 0 && n < writers {
			return put(ctx, client, namespace, n)
		}
		changed := configMap(namespace, 0)
		changed.Data["n"] = fmt.Sprint(n)
		_, err := maps.Update(ctx, changed, metav1.UpdateOptions{})
		return err
	}); err != nil {
		return err
	}
	if err := expectExpired(ctx, client, namespace, first.ResourceVersion); err != nil {
		return err
	}

	yes := true
	initial, err := maps.Watch(ctx, metav1.ListOptions{SendInitialEvents: &yes, AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	if err != nil {
		return fmt.Errorf("sendInitialEvents: %w", err)
	}
	defer initial.Stop()
	if err := expectInitialEvents(initial); err != nil {
		return err
	}
	newest, err := maps.Get(ctx, objectName(0), metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := maps.Delete(ctx, objectName(0), metav1.DeleteOptions{}); err != nil {
		return err
	}
	for {
		event, err := next(initial)
		if err != nil {
			return err
		}
		if event.Type != watch.Deleted {
			continue
		}
		if version := event.Object.(metav1.Object).GetResourceVersion(); version == newest.ResourceVersion {
			return fmt.Errorf("the deletion has the revision of the last change: %s", version)
		}
		return nil
	}
}

func expectExpired(ctx context.Context, client kubernetes.Interface, namespace, version string) error {
	old, err := client.CoreV1().ConfigMaps(namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: version})
	if err == nil {
		defer old.Stop()
		event, failed := next(old)
		if failed != nil {
			return fmt.Errorf("a watch from revision %s: %w", version, failed)
		}
		err = errors.FromObject(event.Object)
		if event.Type != watch.Error {
			return fmt.Errorf("a watch from revision %s begins with %s", version, event.Type)
		}
	}
	if !errors.IsResourceExpired(err) && !errors.IsGone(err) {
		return fmt.Errorf("a watch from revision %s: %v instead of 410", version, err)
	}
	return nil
}

func expectInitialEvents(from watch.Interface) error {
	for added := 0; ; added++ {
		event, err := next(from)
		if err != nil {
			return err
		}
		if event.Type == watch.Added {
			continue
		}
		marked := event.Object.(metav1.Object).GetAnnotations()["k8s.io/initial-events-end"]
		if event.Type != watch.Bookmark || marked != "true" || added == 0 {
			return fmt.Errorf("after %d objects came %s with the mark %q", added, event.Type, marked)
		}
		return nil
	}
}

func next(from watch.Interface) (watch.Event, error) {
	select {
	case event, open := <-from.ResultChan():
		if !open {
			return event, fmt.Errorf("the watch ended")
		}
		return event, nil
	case <-time.After(eventWait):
		return watch.Event{}, fmt.Errorf("no event within %v", eventWait)
	}
}
