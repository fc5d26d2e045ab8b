// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	namespace       = "team"
	secretName      = "synqly-token"
	integrationName = "default"
	installation    = "installation-1"
	// canary begins every token. It must not appear in anything that a person can read.
	canary       = "canary-token"
	firstToken   = canary + "-first"
	rotatedToken = canary + "-rotated"

	botCreator = "bot@example.com"
	person     = "dana@example.com"
)

var scheme = newScheme()

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}

// reference names an object of the namespace.
type reference struct{ kind, name string }

func (r reference) String() string { return r.kind + "/" + r.name }

func (r reference) key() types.NamespacedName {
	if r.kind == theClusterIntegration.kind {
		return types.NamespacedName{Name: r.name}
	}
	return types.NamespacedName{Namespace: namespace, Name: r.name}
}

// kindNamed is a kind of remote object, or nil for another name.
func kindNamed(name string) *remote.Kind {
	for i := range controller.RemoteKinds {
		if controller.RemoteKinds[i].Name == name {
			return &controller.RemoteKinds[i]
		}
	}
	return nil
}

// referenceTo names an object by its Go type, which has the kind's name.
func referenceTo(object client.Object) reference {
	return reference{reflect.TypeOf(object).Elem().Name(), object.GetName()}
}

func (r reference) empty() client.Object {
	switch r.kind {
	case "Integration":
		return &v1alpha1.Integration{}
	case "ClusterIntegration":
		return &v1alpha1.ClusterIntegration{}
	case "AlertReceiver":
		return &v1alpha1.AlertReceiver{}
	case "Incident":
		return &v1alpha1.Incident{}
	}
	if kind := kindNamed(r.kind); kind != nil {
		return kind.New()
	}
	return nil
}

// appointment is something that a person does at a time.
type appointment struct {
	at   time.Time
	what func()
}

var (
	theDefault            = reference{"Integration", integrationName}
	theClusterIntegration = reference{"ClusterIntegration", "shared"}
)

// world is a cluster, a ticketing system, the people of both, and the managers. Its clock is that
// of the synctest bubble that it lives in.
type world struct {
	api    *memoryapi.Server
	people *memoryapi.Client
	remote *simulator.Server

	network *network
	ledger  *ledger
	// managers are the processes that believe they lead; usually one.
	managers []*process
	// acting is whose reconcile is on its way.
	acting *action
	// longestWork is, by kind, the longest time that a reconcile has held a worker.
	longestWork map[string]time.Duration

	appointments []appointment
	steps        int

	// connectedBy is the Integration or ClusterIntegration that the objects use.
	connectedBy reference
	// polled: the managers look for remote changes.
	polled bool
	// alerts are what senders say; nil in scenarios without any.
	alerts *alertWorld

	// counting numbers the operations, and fault strikes at one of them.
	counting   bool
	primary    reference
	actStarted int64
	operations []operation
	strike     *strike

	// declared are the objects that people have applied, in order, and deleted those that they have
	// deleted.
	declared []reference
	// copied are the objects that people gave the status of another one, until that is taken from
	// them.
	copied map[reference]bool
	// saidMeanwhile are what people wrote in the very words of a request that was lost, while it
	// was on its way.
	saidMeanwhile map[string]bool
	deleted       map[reference]bool
	// survives are checks that what people did in the ticketing system is still there.
	survives []func() string
	// deniedUntil is how long the API server denies the writes of managers.
	deniedUntil time.Time
	// keptStatuses are the statuses that people gave to remote tickets, by remote ID, unless the
	// operator has set another one since.
	keptStatuses map[string]string
	// keptSummaries are the summaries that people gave to remote tickets whose objects keep what
	// people change, by remote ID.
	keptSummaries map[string]string

	news       []string
	violations []string
}

// action is a reconcile that is on its way.
type action struct {
	by      *process
	of      reference
	uid     types.UID
	started int64 // the revision at its start
	// latest is the remote operation that it carried out last.
	latest string
}

func newWorld() *world {
	w := &world{connectedBy: theDefault, deleted: map[reference]bool{}, copied: map[reference]bool{}, saidMeanwhile: map[string]bool{}, keptSummaries: map[string]string{}, keptStatuses: map[string]string{}, longestWork: map[string]time.Duration{}}
	w.api = memoryapi.NewServer(scheme, time.Now)
	w.api.Changed = w.changed
	w.people = w.api.NewClient(memoryapi.Hooks{})
	w.remote = simulator.New(simulator.Options{Token: firstToken})
	w.ledger = newLedger(w)
	w.network = &network{world: w, simulator: w.remote.Transport()}
	w.must(w.people.Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Finalizers: []string{"kubernetes"}}}))
	w.managers = []*process{newProcess(w)}
	return w
}

