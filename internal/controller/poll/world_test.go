// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	canary       = "canary-7f3a91" // the token: no log may contain it
	installation = "installation-1"
	interval     = 5 * time.Minute
	// longestInterval is the interval with all of its jitter.
	longestInterval = interval + interval/10
)

var (
	start           = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	integrationName = types.NamespacedName{Namespace: "team-a", Name: "default"}
	secretName      = types.NamespacedName{Namespace: "team-a", Name: "synqly-token"}
	groupTag        = v1alpha1.CreateKeyTagPrefix + remote.GroupKey(installation, integrationName)
)

var _ Observations = &remote.Observations[synqly.Ticket]{}

// objectStore is an API server with the objects that a poller reads.
type objectStore struct {
	client.Reader // nil: nothing else may be called
	secret        *corev1.Secret
	integrations  map[types.NamespacedName]*v1alpha1.Integration
	tickets       []*v1alpha1.Ticket
	// ofAllNamespaces: lists show the tickets of all, as those for a ClusterIntegration do.
	ofAllNamespaces bool
}

func (s *objectStore) Get(_ context.Context, name types.NamespacedName, object client.Object, _ ...client.GetOption) error {
	switch into := object.(type) {
	case *corev1.Secret:
		if name == secretName && s.secret != nil {
			s.secret.DeepCopyInto(into)
			return nil
		}
	case *v1alpha1.Integration:
		if stored := s.integrations[name]; stored != nil {
			stored.DeepCopyInto(into)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", object)}, name.Name)
}

// List shows the stored objects themselves, as a cache does that is asked to.
func (s *objectStore) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	applied := (&client.ListOptions{}).ApplyOptions(options)
	if applied.UnsafeDisableDeepCopy == nil || !*applied.UnsafeDisableDeepCopy || !applied.DisableReadYourWritesConsistency {
		return fmt.Errorf("a list of all tickets must not be copied, nor wait for this process's writes")
	}
	into := list.(*v1alpha1.TicketList)
	into.Items = make([]v1alpha1.Ticket, 0, len(s.tickets))
	for _, ticket := range s.tickets {
		if s.ofAllNamespaces || ticket.Namespace == applied.Namespace {
			into.Items = append(into.Items, *ticket)
		}
	}
	return nil
}

// sighted is one observation that was reported.
type sighted struct {
	name, id, updatedAt string
	at                  time.Time
}

// sightingLog remembers what was reported, and what of it is open.
type sightingLog struct {
	clock    *clocktesting.FakeClock
	open     map[types.NamespacedName]*remote.Observation[synqly.Ticket]
	reported []sighted
}

func (l *sightingLog) Report(observation remote.Observation[synqly.Ticket]) {
	l.open[observation.Object] = &observation
	seen := sighted{name: observation.Object.Name, id: observation.ID, at: l.clock.Now()}
	if observation.Remote != nil {
		seen.updatedAt = observation.Remote.UpdatedAt.Raw
	}
	l.reported = append(l.reported, seen)
}

func (l *sightingLog) Open(object types.NamespacedName) *remote.Observation[synqly.Ticket] {
	return l.open[object]
}

// world is a Poller with everything around it, by one clock.
type world struct {
	*Poller
	t            testing.TB
	clock        *clocktesting.FakeClock
	remote       *simulator.Server
	store        *objectStore
	observations *sightingLog
	// remoteAhead is how far the remote's clock is ahead.
	remoteAhead time.Duration
	// idle: nobody takes the observations.
	idle bool
	// due is when the next reconcile is.
	due time.Time
	// costs are the requests of each reconcile that sent any.
	costs []int
	log   *strings.Builder
	lines int
	ctx   context.Context
	// transport sees all requests.
	transport *tap
}

// tap is a transport that sees every request.
type tap struct {
	http.RoundTripper
	clock  *clocktesting.FakeClock
	sentAt []time.Time
	// dateFrom, when set, is the clock in the header Date.
	dateFrom func() time.Time
}

func (t *tap) RoundTrip(request *http.Request) (*http.Response, error) {
	t.sentAt = append(t.sentAt, t.clock.Now())
	response, err := t.RoundTripper.RoundTrip(request)
	if err == nil && t.dateFrom != nil {
		response.Header.Set("Date", t.dateFrom().UTC().Format(http.TimeFormat))
	}
	return response, err
}

func newWorld(t testing.TB, behaviour simulator.Behaviour) *world {
	t.Helper()
	w := &world{
		t: t, clock: clocktesting.NewFakeClock(start), log: &strings.Builder{},
		store: &objectStore{integrations: map[types.NamespacedName]*v1alpha1.Integration{}},
	}
	w.remote = simulator.New(simulator.Options{
		Token: canary, RequestLog: 100_000,
		Now: func() time.Time { return w.clock.Now().Add(w.remoteAhead) },
	})
	w.remote.SetBehaviour(behaviour)
	t.Cleanup(w.remote.Close)
	w.store.secret = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secretName.Namespace, Name: secretName.Name, ResourceVersion: "1"},
		Data:       map[string][]byte{"token": []byte(canary)},
	}
	w.observations = &sightingLog{clock: w.clock, open: map[types.NamespacedName]*remote.Observation[synqly.Ticket]{}}
	w.transport = &tap{RoundTripper: w.remote.Transport(), clock: w.clock}
	logger := funcr.New(func(_, line string) {
		w.lines++
		w.log.WriteString(line + "\n")
	}, funcr.Options{})
	w.ctx = log.IntoContext(context.Background(), logr.New(logger.GetSink()))
	t.Cleanup(func() {
		if strings.Contains(w.log.String(), canary) {
			t.Error("the log has the token")
		}
	})
	w.store.integrations[integrationName] = integration()
	w.restart()
	return w
}

