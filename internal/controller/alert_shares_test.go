// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/alertreceiver"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
)

// holdingClient is a client whose reads of Incidents and AlertReceivers of a namespace do not end
// before their context does.
type holdingClient struct {
	client.Client
	namespace string
	// incidents and receivers are how many of them are held now.
	incidents, receivers atomic.Int32
}

func (h *holdingClient) Get(ctx context.Context, name client.ObjectKey, object client.Object, options ...client.GetOption) error {
	held := &h.incidents
	switch object.(type) {
	case *v1alpha1.AlertReceiver:
		held = &h.receivers
	case *v1alpha1.Incident:
	default:
		return h.Client.Get(ctx, name, object, options...)
	}
	if name.Namespace != h.namespace {
		return h.Client.Get(ctx, name, object, options...)
	}
	held.Add(1)
	defer held.Add(-1)
	<-ctx.Done()
	return ctx.Err()
}

var _ = Describe("A namespace in a storm of alerts", func() {
	It("holds no more than its share of the workers", func() {
		const workers, share = 8, 2
		stormy, calm := &alerting{world: newWorld()}, &alerting{world: newWorld()}
		for i := range workers {
			receiver := &v1alpha1.AlertReceiver{ObjectMeta: stormy.named(fmt.Sprint("storm-", i)), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alerts-token"}}}
			incident := stormy.newIncident(fmt.Sprint("storm-", i, "-1f0c"), "a")
			incident.Spec.ReceiverRef.Name = receiver.Name
			stormy.create(receiver, incident)
		}
		reads := startAlertControllers(workers, stormy.namespace, calm.namespace)
		Eventually(func() []int32 { return []int32{reads.incidents.Load(), reads.receivers.Load()} }).
			WithTimeout(time.Minute).Should(Equal([]int32{share, share}))

		receiver := &v1alpha1.AlertReceiver{ObjectMeta: calm.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alerts-token"}}}
		alerts := calm.newIncident("platform-1f0c", "a")
		calm.create(&corev1.Secret{ObjectMeta: calm.named("alerts-token"), StringData: map[string]string{"token": "alerts"}}, receiver, alerts)
		Eventually(func(g Gomega) {
			g.Expect(testCluster.GetAPIReader().Get(suiteCtx, client.ObjectKeyFromObject(alerts), alerts)).To(Succeed())
			g.Expect(testCluster.GetAPIReader().Get(suiteCtx, client.ObjectKeyFromObject(receiver), receiver)).To(Succeed())
			g.Expect(alerts.Status.Phase).To(Equal(v1alpha1.IncidentFiring))
			g.Expect(receiver.Status.Conditions).To(ContainElement(And(HaveField("Type", "Ready"), HaveField("Status", metav1.ConditionTrue))))
		}).WithTimeout(time.Minute).Should(Succeed())
		Expect([]int32{reads.incidents.Load(), reads.receivers.Load()}).To(Equal([]int32{share, share}))
	})
})

// startAlertControllers runs the controllers of Incidents and AlertReceivers for two namespaces, of
// which the reads of the first are held.
func startAlertControllers(workers int, held, other string) *holdingClient {
	GinkgoHelper()
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme: testCluster.GetScheme(), Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{held: {}, other: {}}},
		// A test can run more than once in a process.
		Controller: config.Controller{MaxConcurrentReconciles: workers, SkipNameValidation: ptr.To(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(controller.IndexFields(suiteCtx, mgr.GetFieldIndexer())).To(Succeed())
	reads := &holdingClient{Client: mgr.GetClient(), namespace: held}
	Expect(alertreceiver.Setup(mgr, alertreceiver.Options{Client: reads, Secrets: mgr.GetAPIReader(), Recorder: events.NewFakeRecorder(1000)})).To(Succeed())
	Expect(incident.Setup(mgr, incident.Options{Client: reads, Recorder: events.NewFakeRecorder(1000)})).To(Succeed())
	ctx, end := context.WithCancel(suiteCtx)
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	DeferCleanup(func() {
		end()
		Eventually(ended).WithTimeout(time.Minute).Should(Receive(Succeed()))
	})
	return reads
}