// violate notes that an invariant does not hold.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(w.violations, text) {
		w.violations = append(w.violations, text)
	}
}

// must fails the case where the simulation itself, and not the operator, is at fault.
func (w *world) must(err error) {
	if err != nil {
		w.violate("the simulation: %v", err)
	}
}

// changed is called after each write to the cluster.
func (w *world) changed(change memoryapi.Change) {
	w.checkChange(change)
	if w.alerts != nil {
		w.alerts.changed(change)
	}
	for _, manager := range w.managers {
		manager.notify(change)
	}
}

// inTime makes an appointment.
func (w *world) inTime(delay time.Duration, what func()) {
	w.appointments = append(w.appointments, appointment{at: time.Now().Add(delay), what: what})
	slices.SortStableFunc(w.appointments, func(a, b appointment) int { return a.at.Compare(b.at) })
}

// What people do in the cluster.

func (w *world) apply(objects ...client.Object) {
	for _, object := range objects {
		object.SetNamespace(referenceTo(object).key().Namespace)
		w.must(w.people.Create(context.Background(), object))
		w.declare(referenceTo(object))
	}
}

// declare notes that there is to be an object, if it is one that stands for a remote one.
func (w *world) declare(of reference) {
	if kindNamed(of.kind) != nil && !slices.Contains(w.declared, of) {
		w.declared = append(w.declared, of)
	}
}

func (w *world) applySecret(token string) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secretName}, Data: map[string][]byte{"token": []byte(token)}}
	current := &corev1.Secret{}
	err := w.people.Get(context.Background(), client.ObjectKeyFromObject(secret), current)
	if apierrors.IsNotFound(err) {
		w.must(w.people.Create(context.Background(), secret))
		return
	}
	current.Data = secret.Data
	w.must(w.people.Update(context.Background(), current))
}

func (w *world) deleteSecret() {
	err := w.people.Delete(context.Background(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secretName}})
	w.must(client.IgnoreNotFound(err))
}

func (w *world) token() string {
	var secret corev1.Secret
	if w.people.Get(context.Background(), types.NamespacedName{Namespace: namespace, Name: secretName}, &secret) != nil {
		return ""
	}
	return string(secret.Data["token"])
}

// get returns the object as it is now, or nil.
func (w *world) get(of reference) client.Object {
	object := of.empty()
	if object == nil {
		return nil // no object of the API server's
	}
	if err := w.people.Get(context.Background(), of.key(), object); err != nil {
		return nil
	}
	return object
}

// edit changes an object as a person does, if it is there.
func (w *world) edit(of reference, change func(client.Object)) {
	object := w.get(of)
	if object == nil {
		return
	}
	change(object)
	w.must(w.people.Update(context.Background(), object))
}

// replace does what kubectl replace does with a manifest that was written by hand: the annotations
// that the operator keeps its attempts in are gone.
func (w *world) replace(of reference) {
	w.edit(of, func(object client.Object) {
		annotations := object.GetAnnotations()
		maps.DeleteFunc(annotations, func(name, _ string) bool {
			return strings.HasPrefix(name, v1alpha1.CreateKeyAnnotation[:strings.Index(v1alpha1.CreateKeyAnnotation, "/")+1]+"create-") && name != v1alpha1.CreateAgainAnnotation
		})
		object.SetAnnotations(annotations)
	})
}

// replaceUnlessRestored spares an object that was restored and has not found its remote object, or
// has the status of another one: what is its own is known from the annotations alone.
func (w *world) replaceUnlessRestored(of reference) {
	object, exists := w.get(of).(remote.Object)
	if !exists || w.copied[of] {
		return
	}
	key := object.GetAnnotations()[v1alpha1.CreateKeyAnnotation]
	if object.RemoteStatus().ID == "" && key != "" && key != remote.CreateKey(installation, object.GetUID()) {
		return
	}
	w.replace(of)
}

// editStatus gives an object the status of another one.
func (w *world) editStatus(of reference, other client.Object) {
	object := w.get(of)
	if object == nil {
		return
	}
	switch o := object.(type) {
	case *v1alpha1.Ticket:
		o.Status = *other.(*v1alpha1.Ticket).Status.DeepCopy()
	case *v1alpha1.TicketComment:
		o.Status = *other.(*v1alpha1.TicketComment).Status.DeepCopy()
	case *v1alpha1.TicketNote:
		o.Status = *other.(*v1alpha1.TicketNote).Status.DeepCopy()
	case *v1alpha1.TicketAttachment:
		o.Status = *other.(*v1alpha1.TicketAttachment).Status.DeepCopy()
	}
	w.copied[of] = true
	w.must(w.people.Status().Update(context.Background(), object))
}

