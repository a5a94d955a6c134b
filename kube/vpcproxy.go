package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
)

// vpcProxy runs kube-proxy, as it is published, where there is no Node that it stands on: in the network of a VPC.
//
// kube-proxy waits half a minute for a Node of its own name before it writes its first rule. A Node for it would be
// seen by everybody, so here only kube-proxy sees one: it speaks with the API server through a forwarder in this same
// process, on this namespace's loopback, that answers for that one Node and passes on everything else.
//
//	vpc-proxy --kubeconfig=FILE --node=NAME=ADDRESS -- [kube-proxy's own flags]
func vpcProxy(arguments []string) int {
	flags := flag.NewFlagSet("vpc-proxy", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	node := flags.String("node", "", "NAME=ADDRESS of the Node that kube-proxy sees as its own")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	name, address, _ := strings.Cut(*node, "=")
	if *kubeconfig == "" || name == "" || net.ParseIP(address) == nil {
		fmt.Fprintln(os.Stderr, "vpc-proxy: needs --kubeconfig=FILE and --node=NAME=ADDRESS")
		return 2
	}
	master, err := forward(*kubeconfig, name, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vpc-proxy:", err)
		return 1
	}
	own := []string{"--master=" + master, "--hostname-override=" + name, "--bind-address=" + address}
	var command *cobra.Command = withContext(proxy.NewProxyCommand())
	command.SetArgs(append(own, flags.Args()...))
	return cli.Run(command)
}

// forward listens and says where.
func forward(kubeconfig, name, address string) (string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return "", err
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return "", err
	}
	server, err := url.Parse(config.Host)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	others := &httputil.ReverseProxy{
		Rewrite:       func(request *httputil.ProxyRequest) { request.SetURL(server) },
		Transport:     transport,
		FlushInterval: -1, // a watch's events are passed on one by one
	}
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && request.URL.Path == "/api/v1/nodes" &&
			request.URL.Query().Get("fieldSelector") == "metadata.name="+name {
			theNode(response, request, name, address)
			return
		}
		others.ServeHTTP(response, request)
	})
	go func() {
		fmt.Fprintln(os.Stderr, "vpc-proxy:", http.Serve(listener, handler))
		os.Exit(1)
	}()
	return "http://" + listener.Addr().String(), nil
}

// theNode answers a list or a watch of the one Node, which never changes.
func theNode(response http.ResponseWriter, request *http.Request, name, address string) {
	query := request.URL.Query()
	node := map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{"name": name, "resourceVersion": "1"},
		"status":   map[string]any{"addresses": []any{map[string]any{"type": "InternalIP", "address": address}}},
	}
	response.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(response)
	if query.Get("watch") != "true" && query.Get("watch") != "1" {
		_ = encoder.Encode(map[string]any{
			"apiVersion": "v1", "kind": "NodeList", "metadata": map[string]any{"resourceVersion": "1"}, "items": []any{node},
		})
		return
	}
	if query.Get("sendInitialEvents") == "true" {
		_ = encoder.Encode(map[string]any{"type": "ADDED", "object": node})
		_ = encoder.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{
			"apiVersion": "v1", "kind": "Node",
			"metadata": map[string]any{"resourceVersion": "1", "annotations": map[string]any{"k8s.io/initial-events-end": "true"}},
		}})
	}
	if flusher, able := response.(http.Flusher); able {
		flusher.Flush()
	}
	wait, cancel := context.WithTimeout(request.Context(), timeout(query.Get("timeoutSeconds")))
	defer cancel()
	<-wait.Done()
}

// timeout is how long the asker wants to watch.
func timeout(seconds string) time.Duration {
	if asked, err := time.ParseDuration(seconds + "s"); err == nil && asked > 0 {
		return asked
	}
	return 30 * time.Minute
}
