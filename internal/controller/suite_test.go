// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/alertreceiver"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
	"github.com/synqly/ticketing-operator/internal/controller/integration"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/query"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/states"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// canaryToken is the token of every test. It must not appear in anything that a person can read.
const canaryToken = "canary-token-3f9a"

var (
	testEnv     *envtest.Environment
	testCluster cluster.Cluster
	restConfig  *rest.Config
	suiteCtx    context.Context
	endSuite    context.CancelFunc
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Controllers against a real API server and the simulator")
}

var _ = BeforeSuite(func() {
	Expect(os.Getenv("KUBEBUILDER_ASSETS")).NotTo(BeEmpty(), "KUBEBUILDER_ASSETS is not set: run the tests with make test")
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	suiteCtx, endSuite = context.WithCancel(context.Background())
	testEnv = &envtest.Environment{CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	var err error
	restConfig, err = testEnv.Start()
	Expect(err).NotTo(HaveOccurred())
	restConfig.QPS = -1

	var informers lister.Informers
	testCluster, err = cluster.New(restConfig, func(o *cluster.Options) {
		o.Cache.NewInformer, o.NewClient = informers.NewInformer, informers.NewClient
		o.Scheme = runtime.NewScheme()
		Expect(clientgoscheme.AddToScheme(o.Scheme)).To(Succeed())
		Expect(v1alpha1.AddToScheme(o.Scheme)).To(Succeed())
		o.Client.Cache = &client.CacheOptions{
			DisableFor:                      []client.Object{&corev1.Secret{}, &corev1.Namespace{}},
			EnableReadYourWritesConsistency: ptr.To(true),
		}
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(controller.IndexFields(suiteCtx, testCluster.GetFieldIndexer())).To(Succeed())
	go func() {
		defer GinkgoRecover()
		Expect(testCluster.Start(suiteCtx)).To(Succeed())
	}()
	Expect(testCluster.GetCache().WaitForCacheSync(suiteCtx)).To(BeTrue())
})

var _ = AfterSuite(func() {
	if endSuite != nil {
		endSuite()
	}
	if testEnv != nil {
		Expect(testEnv.Stop()).To(Succeed())
	}
})

// world is a namespace with a simulator of its own and reconcilers that a test calls one step at a
// time.
type world struct {
	ctx       context.Context
	namespace string
	simulator *simulator.Server
	server    *httptest.Server
	clock     *clocktesting.FakeClock
	writes    *writes
	recorder  *events.FakeRecorder
	options   remote.Options

	integrations *integration.Reconciler
	observations *remote.Observations[synqly.Ticket]
	reconcilers  map[string]reconcile.Reconciler
}

// newWorld starts a simulator and makes an Integration named default that is Ready.
func newWorld() *world {
	w := newWorldWithoutIntegration()
	w.create(w.secret(canaryToken), w.integration())
	w.reconcileIntegration()
	w.simulator.ForgetRequests()
	return w
}

func newWorldWithoutIntegration() *world {
	// The reconcilers start before their objects are created, to the second that Kubernetes keeps.
	w := &world{ctx: suiteCtx, clock: clocktesting.NewFakeClock(time.Now().Add(-2 * time.Second).Truncate(time.Second)), recorder: events.NewFakeRecorder(1000)}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "world-"}}
	Expect(testCluster.GetClient().Create(w.ctx, namespace)).To(Succeed())
	w.namespace = namespace.Name

	w.simulator = simulator.New(simulator.Options{Token: canaryToken, Now: w.clock.Now})
	w.server = httptest.NewServer(w.simulator)
	DeferCleanup(func() {
		w.server.CloseClientConnections()
		w.simulator.Close()
		w.server.Close()
	})
	w.writes = &writes{}
	w.start()
	return w
}

// start makes new reconcilers, as a process that has just started has them.
func (w *world) start() {
	w.startWith(remote.Options{
		Client: w.writes.client(), APIReader: testCluster.GetAPIReader(), Recorder: w.recorder, Clock: w.clock, Installation: "test-installation",
	})
}

// startWith starts with other options.
func (w *world) startWith(options remote.Options) {
	GinkgoHelper()
	options.Connections = connection.New(connection.Options{ClusterNamespace: w.namespace, Secrets: testCluster.GetAPIReader(), Clock: w.clock, AllowInsecureHTTP: true, Transport: &http.Transport{}})
	options.Namespaces = testCluster.GetAPIReader()
	w.options = options
	w.integrations = integration.NewReconciler(w.options, controller.RemoteKinds)
	templates := alertreceiver.NewTemplateErrors()
	w.reconcilers = map[string]reconcile.Reconciler{
		"*v1alpha1.Integration":        w.integrations,
		"*v1alpha1.ClusterIntegration": w.integrations,
		"*v1alpha1.AlertReceiver": alertreceiver.NewReconciler(alertreceiver.Options{
			Client: options.Client, Secrets: options.APIReader, Namespaces: options.Namespaces, Recorder: options.Recorder, Clock: options.Clock, Templates: templates,
			ServesClusterIntegrations: true,
		}),
		"*v1alpha1.TicketQuery": query.NewReconciler(query.Options{
			Client: options.Client, Connections: options.Connections, Recorder: options.Recorder, Clock: options.Clock,
		}),
		"*v1alpha1.Incident": incident.NewReconciler(incident.Options{
			Client: options.Client, Recorder: options.Recorder, Clock: options.Clock, Templates: templates,
		}),
	}
	for _, kind := range controller.RemoteKinds {
		reconciler, err := kind.NewReconciler(w.options)
		Expect(err).NotTo(HaveOccurred())
		w.reconcilers[fmt.Sprintf("%T", kind.New())] = reconciler
		if tickets, isTicket := reconciler.(interface {
			Observations() *remote.Observations[synqly.Ticket]
		}); isTicket {
			w.observations = tickets.Observations()
		}
	}
}

func (w *world) secret(token string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: w.named("synqly-token"), StringData: map[string]string{"token": token}}
}

