// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The manager runs the controllers of the Synqly Ticketing Operator.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/shard"
	"github.com/synqly/ticketing-operator/internal/source/alerts"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// programName is what the program is called towards others: the API server, which shows it as the
// manager of the fields that it writes, the Synqly API, and in Events.
const programName = "synqly-ticketing-operator"

// version is set when the program is linked.
var version = "dev"

// shutdownTimeout is how long reconciles that are under way may take to end after SIGTERM. A create
// request in flight gets most of it.
const shutdownTimeout = 4 * time.Second

// options are the flags.
type options struct {
	leaderElect             bool
	leaderElectionNamespace string
	metricsAddress          string
	metricsSecure           bool
	metricsCertPath         string
	metricsCertName         string
	metricsCertKey          string
	probeAddress            string
	watchNamespaces         string
	maxConcurrentReconciles int
	allowInsecureHTTP       bool
	allowedAPICIDRs         string
	allowedAPIHosts         string
	formerInstallations     string
	clusterNamespace        string
	pprofAddress            string
	watchLabelSelector      string
	showVersion             bool
	alertsAddress           string
	alertsCertFile          string
	alertsKeyFile           string
	logging                 zap.Options
	// arguments are what is left after the flags.
	arguments []string
}

func parseFlags() options {
	var o options
	flag.BoolVar(&o.leaderElect, "leader-elect", false, "Use leader election, so that only one of several replicas is active.")
	flag.StringVar(&o.leaderElectionNamespace, "leader-election-namespace", "", "The namespace of the leader election lease. Defaults to the manager's own namespace when it runs in a cluster.")
	flag.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "The address that serves /metrics. Use 0 to disable it.")
	flag.BoolVar(&o.metricsSecure, "metrics-secure", true, "Serve the metrics over HTTPS, to clients that the API server authenticates and authorizes. Set it to false to serve them over plain HTTP to everybody.")
	flag.StringVar(&o.metricsCertPath, "metrics-cert-path", "", "The directory with the certificate for --metrics-bind-address and its key. They are read again when they change. Without it, the manager uses a self-signed certificate.")
	flag.StringVar(&o.metricsCertName, "metrics-cert-name", "tls.crt", "The name of the file of the certificate in --metrics-cert-path.")
	flag.StringVar(&o.metricsCertKey, "metrics-cert-key", "tls.key", "The name of the file of the private key in --metrics-cert-path.")
	flag.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "The address that serves /healthz and /readyz. Use 0 to disable it.")
	flag.StringVar(&o.watchNamespaces, "watch-namespaces", "", "The namespaces to watch, separated by commas. Defaults to all namespaces.")
	flag.StringVar(&o.watchLabelSelector, "watch-label-selector", "", "A label selector, such as ticketing.synqly.com/shard=a. Only objects of the operator's kinds with matching labels are watched. It divides the objects between several managers. Defaults to all objects.")
	flag.IntVar(&o.maxConcurrentReconciles, "max-concurrent-reconciles", 128, "The maximum number of objects of each kind that are reconciled at the same time. At most a quarter of them are of one namespace, and an eighth of one Integration.")
	flag.BoolVar(&o.allowInsecureHTTP, "allow-insecure-http", false, "Accept Integrations with an http:// baseURL. The token is then sent unencrypted: use it for local tests only.")
	flag.StringVar(&o.allowedAPICIDRs, "allowed-api-cidrs", "", "Networks with addresses that are not public, such as 10.20.0.0/16, in which Integrations may have their baseURL, separated by commas. Public addresses are always allowed.")
	flag.StringVar(&o.allowedAPIHosts, "allowed-api-hosts", "", "Host names, such as synqly.example.com or *.example.com, that Integrations may have in their baseURL whatever address they resolve to, separated by commas.")
	flag.StringVar(&o.formerInstallations, "former-installations", "", "The clusters that this cluster replaces, as UIDs of their kube-system namespaces, separated by commas. The operator takes over objects that were moved or restored from them with their annotations.")
	flag.BoolVar(&o.showVersion, "version", false, "Print the version and exit.")
	flag.StringVar(&o.alertsAddress, "alerts-bind-address", ":9095", "The address to which Alertmanager and Grafana send alerts. Use 0 to disable it.")
	flag.StringVar(&o.alertsCertFile, "alerts-tls-cert-file", "", "The file of the certificate for --alerts-bind-address, in PEM. It is read again when it changes. Without it, alerts are received without encryption.")
	flag.StringVar(&o.alertsKeyFile, "alerts-tls-key-file", "", "The file of the private key for --alerts-tls-cert-file, in PEM.")
	flag.StringVar(&o.clusterNamespace, "cluster-resource-namespace", "", "The namespace of the Secrets that ClusterIntegrations name. Defaults to the manager's own namespace; ClusterIntegrations are not served where it is not known, or where --watch-namespaces is set and this flag is not.")
	flag.StringVar(&o.pprofAddress, "pprof-bind-address", "0", "The address that serves /debug/pprof, for profiles of the manager. Use one on the loopback interface. Defaults to 0, which disables it.")
	o.logging.BindFlags(flag.CommandLine)
	flag.Parse()
	o.arguments = flag.Args()
	return o
}