// restart begins a new process: it knows nothing.
func (w *world) restart() {
	w.Poller = New(Options{
		Client: w.store, Clock: w.clock, Installation: installation, Observations: w.observations, Changed: changed,
		Connections: connection.New(connection.Options{Secrets: w.store, Clock: w.clock, Transport: w.transport}),
	})
	w.due = w.clock.Now()
}

func integration() *v1alpha1.Integration {
	return &v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: integrationName.Namespace, Name: integrationName.Name, UID: "uid-1", Generation: 1},
		Spec: v1alpha1.IntegrationSpec{
			BaseURL: "https://simulator.example.com", TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName.Name},
			// Nothing waits for the budget, which the tests of it do.
			RateLimit: &v1alpha1.RateLimit{RequestsPerSecond: 10_000, Burst: 10_000},
		},
		Status: v1alpha1.IntegrationStatus{Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 1,
		}}},
	}
}

func (w *world) integration() *v1alpha1.Integration { return w.store.integrations[integrationName] }

// changed is true for what has another, and no older, time of change.
func changed(ticket *v1alpha1.Ticket, shown *synqly.Ticket, _ connection.Integration, _ time.Time) bool {
	recorded := ticket.Status.Remote
	if recorded == nil || recorded.UpdatedAt == shown.UpdatedAt.Raw {
		return recorded == nil
	}
	before, err := time.Parse(time.RFC3339, recorded.UpdatedAt)
	return err != nil || !shown.UpdatedAt.Before(before)
}

// writeDown records what a remote ticket shows, as the reconcile of a Ticket does.
func writeDown(ticket *v1alpha1.Ticket, shown *synqly.Ticket) {
	ticket.Status.Remote = &v1alpha1.RemoteTicket{
		Project: shown.Project, Tags: slices.Clone(shown.Tags), UpdatedAt: shown.UpdatedAt.Raw, Status: shown.Status,
	}
}

func recordSimulated(ticket *v1alpha1.Ticket, shown simulator.Ticket) {
	ticket.Status.Remote = &v1alpha1.RemoteTicket{
		Project: shown.Project, Tags: slices.Clone(shown.Tags), UpdatedAt: shown.UpdatedAt.Format(time.RFC3339Nano), Status: shown.Status,
	}
}

// add makes a remote ticket that has existed for a while, and a Ticket in sync with it.
func (w *world) add(ticket simulator.Ticket) *v1alpha1.Ticket {
	w.t.Helper()
	added := w.remote.AddTicket(ticket)
	return w.standFor(added.ID)
}

// standFor makes a Ticket that stands for a remote ticket and is in sync with it.
func (w *world) standFor(id string) *v1alpha1.Ticket {
	w.t.Helper()
	shown, exists := w.remote.Ticket(id)
	if !exists {
		w.t.Fatalf("there is no remote ticket %s", id)
	}
	name := "ticket-" + strconv.Itoa(len(w.store.tickets))
	object := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{
		Namespace: integrationName.Namespace, Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(start.Add(-time.Hour)),
	}}
	object.Status.ID, object.Status.Integration = id, integrationName.Name
	recordSimulated(object, shown)
	w.store.tickets = append(w.store.tickets, object)
	return object
}

