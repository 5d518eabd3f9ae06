// Command controlplane is the Kubernetes that the end-to-end tests run against: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler and kubectl in one binary, each the upstream command itself.
// The first argument (or the name it was started by) says which one to be. One binary links the
// shared packages once, and there is one build to cache.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          newScheduler,
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if !isComponent(name) && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:] // the components read os.Args themselves
	}
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	newCommand, known := commands[name]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubectl [flags]")
		os.Exit(2)
	}
	if name == "kubectl" { // prints its own errors, as its upstream main does
		if err := cli.RunNoErrOutput(newCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
		return
	}
	os.Exit(cli.Run(newCommand()))
}

// newScheduler drops the upstream constructor's optional plugins, so that it fits the table.
func newScheduler() *cobra.Command { return scheduler.NewSchedulerCommand() }

func isComponent(name string) bool {
	_, known := commands[name]
	return known || name == "etcd"
}