func (w *world) annotate(of reference, name, value string) {
	w.edit(of, func(object client.Object) {
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[name] = value
		object.SetAnnotations(annotations)
	})
}

// delete deletes an object as kubectl does, if it is there.
func (w *world) delete(of reference) {
	object := of.empty()
	object.SetNamespace(of.key().Namespace)
	object.SetName(of.name)
	w.must(client.IgnoreNotFound(w.people.Delete(context.Background(), object)))
	w.deleted[of] = true
}

// touch asks for another look at everything, as a person does who has mended something.
func (w *world) touch() {
	value := time.Now().Format(time.RFC3339)
	for _, of := range append(slices.Clone(w.declared), w.connectedBy) {
		w.annotate(of, v1alpha1.SyncRequestedAnnotation, value)
	}
}

// Manifests.

func theIntegration() *v1alpha1.Integration {
	return &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Name: integrationName}, Spec: v1alpha1.IntegrationSpec{
		BaseURL:        "https://api.synqly.example",
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName, Key: "token"},
		RateLimit:      &v1alpha1.RateLimit{RequestsPerSecond: requestsPerSecond, Burst: burst},
		RequestTimeout: &metav1.Duration{Duration: requestTimeout},
		SettlePeriod:   &metav1.Duration{Duration: settlePeriod},
		PollInterval:   &metav1.Duration{Duration: 5 * time.Minute},
	}}
}

const (
	requestTimeout = 30 * time.Second
	settlePeriod   = 2 * time.Minute
	// A budget that is tight enough to be used up.
	requestsPerSecond = 2
	burst             = 3
)

// theConnection is the manifest of what the objects use.
func (w *world) theConnection() client.Object {
	if w.connectedBy == theClusterIntegration {
		return &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: theClusterIntegration.name}, Spec: v1alpha1.ClusterIntegrationSpec{
			IntegrationSpec: theIntegration().Spec, NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{admissionLabel: "true"}},
		}}
	}
	return theIntegration()
}

func ticket(name string, change ...func(*v1alpha1.TicketSpec)) *v1alpha1.Ticket {
	made := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.TicketSpec{
		IntegrationRef: v1alpha1.IntegrationReference{Name: integrationName},
		Summary:        "p99 above 2s", Description: "Since 10:05 UTC.", Tags: []string{"team:checkout"},
		ManagementPolicy: v1alpha1.ManagementApply, DeletionPolicy: v1alpha1.TicketRetain,
	}}
	for _, c := range change {
		c(&made.Spec)
	}
	return made
}

func closing(spec *v1alpha1.TicketSpec) {
	spec.DeletionPolicy = v1alpha1.TicketClose
	spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed: removed from Git."}
}

func comment(name, onTicket, content string) *v1alpha1.TicketComment {
	return &v1alpha1.TicketComment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.TicketCommentSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: onTicket}},
		Content:         content, DeletionPolicy: v1alpha1.ChildDelete,
	}}
}

func note(name, onTicket string) *v1alpha1.TicketNote {
	return &v1alpha1.TicketNote{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.TicketNoteSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: onTicket}},
		Title:           "Handover", Content: "The pool is **full**.", DeletionPolicy: v1alpha1.ChildDelete,
	}}
}

// editSpec makes the change that stands for any edit.
func editSpec(value string) func(client.Object) {
	return func(object client.Object) {
		switch o := object.(type) {
		case *v1alpha1.Ticket:
			o.Spec.Summary = value
		case *v1alpha1.TicketComment:
			o.Spec.Content = value
		case *v1alpha1.TicketNote:
			o.Spec.Content = value
		case *v1alpha1.TicketAttachment:
			o.Spec.Content, o.Spec.ConfigMapKeyRef = value, nil
		}
	}
}

// What people do in the ticketing system.

// remoteTicketOf is the remote ticket that an object is, or hangs on: by its ID where the spec
// names one, or by its name.
func (w *world) remoteTicketOf(of reference) (simulator.Ticket, bool) {
	var name, id string
	switch o := w.lastVersion(of).(type) {
	case *v1alpha1.Ticket:
		name, id = of.name, o.Spec.TicketID
	case child.Object:
		name, id = parentOf(o), o.ParentReference().TicketID
	default:
		return simulator.Ticket{}, false
	}
	if id != "" {
		return w.remote.Ticket(id)
	}
	for _, shown := range w.remote.Tickets() {
		if shown.Name == name {
			return shown, true
		}
	}
	return simulator.Ticket{}, false
}