// ours is a ticket that was created through the Integration, and last changed so long before the
// start.
func ours(age time.Duration) simulator.Ticket {
	ticket := others(age)
	ticket.Tags = []string{"team:checkout", groupTag}
	return ticket
}

// others is a ticket that somebody else created.
func others(age time.Duration) simulator.Ticket {
	return simulator.Ticket{Name: "n", Summary: "s", CreatedAt: start.Add(-age - time.Hour), UpdatedAt: start.Add(-age)}
}

// fill makes tickets of ours, and among them three of others for every ten.
func (w *world) fill(count int) {
	w.t.Helper()
	for i, made := 0, 0; made < count; i++ {
		age := time.Hour + time.Duration(i)*time.Minute
		if i%13%4 == 3 {
			w.remote.AddTicket(others(age))
			continue
		}
		w.add(ours(age))
		made++
	}
}

// edit changes a remote ticket as a person does.
func (w *world) edit(id string) {
	w.t.Helper()
	if !w.remote.EditTicket(id, func(ticket *simulator.Ticket) { ticket.Summary += "." }) {
		w.t.Fatalf("there is no remote ticket %s", id)
	}
}

// reconcile runs the poller once, and then the reconciles of the Tickets that it woke.
func (w *world) reconcile() ctrl.Result {
	w.t.Helper()
	before := len(w.transport.sentAt)
	result, err := w.Reconcile(w.ctx, ctrl.Request{NamespacedName: integrationName})
	if err != nil {
		w.t.Fatal(err)
	}
	if sent := len(w.transport.sentAt) - before; sent > 0 {
		w.costs = append(w.costs, sent)
	}
	w.due = w.clock.Now().Add(result.RequeueAfter)
	if result.RequeueAfter == 0 {
		w.due = w.clock.Now().Add(1000 * time.Hour)
	}
	if !w.idle {
		w.serve()
	}
	return result
}

// serve plays the reconciles of Tickets: they write down what was sighted.
func (w *world) serve() {
	for _, ticket := range w.store.tickets {
		observation := w.observations.open[client.ObjectKeyFromObject(ticket)]
		if observation == nil {
			continue
		}
		delete(w.observations.open, observation.Object)
		if observation.Remote != nil {
			writeDown(ticket, observation.Remote)
			continue
		}
		if shown, exists := w.remote.Ticket(ticket.Status.ID); exists {
			recordSimulated(ticket, shown)
			continue
		}
		meta.SetStatusCondition(&ticket.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRemoteMissing,
		})
	}
}

// pass lets time go by, with every reconcile that becomes due.
func (w *world) pass(span time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(span)
	for !w.due.After(end) {
		if w.due.After(w.clock.Now()) {
			w.clock.SetTime(w.due)
		}
		w.reconcile()
	}
	w.clock.SetTime(end)
}

// settle runs the first poll, and forgets what it cost and found.
func (w *world) settle() {
	w.t.Helper()
	w.pass(longestFirstDelay)
	w.costs, w.observations.reported = nil, nil
}

// timesReported counts the reports by remote ID.
func (w *world) timesReported() map[string]int {
	counts := map[string]int{}
	for _, seen := range w.observations.reported {
		counts[seen.id]++
	}
	return counts
}

// once says that each of the IDs is reported one time, and nothing else is.
func once(ids ...string) map[string]int {
	counts := map[string]int{}
	for _, id := range ids {
		counts[id] = 1
	}
	return counts
}

func (w *world) state() *state { return w.states[integrationName] }

func (w *world) stateOfScope(in scope) *scopeState {
	w.t.Helper()
	found := w.state().scopes[in]
	if found == nil {
		w.t.Fatalf("%v is not scanned, but %v", in, slices.Collect(maps.Keys(w.state().scopes)))
	}
	return found
}

func (w *world) polling() v1alpha1.PollingStatus {
	w.t.Helper()
	status := w.Connections.Last(integrationName).Polling()
	if status == nil {
		w.t.Fatal("nothing is shown of the polling")
	}
	return *status
}

// refusal is an answer of the API that is not a success.
func refusal(request *http.Request, status int) *http.Response {
	body := fmt.Sprintf(`{"message": "no", "status": %d}`, status)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: request}
}