func main() {
	o := parseFlags()
	if o.showVersion {
		fmt.Println(programName, version)
		return
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&o.logging)))
	tuneGarbageCollector()
	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "the manager stopped with an error")
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if len(o.arguments) > 0 {
		// The flags after it have not been read: those after the value in "--leader-elect true",
		// for example.
		return fmt.Errorf("unexpected argument %q: write flags as --name=value", o.arguments[0])
	}
	if o.maxConcurrentReconciles < 1 {
		return fmt.Errorf("--max-concurrent-reconciles is %d: it must be at least 1", o.maxConcurrentReconciles)
	}
	watched, err := shard.Parse(o.watchLabelSelector)
	if err != nil {
		return fmt.Errorf("reading --watch-label-selector: %w", err)
	}
	ctrl.Log.Info("starting the Synqly Ticketing Operator", "version", version, "watchLabelSelector", watched.String())
	mgr, err := newManager(o, watched)
	if err != nil {
		return fmt.Errorf("setting up the manager: %w", err)
	}
	if err := setupControllers(ctx, mgr, o, watched); err != nil {
		return fmt.Errorf("setting up the controllers: %w", err)
	}
	if err := setupAlerts(mgr, o, watched); err != nil {
		return fmt.Errorf("setting up the endpoint for alerts: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	if err := addReadiness(mgr); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newManager(o options, watched shard.Shard) (ctrl.Manager, error) {
	kubeconfig, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	kubeconfig.UserAgent = programName + "/" + version
	metrics, err := metricsOptions(o)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme)) // All of Kubernetes takes some MiB.
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	var informers lister.Informers
	mgr, err := ctrl.NewManager(kubeconfig, ctrl.Options{
		Scheme:                        scheme,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              watched.LeaseName(programName),
		LeaderElectionNamespace:       o.leaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
		HealthProbeBindAddress:        o.probeAddress,
		PprofBindAddress:              o.pprofAddress,
		GracefulShutdownTimeout:       ptr.To(shutdownTimeout),
		Metrics:                       metrics,
		Controller:                    config.Controller{MaxConcurrentReconciles: o.maxConcurrentReconciles},
		Cache: cache.Options{
			DefaultNamespaces: namespaces(o.watchNamespaces),
			DefaultTransform:  controller.Cached,
			NewInformer:       informers.NewInformer,
			ByObject:          watched.Cache(scheme, v1alpha1.GroupVersion),
		},
		NewClient: informers.NewClient,
		Client: client.Options{Cache: &client.CacheOptions{
			// Secrets and namespaces may only be got, so they cannot be cached.
			DisableFor: []client.Object{&corev1.Secret{}, &corev1.Namespace{}},
			// A reconcile must see what the one before has written, or it would send the same
			// request again.
			EnableReadYourWritesConsistency: ptr.To(true),
		}},
	})
	if err != nil && o.leaderElect && o.leaderElectionNamespace == "" {
		return nil, fmt.Errorf("%w (outside a cluster, --leader-elect needs --leader-election-namespace)", err)
	}
	return mgr, err
}