func (w *world) integration() *v1alpha1.Integration {
	return &v1alpha1.Integration{ObjectMeta: w.named("default"), Spec: v1alpha1.IntegrationSpec{
		BaseURL: w.server.URL, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "synqly-token"},
		RateLimit: &v1alpha1.RateLimit{RequestsPerSecond: 10000, Burst: 10000},
	}}
}

func (w *world) ticket(name string, change ...func(*v1alpha1.TicketSpec)) *v1alpha1.Ticket {
	ticket := &v1alpha1.Ticket{ObjectMeta: w.named(name), Spec: v1alpha1.TicketSpec{Summary: "p99 above 2s"}}
	for _, c := range change {
		c(&ticket.Spec)
	}
	return ticket
}

func (w *world) comment(name, ticket string) *v1alpha1.TicketComment {
	return &v1alpha1.TicketComment{ObjectMeta: w.named(name), Spec: v1alpha1.TicketCommentSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: ticket}}, Content: "Mitigation started.",
	}}
}

func (w *world) note(name, ticket string) *v1alpha1.TicketNote {
	return &v1alpha1.TicketNote{ObjectMeta: w.named(name), Spec: v1alpha1.TicketNoteSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: ticket}}, Title: "Handover", Content: "The pool is **full**.",
	}}
}

func (w *world) attachment(name, ticket string) *v1alpha1.TicketAttachment {
	return &v1alpha1.TicketAttachment{ObjectMeta: w.named(name), Spec: v1alpha1.TicketAttachmentSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: ticket}}, FileName: "heap.txt", Content: "goroutine 1 [running]:",
	}}
}

func (w *world) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.namespace, Name: name}
}

func (w *world) create(objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(testCluster.GetClient().Create(w.ctx, object)).To(Succeed())
	}
}

