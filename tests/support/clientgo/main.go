// Command clientgo is what users of client-go do, as checks: each command exits 0 when all that
// Kubernetes promises was kept, else it says what was not.
//
//	clientgo -kubeconfig FILE informers|leader|apply|watch|writes
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const limit = 5 * time.Minute

type check func(context.Context, *rest.Config, string) error

var checks = map[string]check{
	"informers": informers,
	"leader":    leader,
	"apply":     apply,
	"watch":     watchFromOld,
	"writes":    writes,
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API")
	flag.Parse()
	run, known := checks[flag.Arg(0)]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: clientgo -kubeconfig FILE informers|leader|apply|watch|writes")
		os.Exit(2)
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err == nil {
		config.QPS = -1 // no limit of its own
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		namespace := "clientgo-" + flag.Arg(0)
		if err = makeNamespace(ctx, config, namespace); err == nil {
			err = run(ctx, config, namespace)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "clientgo:", flag.Arg(0)+":", err)
		os.Exit(1)
	}
}

func makeNamespace(ctx context.Context, config *rest.Config, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := kubernetes.NewForConfigOrDie(config).CoreV1().Namespaces().Create(ctx, namespace,
		metav1.CreateOptions{})
	return err
}