// personEditsTicket changes what no object manages; all of it must survive.
func (w *world) personEditsTicket(of reference) {
	shown, found := w.remoteTicketOf(of)
	if !found {
		return
	}
	// The API replaces the list of tags as a whole and knows no precondition, so a tag that is
	// added after the operator has read the list, and before it writes it, is lost.
	tagIsSafe := w.acting == nil || w.acting.latest != "get ticket"
	w.remote.EditTicket(shown.ID, func(t *simulator.Ticket) {
		t.Assignee = person
		if tagIsSafe {
			t.Tags = append(t.Tags, "person:tag")
		}
	})
	w.personComments(shown.ID, "I am looking into it.")
	w.survives = append(w.survives, func() string {
		now, there := w.remote.Ticket(shown.ID)
		switch {
		case w.ledger.removedByPerson[shown.ID]:
			return ""
		case !there:
			return "the ticket that a person edited is gone"
		case now.Assignee != person:
			return fmt.Sprintf("the assignee that a person set is %q now", now.Assignee)
		case tagIsSafe && !slices.Contains(now.Tags, "person:tag"):
			return fmt.Sprintf("the tag that a person added is gone: %q", now.Tags)
		}
		return ""
	})
}

// personComments says something that must stay.
func (w *world) personComments(ticketID, content string) (id string) {
	said, found := w.remote.AddComment(ticketID, person, content)
	if !found {
		w.violate("the simulation: there is no ticket %q to comment on", ticketID)
		return ""
	}
	w.survives = append(w.survives, func() string {
		if w.ledger.removedByPerson[ticketID] {
			return ""
		}
		if slices.ContainsFunc(w.remote.Comments(ticketID), func(c simulator.Comment) bool { return c.ID == said.ID && c.Content == content }) {
			return ""
		}
		return fmt.Sprintf("the comment %s of a person, %q, is gone", said.ID, content)
	})
	return said.ID
}

// remoteIDOf is the live remote object that stands for an object, as the ledger knows it; empty
// without one.
func (w *world) remoteIDOf(of reference) string {
	live := w.ledger.live(of)
	if len(live) == 0 {
		return ""
	}
	return live[len(live)-1].id
}

// personDeletes removes the remote object.
func (w *world) personDeletes(of reference) {
	id := w.remoteIDOf(of)
	switch of.kind {
	case "Ticket":
		w.remote.DeleteTicket(id)
	case "TicketComment":
		w.remote.DeleteComment(id)
	case "TicketNote":
		w.remote.DeleteNote(id)
	case "TicketAttachment":
		w.remote.DeleteAttachment(id)
	}
	w.ledger.removedByPerson[id] = true
}

// personCloses closes the remote ticket, whose object is to go then.
func (w *world) personCloses(of reference) {
	id := w.remoteIDOf(of)
	w.remote.EditTicket(id, func(t *simulator.Ticket) { t.Status = "Resolved" })
	w.deleted[of] = true
	w.survives = append(w.survives, func() string {
		shown, found := w.remote.Ticket(id)
		if comments := w.closingComments(of); found && (shown.Status != "Resolved" || comments > 0) {
			return fmt.Sprintf("the ticket %s, which a person closed, is %q and has %d closing comments", id, shown.Status, comments)
		}
		return ""
	})
}

// story is what happened, for a case that failed.
func (w *world) story() string {
	lines := []string{"news:"}
	lines = append(lines, w.news...)
	for _, of := range w.declared {
		object := w.get(of)
		if object == nil {
			lines = append(lines, of.String()+": not there")
			continue
		}
		status := object.(remote.Object).RemoteStatus()
		lines = append(lines, fmt.Sprintf("%s: uid %s generation %d deleting %t finalizers %v attempt %s id %q settled %d %s", of, object.GetUID(), object.GetGeneration(),
			!object.GetDeletionTimestamp().IsZero(), object.GetFinalizers(), object.GetAnnotations()[v1alpha1.CreateAttemptAnnotation], status.ID, status.SettledAttempt, conditionText(status.Conditions)))
	}
	if w.alerts != nil {
		lines = append(lines, w.alerts.story()...)
	}
	for _, made := range w.ledger.creations {
		lines = append(lines, fmt.Sprintf("made %s %s for %s at %s", made.kind, made.id, made.owner, made.at.Format(time.TimeOnly)))
	}
	lines = append(lines, w.network.log...)
	return strings.Join(lines, "\n  ")
}

func conditionText(conditions []metav1.Condition) string {
	var text []string
	for _, c := range slices.SortedFunc(slices.Values(conditions), func(a, b metav1.Condition) int { return cmp.Compare(a.Type, b.Type) }) {
		text = append(text, fmt.Sprintf("%s=%s/%s(%s)", c.Type, c.Status, c.Reason, status.Truncate(c.Message, 160)))
	}
	return strings.Join(text, " ")
}