// refresh reads the object as it is now.
func (w *world) refresh(object client.Object) {
	GinkgoHelper()
	Expect(testCluster.GetClient().Get(w.ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
}

// edit changes the object as a user does.
func edit[O client.Object](w *world, object O, change func(O)) {
	GinkgoHelper()
	w.refresh(object)
	change(object)
	Expect(testCluster.GetClient().Update(w.ctx, object)).To(Succeed())
}

func annotate(w *world, object client.Object, key, value string) {
	GinkgoHelper()
	edit(w, object, func(o client.Object) {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = value
		o.SetAnnotations(annotations)
	})
}

func (w *world) delete(object client.Object) {
	GinkgoHelper()
	Expect(testCluster.GetClient().Delete(w.ctx, object)).To(Succeed())
}

// reconcile calls the reconciler of the object's kind once and reads the object, which must still
// exist.
func (w *world) reconcile(object client.Object) ctrl.Result {
	GinkgoHelper()
	result := w.reconcileAway(object)
	w.refresh(object)
	return result
}

// reconcileAway calls the reconciler once for an object that may be gone afterwards.
func (w *world) reconcileAway(object client.Object) ctrl.Result {
	GinkgoHelper()
	result, err := w.tryReconcile(object)
	Expect(err).NotTo(HaveOccurred())
	return result
}

// reconcileUntilGone reconciles an object whenever it asks for that, until it is gone.
func (w *world) reconcileUntilGone(object client.Object) {
	GinkgoHelper()
	for began := w.clock.Now(); w.exists(object); {
		Expect(w.clock.Since(began)).To(BeNumerically("<", time.Hour))
		w.clock.Step(max(w.reconcileAway(object).RequeueAfter, time.Second))
	}
}

func (w *world) tryReconcile(object client.Object) (ctrl.Result, error) {
	return w.reconcilers[fmt.Sprintf("%T", object)].Reconcile(w.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
}

func (w *world) reconcileIntegration() *v1alpha1.Integration {
	GinkgoHelper()
	integration := &v1alpha1.Integration{ObjectMeta: w.named("default")}
	w.reconcile(integration)
	return integration
}

// removeIntegration takes the Integration away although it is in use.
func (w *world) removeIntegration() {
	GinkgoHelper()
	integration := &v1alpha1.Integration{ObjectMeta: w.named("default")}
	w.delete(integration)
	edit(w, integration, func(i *v1alpha1.Integration) { i.Finalizers = nil })
	w.expectGone(integration)
	w.reconcileAway(integration)
}

// created makes a Ticket with its remote ticket and forgets the requests.
func (w *world) created(ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
	GinkgoHelper()
	w.create(ticket)
	w.reconcile(ticket)
	expectReady(ticket)
	w.simulator.ForgetRequests()
	return ticket
}

// sent are the requests since they were last forgotten, as "Operation status".
func (w *world) sent() []string {
	var sent []string
	for _, request := range w.simulator.Requests() {
		sent = append(sent, fmt.Sprintf("%s %d", request.Operation, request.Status))
	}
	return sent
}

// patches are the JSON Patches sent since requests were last forgotten.
func (w *world) patches() []string {
	GinkgoHelper()
	var patches []string
	for _, request := range w.simulator.Requests() {
		if request.Method == http.MethodPatch {
			patches = append(patches, string(request.Body))
		}
	}
	return patches
}

// expectGone asks the API server itself, because the cache learns of deletions late.
func (w *world) expectGone(object client.Object) {
	GinkgoHelper()
	err := testCluster.GetAPIReader().Get(w.ctx, client.ObjectKeyFromObject(object), object)
	Expect(client.IgnoreNotFound(err)).NotTo(HaveOccurred())
	Expect(err).To(HaveOccurred(), "the object should be gone")
}

// groupTag is the tag of everything that is created through the Integration.
func (w *world) groupTag() string {
	return "k8s-" + remote.GroupKey(w.options.Installation, types.NamespacedName{Namespace: w.namespace, Name: "default"})
}

// editRemote changes a remote ticket as a person does, a second after all that was before.
func (w *world) editRemote(id string, change func(*simulator.Ticket)) {
	GinkgoHelper()
	w.clock.Step(time.Second)
	Expect(w.simulator.EditTicket(id, change)).To(BeTrue())
}

// listed is the remote ticket as a list shows it now.
func (w *world) listed(ticket *v1alpha1.Ticket) *synqly.Ticket {
	GinkgoHelper()
	shown, exists := w.simulator.Ticket(ticket.Status.ID)
	Expect(exists).To(BeTrue())
	encoded, err := json.Marshal(shown)
	Expect(err).NotTo(HaveOccurred())
	var listed synqly.Ticket
	Expect(json.Unmarshal(encoded, &listed)).To(Succeed())
	encoded, err = json.Marshal(w.simulator.Attachments(ticket.Status.ID))
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(encoded, &listed.Attachments)).To(Succeed())
	return &listed
}

// report reports what a list has shown of the remote ticket.
func (w *world) report(ticket *v1alpha1.Ticket, listed *synqly.Ticket) {
	w.observations.Report(remote.Observation[synqly.Ticket]{
		Object: client.ObjectKeyFromObject(ticket), UID: ticket.UID, ID: ticket.Status.ID, Remote: listed,
	})
}

// seen reports the remote ticket as it is now, as a poll does that lists it.
func (w *world) seen(ticket *v1alpha1.Ticket) {
	GinkgoHelper()
	w.report(ticket, w.listed(ticket))
}

// unrecorded reports whether an observation of the object waits to be written down.
func (w *world) unrecorded(ticket *v1alpha1.Ticket) bool {
	return w.observations.Open(client.ObjectKeyFromObject(ticket)) != nil
}

// missed reports that the remote ticket is not where it should be.
func (w *world) missed(ticket *v1alpha1.Ticket) {
	w.observations.Report(remote.Observation[synqly.Ticket]{
		Object: client.ObjectKeyFromObject(ticket), UID: ticket.UID, ID: ticket.Status.ID,
	})
}

// closedByAPerson gives a remote ticket the status with which people end it.
func (w *world) closedByAPerson(ticket *v1alpha1.Ticket) {
	GinkgoHelper()
	w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Done" })
}

// useUpBudget leaves the Integration one request a second, and takes the first.
func (w *world) useUpBudget() {
	GinkgoHelper()
	open := w.options.Connections.Last(types.NamespacedName{Namespace: w.namespace, Name: "default"})
	Expect(open).NotTo(BeNil())
	open.SetRate(1, 1)
	_, err := open.Reserve(w.ctx)
	Expect(err).NotTo(HaveOccurred())
}

// refuseWrites makes the API server refuse the n-th write of the controllers from now on, and all
// that follow.
func (w *world) refuseWrites(n int) {
	writes := 0
	w.writes.before = func(client.Object) error {
		if writes++; writes >= n {
			return errUnavailable
		}
		return nil
	}
}

// restart is what follows a crash: another process, and an API server that answers.
func (w *world) restart() {
	GinkgoHelper()
	w.writes.before = nil
	w.start()
}

// about are those of the Events so far that have the reason.
func (w *world) about(reason string) []string {
	GinkgoHelper()
	var about []string
	for _, event := range w.news() {
		if strings.Contains(event, " "+reason+" ") {
			about = append(about, event)
		}
	}
	return about
}

func (w *world) exists(object client.Object) bool {
	GinkgoHelper()
	err := testCluster.GetAPIReader().Get(w.ctx, client.ObjectKeyFromObject(object), object)
	Expect(client.IgnoreNotFound(err)).NotTo(HaveOccurred())
	return err == nil
}

func (w *world) expectInSync(object client.Object) {
	GinkgoHelper()
	before := object.GetResourceVersion()
	w.simulator.ForgetRequests()
	written := w.writes.count.Load()
	for range 20 {
		w.reconcile(object)
	}
	Expect(w.sent()).To(BeEmpty(), "an object in sync sends nothing")
	Expect(w.writes.count.Load()).To(Equal(written), "an object in sync writes nothing")
	Expect(object.GetResourceVersion()).To(Equal(before))
}

func condition(object client.Object, kind string) *metav1.Condition {
	switch o := object.(type) {
	case remote.Object:
		return meta.FindStatusCondition(o.RemoteStatus().Conditions, kind)
	case connection.Integration:
		return meta.FindStatusCondition(o.ConnectionStatus().Conditions, kind)
	case *v1alpha1.AlertReceiver:
		return meta.FindStatusCondition(o.Status.Conditions, kind)
	case *v1alpha1.TicketQuery:
		return meta.FindStatusCondition(o.Status.Conditions, kind)
	case *v1alpha1.Incident:
		return meta.FindStatusCondition(o.Status.Conditions, kind)
	}
	return nil
}

func expectReady(object client.Object) {
	GinkgoHelper()
	ready := condition(object, "Ready")
	Expect(ready).NotTo(BeNil(), "there is no Ready condition")
	Expect(ready.Status).To(Equal(metav1.ConditionTrue), "%s: %s", ready.Reason, ready.Message)
	Expect(condition(object, "Stalled")).To(BeNil())
	Expect(ready.ObservedGeneration).To(Equal(object.GetGeneration()))
}

// expectNotReady checks the reason and that the message says what it should.
func expectNotReady(object client.Object, reason string, messageParts ...string) {
	GinkgoHelper()
	ready := condition(object, "Ready")
	Expect(ready).NotTo(BeNil(), "there is no Ready condition")
	Expect(ready.Status).To(Equal(metav1.ConditionFalse))
	Expect(ready.Reason).To(Equal(reason), ready.Message)
	for _, part := range messageParts {
		Expect(ready.Message).To(ContainSubstring(part))
	}
	Expect(ready.Message).NotTo(ContainSubstring(canaryToken))
}

// expectCondition checks the status and the reason of a condition.
func expectCondition(object client.Object, kind string, status metav1.ConditionStatus, reason string) {
	GinkgoHelper()
	found := condition(object, kind)
	Expect(found).NotTo(BeNil(), "there is no condition "+kind)
	Expect([]string{string(found.Status), found.Reason}).To(Equal([]string{string(status), reason}), kind+": "+found.Message)
}

// news are the Events so far, each as "Type Reason note".
func (w *world) news() []string {
	var news []string
	for {
		select {
		case event := <-w.recorder.Events:
			Expect(event).NotTo(ContainSubstring(canaryToken))
			news = append(news, event)
		default:
			return news
		}
	}
}

// writes counts the writes of the controllers.
type writes struct {
	count atomic.Int64
	// before, when set, is called before each write with the object.
	before func(client.Object) error
}

// client is a client whose writes are counted, and whose lists are of what an index finds: a
// reconcile that reads all objects of a namespace takes the longer, the more there are. There are
// few Integrations and namespaces.
func (w *writes) client() client.Client {
	return interceptor.NewClient(notWatching{testCluster.GetClient()}, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			switch list.(type) {
			case *v1alpha1.IntegrationList, *v1alpha1.ClusterIntegrationList:
			default:
				if (&client.ListOptions{}).ApplyOptions(options).FieldSelector == nil {
					return fmt.Errorf("a reconcile lists without an index: %T", list)
				}
			}
			return c.List(ctx, list, options...)
		},
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.CreateOption) error {
			return w.counted(object, func() error { return c.Create(ctx, object, options...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			return w.counted(object, func() error { return c.Patch(ctx, object, patch, options...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.DeleteOption) error {
			return w.counted(object, func() error { return c.Delete(ctx, object, options...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, part string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			defer expectListedState(object)
			return w.counted(object, func() error { return c.SubResource(part).Patch(ctx, object, patch, options...) })
		},
	})
}

// expectListedState expects a status to be one that internal/states lists, with what kstatus and
// Argo CD make of it.
func expectListedState(object client.Object) {
	defer GinkgoRecover()
	Expect(states.Check(object)).To(Succeed())
}

// notWatching is a client as the interceptor asks for one: no reconciler watches with its client.
type notWatching struct{ client.Client }

func (notWatching) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return nil, errors.New("this client does not watch")
}

func (w *writes) counted(object client.Object, write func() error) error {
	if w.before != nil {
		if err := w.before(object); err != nil {
			return err
		}
	}
	w.count.Add(1)
	return write()
}

// operations decodes a JSON Patch into "op path value" lines.
func operations(patch string) []string {
	GinkgoHelper()
	var decoded []struct {
		Op, Path string
		Value    json.RawMessage
	}
	Expect(json.Unmarshal([]byte(patch), &decoded)).To(Succeed())
	var lines []string
	for _, o := range decoded {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Op, o.Path, o.Value)))
	}
	return lines
}
