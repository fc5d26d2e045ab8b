// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	"github.com/onsi/gomega/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("The flags", func() {
	It("are all accepted, and the probes and metrics answer", func(ctx SpecContext) {
		t := newTenant(ctx)
		pprof := freeAddress(ctx)
		// startManager gives --kubeconfig, --metrics-bind-address, --metrics-secure,
		// --health-probe-bind-address, --alerts-bind-address and --watch-namespaces.
		m := t.startManager(ctx,
			"--pprof-bind-address="+pprof, "--cluster-resource-namespace="+t.namespace,
			"--leader-elect", "--leader-election-namespace="+operatorNamespace, "--max-concurrent-reconciles=2", "--allow-insecure-http",
			"--former-installations=0b1d3c5e-0000-4000-8000-000000000000",
			"--zap-devel", "--zap-encoder=json", "--zap-log-level=debug", "--zap-stacktrace-level=error", "--zap-time-encoding=rfc3339")
		t.connect(ctx, t.integration())

		for _, path := range []string{"/healthz", "/readyz"} {
			status, body, err := get(ctx, "http://"+m.probes+path)
			Expect(err).NotTo(HaveOccurred())
			Expect(status).To(Equal(http.StatusOK), path)
			Expect(body).To(Equal("ok"), path)
		}
		Expect(m.metric(ctx, "synqly_requests_total")).To(BeNumerically(">", 0))
		status, body, err := get(ctx, "http://"+m.metrics+"/metrics")
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusOK))
		Expect(body).To(ContainSubstring(`synqly_requests_total{code="200",integration="default",namespace="` + t.namespace + `"`))

		Expect(body).To(ContainSubstring(`synqly_build_info{go_version="go1.`))
		Expect(body).To(ContainSubstring(`synqly_budget_requests_per_second{integration="default",namespace="` + t.namespace + `"}`))
		Expect(body).To(ContainSubstring("synqly_drifted_tickets 0"))

		status, body, err = get(ctx, "http://"+pprof+"/debug/pprof/cmdline")
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusOK))
		Expect(body).To(ContainSubstring("--pprof-bind-address"))

		status, _, err = get(ctx, "http://"+m.alerts+"/v1/alerts/monitoring/platform")
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusMethodNotAllowed), "alerts are posted")
	})

	DescribeTable("are not all: the garbage collector depends",
		func(ctx SpecContext, environment string, percent types.GomegaMatcher) {
			GinkgoT().Setenv("GOGC", environment)
			m := startManager(ctx)
			Eventually(m.metric).WithContext(ctx).WithArguments("go_gc_gogc_percent").Should(percent)
		},
		Entry("on how much is in use, which is little here", "", BeNumerically(">", 100)),
		Entry("or on the environment variable GOGC", "75", Equal(75.0)),
	)

	It("--version prints the version and ends", func(ctx SpecContext) {
		session := runManager(ctx, "--version")
		Eventually(session).WithTimeout(15 * time.Second).Should(gexec.Exit(0))
		Expect(session.Out).To(gbytes.Say(`^synqly-ticketing-operator \S+\n$`))
	})

	DescribeTable("that are wrong end the manager with a message",
		func(ctx SpecContext, exitCode int, message string, flags ...string) {
			session := runManager(ctx, append([]string{
				"--kubeconfig=" + operatorKubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0", "--alerts-bind-address=0",
			}, flags...)...)
			Eventually(session).WithTimeout(15 * time.Second).Should(gexec.Exit(exitCode))
			Expect(session.Err).To(gbytes.Say(message))
		},
		Entry("a flag that does not exist", 2, "flag provided but not defined: -no-such-flag", "--no-such-flag"),
		Entry("a value of the wrong type", 2, `invalid value "many" for flag -max-concurrent-reconciles`, "--max-concurrent-reconciles=many"),
		Entry("no workers", 1, "--max-concurrent-reconciles is 0: it must be at least 1", "--max-concurrent-reconciles=0"),
		Entry("an argument that is no flag", 1, `unexpected argument \\"true\\"`, "--leader-elect", "true", "--allow-insecure-http"),
		Entry("an address that cannot be listened on", 1, "99999: invalid port", "--health-probe-bind-address=127.0.0.1:99999"),
		Entry("a network that is none", 1, "--allowed-api-cidrs.*10.0.0.1.*is not a network in CIDR notation", "--allowed-api-cidrs=10.0.0.1"),
		Entry("a host that is none", 1, "--allowed-api-hosts.*is not a host name", "--allowed-api-hosts=https://example.com"),
		Entry("an address for alerts that cannot be listened on", 1, "99999: invalid port", "--alerts-bind-address=127.0.0.1:99999"),
		Entry("a certificate without its key", 1, "needs both the file of the certificate and that of its key", "--alerts-bind-address=127.0.0.1:0", "--alerts-tls-cert-file=tls.crt"),
		Entry("a certificate that does not exist", 1, "no-such-file", "--alerts-bind-address=127.0.0.1:0", "--alerts-tls-cert-file=no-such-file", "--alerts-tls-key-file=no-such-file"),
		Entry("a selector that is none", 1, "--watch-label-selector.*found 'b'", "--watch-label-selector=a in b"),
		Entry("a certificate for the metrics that does not exist", 1, "reading the certificate in --metrics-cert-path: .*no-such-folder", "--metrics-cert-path=no-such-folder"),
		Entry("a certificate for metrics in plain HTTP", 1, "--metrics-cert-path has no effect with --metrics-secure=false", "--metrics-secure=false", "--metrics-cert-path=no-such-folder"),
		Entry("a kubeconfig that does not exist", 1, "no-such-file", "--kubeconfig=no-such-file"),
		Entry("leader election outside of a cluster without a namespace", 1, "(?i)leader.?election.?namespace", "--leader-elect"),
	)

	It("of an API server that does not answer end the manager with a message that names it", func(ctx SpecContext) {
		config, err := clientcmd.LoadFromFile(operatorKubeconfig)
		Expect(err).NotTo(HaveOccurred())
		address := freeAddress(ctx)
		for _, cluster := range config.Clusters {
			cluster.Server = "https://" + address
		}
		kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
		Expect(clientcmd.WriteToFile(*config, kubeconfig)).To(Succeed())

		session := runManager(ctx, "--kubeconfig="+kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0", "--alerts-bind-address=0")

		Eventually(session).WithTimeout(15 * time.Second).Should(gexec.Exit(1))
		Expect(session.Err).To(gbytes.Say(address + ".*refused"))
	})

	It("--watch-namespaces confines the manager", func(ctx SpecContext) {
		watched, alsoWatched, other := newTenant(ctx), newTenant(ctx), newTenant(ctx)
		watched.startManager(ctx, "--watch-namespaces="+watched.namespace+","+alsoWatched.namespace)
		untouched := other.ticket("ticket")
		create[client.Object](ctx, other.secret(), other.integration(), untouched)
		for _, t := range []*tenant{watched, alsoWatched} {
			t.connect(ctx, t.integration())
			ticket := t.ticket("ticket")
			create(ctx, ticket)
			expectReady(ctx, ticket)
		}

		Consistently(readyCondition).WithContext(ctx).WithArguments(untouched).Should(BeZero())
		Expect(untouched.Finalizers).To(BeEmpty())
		Expect(untouched.Annotations).To(BeEmpty())
		Expect(other.remote.Requests()).To(BeEmpty())
	})

	It("without --allow-insecure-http keep the token from going out unencrypted, and the message says so", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx, "--allow-insecure-http=false")
		integration, ticket := t.integration(), t.ticket("ticket")
		create[client.Object](ctx, t.secret(), integration, ticket)

		Expect(expectReason(ctx, integration, v1alpha1.ReasonInvalidConfiguration)).To(ContainSubstring("--allow-insecure-http"))
		expectReason(ctx, ticket, v1alpha1.ReasonWaitingForIntegration)
		Expect(t.remote.Requests()).To(BeEmpty())
	})

	It("without --allowed-api-cidrs connect to public addresses alone, and the message says which flags help", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx, "--allowed-api-cidrs=")
		integration, ticket := t.integration(), t.ticket("ticket")
		create[client.Object](ctx, t.secret(), integration, ticket)

		Expect(expectReason(ctx, integration, v1alpha1.ReasonInvalidConfiguration)).To(And(
			ContainSubstring("127.0.0.1, which is a loopback address"), ContainSubstring("--allowed-api-cidrs"), ContainSubstring("--allowed-api-hosts")))
		expectReason(ctx, ticket, v1alpha1.ReasonWaitingForIntegration)
		Expect(t.remote.Requests()).To(BeEmpty())
	})

	It("with --alerts-bind-address=0 let no alert in, and AlertReceivers say so", func(ctx SpecContext) {
		t := newTenant(ctx)
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName}}}
		create(ctx, receiver)

		enabled := t.startManager(ctx)
		t.connect(ctx, t.integration())
		expectReady(ctx, receiver)
		enabled.stop()
		t.startManager(ctx, "--alerts-bind-address=0")
		Expect(expectReason(ctx, receiver, v1alpha1.ReasonEndpointDisabled)).To(ContainSubstring("--alerts-bind-address=0"))
	})

	It("with --allowed-api-hosts let an Integration name a host whatever address it has", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx, "--allowed-api-cidrs=", "--allowed-api-hosts=*.example.com,localhost")
		integration := t.integration()
		integration.Spec.BaseURL = strings.Replace(integration.Spec.BaseURL, "127.0.0.1", "localhost", 1)
		t.connect(ctx, integration)
	})

	It("without --allow-insecure-http, after a manager with it, make no error of what is the user's to mend", func(ctx SpecContext) {
		t := newTenant(ctx)
		integration := t.integration()
		before := t.startManager(ctx)
		t.connect(ctx, integration)
		before.stop()

		m := t.startManager(ctx, "--allow-insecure-http=false")
		Expect(expectReason(ctx, integration, v1alpha1.ReasonInvalidConfiguration)).To(ContainSubstring("--allow-insecure-http"))
		// An Event that the end of the manager cuts off is an error of client-go's.
		Eventually(t.eventReasons).WithContext(ctx).Should(ContainElement(v1alpha1.ReasonInvalidConfiguration))
		m.stop()
		Expect(m.log()).NotTo(Or(ContainSubstring("Reconciler error"), ContainSubstring("stacktrace")))
	})
})