func setupControllers(ctx context.Context, mgr ctrl.Manager, o options, watched shard.Shard) error {
	destinations, err := synqly.ParseDestinations(separated(o.allowedAPICIDRs), separated(o.allowedAPIHosts))
	if err != nil {
		return fmt.Errorf("reading --allowed-api-cidrs and --allowed-api-hosts: %w", err)
	}
	installation, err := controller.Installation(ctx, mgr.GetAPIReader())
	if err != nil {
		return err
	}
	if err := controller.IndexFields(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing the cache: %w", err)
	}
	connections := connection.New(connection.Options{
		Secrets:           mgr.GetAPIReader(),
		ClusterNamespace:  clusterResourceNamespace(o),
		AllowInsecureHTTP: o.allowInsecureHTTP,
		Transport:         synqly.NewTransport(destinations),
		UserAgent:         programName + "/" + version,
	})
	if err := registerMetrics(mgr, connections); err != nil {
		return err
	}
	return controller.Setup(mgr, controller.Options{
		Options: remote.Options{
			Client:              mgr.GetClient(),
			APIReader:           mgr.GetAPIReader(),
			Namespaces:          mgr.GetCache(),
			Connections:         connections,
			Recorder:            mgr.GetEventRecorder(programName),
			Installation:        installation,
			FormerInstallations: separated(o.formerInstallations),
			Shard:               watched,
		},
		AlertEndpointDisabled: alertsDisabled(o),
	})
}

// ownNamespaceFile names, in a Pod, the namespace of its service account.
const ownNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// clusterResourceNamespace is the namespace of the Secrets of ClusterIntegrations; empty where
// these are not served. A manager for some namespaces need not have the right to read what belongs
// to none, so it serves them only when it is told to.
func clusterResourceNamespace(o options) string {
	if o.clusterNamespace != "" || o.watchNamespaces != "" {
		return o.clusterNamespace
	}
	own, err := os.ReadFile(ownNamespaceFile)
	if err != nil {
		ctrl.Log.Info("ClusterIntegrations are not served: outside of a cluster, they need --cluster-resource-namespace")
		return ""
	}
	return strings.TrimSpace(string(own))
}

// alertsDisabled says whether the endpoint for alerts is not to be served.
func alertsDisabled(o options) bool { return o.alertsAddress == "0" }

// setupAlerts adds the endpoint for alerts, unless it is disabled.
func setupAlerts(mgr ctrl.Manager, o options, watched shard.Shard) error {
	if alertsDisabled(o) {
		return nil
	}
	endpoint, err := alerts.New(alerts.Options{
		Address:   o.alertsAddress,
		CertFile:  o.alertsCertFile,
		KeyFile:   o.alertsKeyFile,
		Client:    mgr.GetClient(),
		APIReader: mgr.GetAPIReader(),
		Informers: mgr.GetCache(),
		Shard:     watched,
	})
	if err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("alerts", endpoint.Ready); err != nil {
		return err
	}
	return mgr.Add(endpoint)
}

// namespaces is the cache's setting for a list of namespaces; nil for all of them.
func namespaces(list string) map[string]cache.Config {
	names := separated(list)
	if len(names) == 0 {
		return nil
	}
	configured := map[string]cache.Config{}
	for _, namespace := range names {
		configured[namespace] = cache.Config{}
	}
	return configured
}

// separated are the parts of a flag that takes several values.
func separated(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
