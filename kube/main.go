// Command berth-kube is every Kubernetes and etcd program that a Berth cluster runs, in one binary.
//
// The first argument (or the name it was called by) says which one: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, kube-proxy or kubectl. The rest of the command line is that
// program's own. Nothing here decides anything: the programs are linked as they are published. vpc-proxy is kube-proxy
// where it has no Node to stand on; vpcproxy.go says how.
package main

import (
	"context"
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
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var programs = map[string]func() *cobra.Command{
	"kube-apiserver":          func() *cobra.Command { return apiserver.NewAPIServerCommand() },
	"kube-controller-manager": func() *cobra.Command { return controllermanager.NewControllerManagerCommand() },
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              func() *cobra.Command { return proxy.NewProxyCommand() },
	"kubectl":                 func() *cobra.Command { return kubectl.NewDefaultKubectlCommand() },
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := programs[name]; !known && name != "etcd" {
		if len(os.Args) < 2 {
			fail("name a program")
		}
		name = os.Args[1]
		if name == "vpc-proxy" {
			os.Exit(vpcProxy(os.Args[2:]))
		}
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	program, known := programs[name]
	if !known {
		fail("unknown program " + name)
	}
	os.Exit(cli.Run(withContext(program())))
}

func withContext(command *cobra.Command) *cobra.Command {
	command.SetContext(context.Background())
	return command
}

func fail(reason string) {
	fmt.Fprintf(os.Stderr, "berth-kube: %s: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, kubectl, vpc-proxy\n", reason)
	os.Exit(2)
}
