// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/synqly/ticketing-operator/hack/process"
)

// demo holds what has been started so far. Its methods are the steps of run, in their order.
type demo struct {
	settings settings
	started  time.Time

	folder       string // everything that the demo writes
	controlPlane *envtest.Environment
	kubeconfig   string // the administrator's
	cluster      *cluster
	simulator    *process.Process
	simulatorURL string
	operator     *process.Process
	alertsURL    string // where the operator takes the alerts of the samples
	alertBegan   time.Time
}

// operatorNamespace is where config/operator puts the operator.
const operatorNamespace = "synqly-ticketing-system"

// say prints a line with the time since the start.
func (d *demo) say(format string, arguments ...any) {
	fmt.Printf("%6.1fs  %s\n", time.Since(d.started).Seconds(), fmt.Sprintf(format, arguments...))
}

// makeFolder makes the folder below bin, because kustomize refers to other folders by relative
// paths alone.
func (d *demo) makeFolder(context.Context) error {
	if _, err := os.Stat("config/samples"); err != nil {
		return fmt.Errorf("the demo has to be started in the folder of the project: %w", err)
	}
	folder, err := os.MkdirTemp("bin", "demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	d.folder, err = filepath.Abs(folder)
	return err
}

func (d *demo) startControlPlane(context.Context) error {
	d.say("Starting etcd and kube-apiserver from %s", d.settings.programs)
	d.controlPlane = &envtest.Environment{
		BinaryAssetsDirectory:    d.settings.programs,
		UseExistingCluster:       new(bool), // No cluster of the user's, whatever the environment says.
		ControlPlaneStartTimeout: startTimeout,
	}
	config, err := d.controlPlane.Start()
	if err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w", err)
	}
	d.kubeconfig = filepath.Join(d.folder, "kubeconfig")
	if err := os.WriteFile(d.kubeconfig, d.controlPlane.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	if d.cluster, err = newCluster(config); err != nil {
		return err
	}
	d.say("Kubernetes answers at %s", config.Host)
	return nil
}

// installDefinitions installs the CRDs, and the roles that the operator will have to get by with.
func (d *demo) installDefinitions(ctx context.Context) error {
	d.say("Installing the CRDs of config/crd and the roles of config/rbac")
	if err := d.cluster.installCRDs("config/crd/bases"); err != nil {
		return err
	}
	if err := d.writeKustomization("rbac", "namespace: "+operatorNamespace+"\nresources: [../../../config/rbac]\n"); err != nil {
		return err
	}
	roles, err := buildKustomization(ctx, filepath.Join(d.folder, "rbac"))
	if err != nil {
		return err
	}
	namespace, err := readManifests("config/operator/namespace.yaml")
	if err != nil {
		return err
	}
	return d.cluster.apply(ctx, io.Discard, append(namespace, roles...))
}

func (d *demo) startSimulator(ctx context.Context) error {
	d.say("Starting the Synqly simulator: the remote API in memory, in place of api.synqly.com")
	if err := d.writeSamples(); err != nil {
		return err
	}
	var err error
	d.simulator, err = process.Start(ctx, d.folder, "bin/synqly-simulator",
		"--listen=127.0.0.1:0", "--token-file="+d.tokenFile())
	if err != nil {
		return err
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	if err := process.WaitFor(ctx, "the address of the simulator", startTimeout, func(context.Context) (bool, error) {
		d.simulatorURL = address.FindString(d.simulator.LastLines(100))
		return d.simulatorURL != "", nil
	}, d.simulator); err != nil {
		return err
	}
	d.say("The simulator answers at %s", d.simulatorURL)
	return d.pointSamplesAtSimulator()
}

// startOperator starts the operator with the rights of its service account, so that the demo shows
// that config/rbac suffices.
func (d *demo) startOperator(ctx context.Context) error {
	account := "system:serviceaccount:" + operatorNamespace + ":operator"
	d.say("Starting the operator as %s", account)
	kubeconfig, err := d.writeOperatorKubeconfig(account)
	if err != nil {
		return err
	}
	probes, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	alerts, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	d.operator, err = process.Start(ctx, d.folder, "bin/manager",
		"--kubeconfig="+kubeconfig,
		"--leader-elect=false",
		"--cluster-resource-namespace="+objectNamespace,
		"--allow-insecure-http", // The simulator speaks plain HTTP, on the loopback interface.
		"--allowed-api-cidrs=127.0.0.0/8",
		"--metrics-bind-address=0",
		"--health-probe-bind-address="+probes,
		"--alerts-bind-address="+alerts)
	d.alertsURL = "http://" + alerts + alertsPath
	if err != nil {
		return err
	}
	return process.WaitFor(ctx, "the operator to be ready", startTimeout, func(ctx context.Context) (bool, error) {
		return answersOK(ctx, "http://"+probes+"/readyz"), nil
	}, d.operator)
}

func (d *demo) applySamples(ctx context.Context) error {
	d.say("Applying config/samples, with the addresses of the simulator, short intervals and made-up tokens")
	samples, err := buildKustomization(ctx, d.samples())
	if err != nil {
		return err
	}
	return d.cluster.apply(ctx, os.Stdout, samples)
}

func (d *demo) waitUntilReady(ctx context.Context) error {
	d.say("Waiting until every object is Ready (for %s at most)", readyTimeout)
	return process.WaitFor(ctx, "every object to be Ready", readyTimeout, d.cluster.everyObjectIsReady, d.operator, d.simulator)
}

func (d *demo) showObjects(ctx context.Context) error {
	d.say("Every object is Ready, as kubectl get ticketing -o wide shows:")
	fmt.Println()
	defer fmt.Println()
	if kubectl, found := findKubectl(d.settings.programs); found {
		return d.run(ctx, kubectl, "get", "ticketing", "--output=wide")
	}
	return d.cluster.printObjects(ctx, os.Stdout)
}

func (d *demo) showRemoteTickets(ctx context.Context) error {
	d.say("The tickets as the simulator holds them:")
	fmt.Println()
	tickets, err := fetchTickets(ctx, d.simulatorURL)
	if err != nil {
		return err
	}
	if err := printTickets(os.Stdout, tickets); err != nil {
		return fmt.Errorf("printing the tickets: %w", err)
	}
	fmt.Println()
	return nil
}

func (d *demo) keepRunning(ctx context.Context) error {
	if d.settings.once {
		d.say("Done.")
		return nil
	}
	d.say("Everything keeps running until Ctrl-C. The tickets in a browser: %s", d.simulatorURL)
	plugin, err := filepath.Abs("bin") // `make demo` builds kubectl-ticketing there.
	if err != nil {
		return fmt.Errorf("looking for the plugin of kubectl: %w", err)
	}
	fmt.Printf(`
To try things by hand, in another terminal:
  %s
  kubectl get ticketing
  kubectl get incidents -o wide
  kubectl ticketing explain checkout-latency
  kubectl edit ticket checkout-latency
  kubectl delete ticketcomment checkout-latency-started
To change a ticket as a person does; some 10 seconds later the status of the Ticket shows it:
%s
To send an alert as Alertmanager does:
%s
No kube-controller-manager runs here: the Tickets and comments of an Incident that you delete stay.
The logs: %s and %s

`, exportForKubectl(d.settings.programs, plugin, d.kubeconfig), curlOfRemoteChange(d.simulatorURL), curlOfAlert(d.tokenFile(), d.alertsURL), d.operator.LogFile, d.simulator.LogFile)
	select {
	case <-ctx.Done():
		return nil
	case <-d.operator.Ended():
		return d.operator.EndedEarly()
	case <-d.simulator.Ended():
		return d.simulator.EndedEarly()
	}
}

// showWhatWentWrong prints what helps to understand a failure before everything is removed.
func (d *demo) showWhatWentWrong() {
	if d.operator != nil {
		ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		fmt.Println()
		if err := d.describeObjects(ctx); err != nil {
			fmt.Println(err)
		}
	}
	for _, p := range []*process.Process{d.simulator, d.operator} {
		if p != nil {
			fmt.Printf("\nThe end of the log of %s:\n%s\n", p.Name, p.LastLines(40))
		}
	}
	fmt.Println()
}

// stop ends what has been started, last things first, and removes what has been written.
func (d *demo) stop() error {
	d.say("Ending the programs and removing the files of the demo")
	var failures []error
	for _, p := range []*process.Process{d.operator, d.simulator} {
		if p != nil {
			failures = append(failures, p.Stop())
		}
	}
	if d.controlPlane != nil {
		if err := d.controlPlane.Stop(); err != nil {
			failures = append(failures, fmt.Errorf("ending etcd and kube-apiserver: %w", err))
		}
	}
	if d.folder != "" {
		if err := os.RemoveAll(d.folder); err != nil {
			failures = append(failures, fmt.Errorf("removing the files of the demo: %w", err))
		}
	}
	return errors.Join(failures...)
}

// writeOperatorKubeconfig writes a kubeconfig that acts as the given account.
func (d *demo) writeOperatorKubeconfig(account string) (string, error) {
	config, err := clientcmd.Load(d.controlPlane.KubeConfig)
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig of the control plane: %w", err)
	}
	for _, user := range config.AuthInfos {
		impersonate(user, account)
	}
	path := filepath.Join(d.folder, "operator.kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of the operator: %w", err)
	}
	return path, nil
}

func impersonate(user *clientcmdapi.AuthInfo, account string) {
	user.Impersonate = account
	user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + operatorNamespace, "system:authenticated"}
}

func answersOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freeAddress finds a port of the loopback interface on which nobody listens.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
