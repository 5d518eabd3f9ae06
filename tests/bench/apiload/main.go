// Command apiload measures a Kubernetes API over TLS and prints one JSON line.
//
//	apiload -server URL -ca FILE -cert FILE -key FILE create|get|list|watch|fill
//
// create: ConfigMaps of 1 KB over 8 connections; get: one of them each; list: all 500 of a namespace;
// watch: how long one change takes to 1,000 watchers; fill: 10,000 Pods and 500 Nodes.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	connections = 8
	measureFor  = 5 * time.Second
	listed      = 500
	watchers    = 1000
	changes     = 20
)

type api struct {
	server string
	client func() *http.Client // each with its own connection
}

func main() {
	server := flag.String("server", "", "https://HOST:PORT")
	ca := flag.String("ca", "", "certificate authority, PEM")
	cert := flag.String("cert", "", "client certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	flag.Parse()
	target := api{*server, newClients(*ca, *cert, *key)}
	runs := map[string]func(api) (map[string]any, error){
		"create": create, "get": get, "list": list, "watch": watch, "fill": fill}
	run, known := runs[flag.Arg(0)]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: apiload -server .. -ca .. -cert .. -key .. create|get|list|watch|fill")
		os.Exit(2)
	}
	figures, err := run(target)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiload:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(figures)
}

func newClients(ca, cert, key string) func() *http.Client {
	pem, err := os.ReadFile(ca)
	pair, pairErr := tls.LoadX509KeyPair(cert, key)
	if err != nil || pairErr != nil {
		fmt.Fprintln(os.Stderr, "apiload:", err, pairErr)
		os.Exit(2)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return func() *http.Client {
		return &http.Client{Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
			MaxIdleConnsPerHost: 1, // HTTP/1.1: what both speak
			TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		}}
	}
}

func (a api) call(client *http.Client, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, a.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 && answer.StatusCode != http.StatusConflict {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, text)
	}
	return text, err
}

func (a api) namespace(name string) error {
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name)
	_, err := a.call(a.client(), "POST", "/api/v1/namespaces", []byte(body))
	return err
}

func configMap(name string) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"text":%q}}`,
		name, strings.Repeat("x", 1024))
}

// perSecond runs `do` over 8 connections for a while: how often a second, and the median time.
func perSecond(a api, do func(client *http.Client, worker, n int) error) (map[string]any, error) {
	var done atomic.Int64
	var failed atomic.Value
	times := make([][]time.Duration, connections)
	var all sync.WaitGroup
	started := time.Now()
	for worker := range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			client := a.client()
			for n := 0; time.Since(started) < measureFor && failed.Load() == nil; n++ {
				before := time.Now()
				if err := do(client, worker, n); err != nil {
					failed.Store(err)
					return
				}
				times[worker] = append(times[worker], time.Since(before))
				done.Add(1)
			}
		}()
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return nil, err.(error)
	}
	var merged []time.Duration
	for _, each := range times {
		merged = append(merged, each...)
	}
	return map[string]any{"per_second": float64(done.Load()) / time.Since(started).Seconds(),
		"p50_ms": percentile(merged, 50), "p99_ms": percentile(merged, 99)}, nil
}

func percentile(times []time.Duration, percent int) float64 {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return float64(times[(len(times)-1)*percent/100].Microseconds()) / 1000
}

func create(a api) (map[string]any, error) {
	if err := a.namespace("load-create"); err != nil {
		return nil, err
	}
	return perSecond(a, func(client *http.Client, worker, n int) error {
		_, err := a.call(client, "POST", "/api/v1/namespaces/load-create/configmaps",
			configMap(fmt.Sprintf("c-%d-%d", worker, n)))
		return err
	})
}

func get(a api) (map[string]any, error) {
	if err := a.makeListed(); err != nil {
		return nil, err
	}
	return perSecond(a, func(client *http.Client, worker, n int) error {
		_, err := a.call(client, "GET", fmt.Sprintf("/api/v1/namespaces/load-list/configmaps/c-%d", n%listed), nil)
		return err
	})
}

func list(a api) (map[string]any, error) {
	if err := a.makeListed(); err != nil {
		return nil, err
	}
	return perSecond(a, func(client *http.Client, worker, n int) error {
		_, err := a.call(client, "GET", "/api/v1/namespaces/load-list/configmaps", nil)
		return err
	})
}

func (a api) makeListed() error {
	if err := a.namespace("load-list"); err != nil {
		return err
	}
	client := a.client()
	for n := range listed {
		if _, err := a.call(client, "POST", "/api/v1/namespaces/load-list/configmaps",
			configMap(fmt.Sprintf("c-%d", n))); err != nil {
			return err
		}
	}
	return nil
}

// watch: from the moment before a change is sent to when a watcher has read its event.
func watch(a api) (map[string]any, error) {
	if err := a.namespace("load-watch"); err != nil {
		return nil, err
	}
	path := "/api/v1/namespaces/load-watch/configmaps"
	seen := make(chan time.Time, watchers*(changes+2))
	for range watchers {
		answer, err := a.client().Get(a.server + path + "?watch=true")
		if err != nil {
			return nil, err
		}
		go func() {
			for lines := bufio.NewReader(answer.Body); ; {
				if _, err := lines.ReadBytes('\n'); err != nil {
					return
				}
				seen <- time.Now()
			}
		}()
	}
	time.Sleep(2 * time.Second)
	for len(seen) > 0 { // what was there before
		<-seen
	}
	client := a.client()
	var times []time.Duration
	for n := range changes {
		before := time.Now()
		if _, err := a.call(client, "POST", path, configMap(fmt.Sprintf("c-%d", n))); err != nil {
			return nil, err
		}
		for range watchers {
			select {
			case at := <-seen:
				times = append(times, at.Sub(before))
			case <-time.After(10 * time.Second):
				return nil, fmt.Errorf("an event did not come within 10 s")
			}
		}
	}
	return map[string]any{"p50_ms": percentile(times, 50), "p99_ms": percentile(times, 99)}, nil
}

func fill(a api) (map[string]any, error) {
	if err := a.namespace("load-fill"); err != nil {
		return nil, err
	}
	const nodes, pods = 500, 10000
	started := time.Now()
	err := inParallel(nodes, func(client *http.Client, n int) error {
		_, err := a.call(client, "POST", "/api/v1/nodes", fmt.Appendf(nil,
			`{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-%d"},"spec":{"unschedulable":true}}`, n))
		return err
	}, a)
	if err == nil {
		err = inParallel(pods, func(client *http.Client, n int) error {
			_, err := a.call(client, "POST", "/api/v1/namespaces/load-fill/pods", fmt.Appendf(nil,
				`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-%d","labels":{"app":"app-%d"}},"spec":`+
					`{"nodeName":"node-%d","containers":[{"name":"main","image":"registry.example/app:1","env":`+
					`[{"name":"A","value":"1"}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}`,
				n, n%100, n%nodes))
			return err
		}, a)
	}
	return map[string]any{"seconds": time.Since(started).Seconds()}, err
}

func inParallel(count int, do func(client *http.Client, n int) error, a api) error {
	var next atomic.Int64
	failed := make(chan error, connections)
	for range connections {
		go func() {
			client := a.client()
			for {
				n := int(next.Add(1)) - 1
				if n >= count {
					failed <- nil
					return
				}
				if err := do(client, n); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	var first error
	for range connections {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	return first
}
