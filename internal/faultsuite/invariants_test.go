// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
	"github.com/synqly/ticketing-operator/internal/states"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// ledger is what an auditor who sees every request writes down.
type ledger struct {
	world *world
	// creations are all remote objects that the operator made.
	creations []creation
	// posts counts the create requests per object, closings the closing comments per Ticket.
	posts    map[types.UID]int64
	closings map[reference]int
	// removedByPerson are remote objects that a person has deleted.
	removedByPerson map[string]bool
	// lied are remote objects that the ticketing system said were gone, or removed, while they were
	// not.
	lied map[string]bool
	// releasedEarly are remote objects that were there when a finalizer went.
	releasedEarly map[string]reference
	// forgotten are objects that were removed with their Incident, and whose remote objects stay.
	forgotten map[types.UID]bool
	// attempted is the highest attempt that each object has recorded.
	attempted map[types.UID]int64
}

// creation is a remote object that the operator made.
type creation struct {
	kind, id, ticketID string
	content            string
	owner              reference
	uid                types.UID
	at                 time.Time
	closing            bool
}

func newLedger(w *world) *ledger {
	return &ledger{
		world: w, posts: map[types.UID]int64{}, closings: map[reference]int{},
		removedByPerson: map[string]bool{}, lied: map[string]bool{}, releasedEarly: map[string]reference{}, forgotten: map[types.UID]bool{}, attempted: map[types.UID]int64{},
	}
}

// pacing checks what one process sends: the token bucket of the Integration, and Retry-After.
type pacing struct {
	integration types.UID
	tokens      float64
	last        time.Time
	heldUntil   time.Time
	// grace is how many requests may go out beyond the budget.
	grace float64
}

func (l *ledger) sent(call *exchange) {
	w := l.world
	if call.by == nil {
		w.violate("a request outside of a reconcile: %s", call.operation)
		return
	}
	l.checkPace(call)
	if call.request.Method != http.MethodPost {
		return
	}
	if call.by.of.kind == "Ticket" && call.operation == "create comment" {
		l.closings[call.by.of]++
		return
	}
	l.posts[call.by.uid]++
	if sent, recorded := l.posts[call.by.uid], l.attempted[call.by.uid]; sent > recorded {
		w.violate("invariant 1: %s has sent %d create requests and recorded %d attempts", call.by.of, sent, recorded)
	}
}

// checkPace is invariant 8.
func (l *ledger) checkPace(call *exchange) {
	w, pace, now := l.world, &call.by.by.paced, time.Now()
	if integration := w.get(w.connectedBy); integration != nil && integration.GetUID() != pace.integration {
		*pace = pacing{integration: integration.GetUID(), tokens: burst, last: now, grace: pace.grace, heldUntil: pace.heldUntil}
	}
	pace.tokens = min(burst, pace.tokens+requestsPerSecond*now.Sub(pace.last).Seconds()) - 1
	pace.last = now
	if pace.tokens < -0.01-pace.grace {
		w.violate("invariant 8: %s for %s exceeds the rate limit", call.operation, call.by.of)
	}
	if now.Before(pace.heldUntil) {
		w.violate("invariant 8: %s for %s goes out %s before Retry-After has passed", call.operation, call.by.of, pace.heldUntil.Sub(now))
	}
}

func (l *ledger) answered(call *exchange, response *http.Response) {
	if response == nil {
		return
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		call.by.by.paced.heldUntil = time.Now().Add(time.Duration(seconds) * time.Second)
	}
}

// performed writes down what the ticketing system has done.
func (l *ledger) performed(call *exchange, response *http.Response) {
	if response.StatusCode >= 300 {
		return
	}
	switch call.request.Method {
	case http.MethodPost:
		l.created(call, response)
	case http.MethodDelete:
		l.deleted(call)
	case http.MethodPatch:
		l.patched(call)
	}
}

func (l *ledger) created(call *exchange, response *http.Response) {
	var sent struct{ Content, Name string }
	if err := json.Unmarshal(call.body, &sent); err != nil {
		l.world.violate("a create request with a body that is no JSON: %v", err)
	}
	made := creation{
		kind: strings.TrimPrefix(call.operation, "create "), id: resultID(response), owner: call.by.of, uid: call.by.uid, at: time.Now(), content: sent.Content,
		closing: call.by.of.kind == "Ticket" && call.operation == "create comment",
	}
	if segments := segmentsOf(call.request); len(segments) > 2 {
		made.ticketID = segments[1]
	}
	l.creations = append(l.creations, made)
	l.checkSingle(made)
	if l.world.alerts != nil {
		l.world.alerts.checkSingle(made)
	}
}

// checkSingle is the first half of invariant 1: at most one live remote object per custom resource,
// always. A comment that replaces another one stands beside it for a moment; two with the same
// content never do.
func (l *ledger) checkSingle(made creation) {
	same := 0
	for _, other := range l.creations {
		if other.kind == made.kind && other.owner == made.owner && other.content == made.content && l.exists(other) && !l.forgotten[other.uid] {
			same++
		}
	}
	if same > 1 {
		l.world.violate("invariant 1: there are %d remote %ss for %s", same, made.kind, made.owner)
	}
}

func (l *ledger) exists(made creation) bool {
	switch made.kind {
	case "ticket":
		_, found := l.world.remote.Ticket(made.id)
		return found
	case "comment":
		return slices.ContainsFunc(l.world.remote.Comments(made.ticketID), func(c simulator.Comment) bool { return c.ID == made.id })
	case "note":
		return slices.ContainsFunc(l.world.remote.Notes(made.ticketID), func(n simulator.Note) bool { return n.ID == made.id })
	case "attachment":
		return slices.ContainsFunc(l.world.remote.Attachments(made.ticketID), func(a simulator.Attachment) bool { return a.ID == made.id })
	}
	return false
}

// live are the remote objects that were made for an object and are still there, closing comments
// left out.
func (l *ledger) live(of reference) []creation {
	var live []creation
	for _, made := range l.creations {
		if made.owner == of && !made.closing && l.exists(made) && !l.forgotten[made.uid] {
			live = append(live, made)
		}
	}
	return live
}

// deleted is invariant 2: nothing is deleted that is not ours, or that another object stands for.
func (l *ledger) deleted(call *exchange) {
	id := remoteID(call.request)
	made := slices.IndexFunc(l.creations, func(c creation) bool { return c.id == id })
	if made < 0 {
		l.world.violate("invariant 2: %s deletes the %s, which no object of the operator made", call.by.of, id)
		return
	}
	for _, of := range l.world.declared {
		object, isRemote := l.world.get(of).(remote.Object)
		if isRemote && of != call.by.of && of.kind == call.by.of.kind && object.RemoteStatus().ID == id {
			l.world.violate("invariant 2: %s deletes the %s, which %s stands for", call.by.of, id, of)
		}
	}
}

// patched is invariant 6: a patch names fields whose value in the spec has changed since the object
// was created, and no others. What an adopted ticket is given, and what Enforce writes back, is any
// managed field.
func (l *ledger) patched(call *exchange) {
	var operations []struct{ Op, Path string }
	if err := json.Unmarshal(call.body, &operations); err != nil || len(operations) == 0 {
		l.world.violate("invariant 6: a patch that cannot be read, or is empty: %s", call.body)
		return
	}
	allowed := l.changedFields(call.by.of)
	for _, o := range operations {
		if o.Path == "/status" {
			delete(l.world.keptStatuses, remoteID(call.request))
		}
		if !allowed[o.Path] {
			l.world.violate("invariant 6: %s patches %s, which has not changed", call.by.of, o.Path)
		}
	}
}

var patchPaths = map[string]string{
	"Summary": "/summary", "Description": "/description", "Status": "/status", "Priority": "/priority", "Tags": "/tags",
	"Title": "/title", "Content": "/content", "Project": "/project", "Assignee": "/assignee",
}

func (l *ledger) changedFields(of reference) map[string]bool {
	changed := map[string]bool{}
	history := l.world.api.History(of.kind, of.key())
	for i, version := range history {
		spec := reflect.ValueOf(version).Elem().FieldByName("Spec")
		first := reflect.ValueOf(history[0]).Elem().FieldByName("Spec")
		anyManaged := false
		if t, isTicket := version.(*v1alpha1.Ticket); isTicket {
			anyManaged = t.Spec.TicketID != "" || t.Spec.ManagementPolicy == v1alpha1.ManagementEnforce
			if t.DeletionTimestamp != nil && t.Spec.DeletionPolicy == v1alpha1.TicketClose {
				changed["/status"] = true
			}
		}
		for name, path := range patchPaths {
			value := spec.FieldByName(name)
			if !value.IsValid() || value.IsZero() {
				continue
			}
			if anyManaged || (i > 0 && !reflect.DeepEqual(value.Interface(), first.FieldByName(name).Interface())) {
				changed[path] = true
			}
		}
	}
	return changed
}

// checkChange checks a write to the cluster: invariants 4 and 5, that the conditions are in a state
// that is listed, and what the auditor needs of the attempts.
func (w *world) checkChange(change memoryapi.Change) {
	of := referenceTo(change.Object())
	if change.After != nil {
		w.ledger.recordAttempt(change.After)
	}
	if change.After != nil && w.acting != nil {
		if err := states.Check(change.After); err != nil {
			w.violate("a state that is not listed: %v", err)
		}
	}
	before, isRemote := change.Before.(remote.Object)
	if !isRemote {
		return
	}
	if after, stays := change.After.(remote.Object); stays {
		w.checkStatus(of, before, after)
	}
	released := controllerutil.ContainsFinalizer(before, v1alpha1.RemoteFinalizer) && (change.After == nil || !controllerutil.ContainsFinalizer(change.After, v1alpha1.RemoteFinalizer))
	if released {
		w.checkRelease(of, before)
	}
}

func (l *ledger) recordAttempt(object client.Object) {
	if attempt, err := strconv.ParseInt(object.GetAnnotations()[v1alpha1.CreateAttemptAnnotation], 10, 64); err == nil {
		l.attempted[object.GetUID()] = max(attempt, l.attempted[object.GetUID()])
	}
}

// checkStatus is invariant 4.
func (w *world) checkStatus(of reference, before, after remote.Object) {
	from, to := before.RemoteStatus(), after.RemoteStatus()
	if to.ObservedGeneration < from.ObservedGeneration {
		w.violate("invariant 4: observedGeneration of %s goes back from %d to %d", of, from.ObservedGeneration, to.ObservedGeneration)
	}
	if to.ObservedGeneration > after.GetGeneration() {
		w.violate("invariant 4: observedGeneration of %s is ahead of its generation", of)
	}
	if from.ID != "" && to.ID != from.ID {
		recreated := (of.kind == "TicketComment" || of.kind == "TicketAttachment") && to.ID != "" && to.SettledAttempt > from.SettledAttempt
		if t, isTicket := before.(*v1alpha1.Ticket); isTicket && t.Spec.OnRemoteMissing == v1alpha1.RemoteMissingRecreate {
			recreated = to.ID == "" && w.ledger.removedByPerson[from.ID]
		}
		if w.copied[of] && w.acting == nil {
			return // People gave it that status.
		}
		if w.copied[of] {
			delete(w.copied, of) // once, and it was the original's
			return
		}
		if !recreated {
			w.violate("invariant 4: the remote ID of %s changes from %q to %q", of, from.ID, to.ID)
		}
	}
}

// checkRelease is invariant 5: a finalizer goes only after the remote object is gone, or closed.
func (w *world) checkRelease(of reference, object remote.Object) {
	if w.acting == nil || object.GetAnnotations()[v1alpha1.OrphanAnnotation] == "true" || retains(object) || w.expired(object) {
		return
	}
	for _, made := range w.ledger.live(of) {
		shown, _ := w.remote.Ticket(made.id)
		if (made.kind == "ticket" && strings.EqualFold(shown.Status, "Done")) || w.ledger.lied[made.id] || w.wasUnverified(of, made.id) {
			continue
		}
		w.ledger.releasedEarly[made.id] = of
	}
}

// retains reports whether the remote object stays when the object is deleted.
func retains(object client.Object) bool {
	switch o := object.(type) {
	case *v1alpha1.Ticket:
		return o.Spec.DeletionPolicy != v1alpha1.TicketClose
	case child.Object:
		return !o.RemovesRemote()
	}
	return true
}

// checkText is invariant 7.
func (w *world) checkText(where, text string) {
	if strings.Contains(text, canary) {
		w.violate("invariant 7: the token is in %s: %s", where, text)
	}
}

// checkStep is called after each reconcile.
func (w *world) checkStep() {
	for id, of := range w.ledger.releasedEarly {
		if !w.abandoned(of) {
			w.violate("invariant 5: the finalizer of %s went while the remote object %s was there", of, id)
		}
	}
}

// abandoned reports whether an Event says that an object of a terminating namespace was let go,
// which may only happen where the credentials were lost.
func (w *world) abandoned(of reference) bool {
	if w.keptByClosedTicket(of) {
		return true
	}
	if w.strike == nil || !w.strike.fault.losesCredentials {
		return false
	}
	return slices.ContainsFunc(w.news, func(event string) bool {
		return strings.Contains(event, "Warning Abandoned") && strings.Contains(event, of.kind+" "+namespace+"/"+of.name+" ")
	})
}

// keptByClosedTicket reports whether a remote object stays because its ticket is closed: the
// ticketing system refuses its removal then, or did so, and an Event says it.
func (w *world) keptByClosedTicket(of reference) bool {
	shown, found := w.remoteTicketOf(of)
	closed := found && (shown.Status == "Done" || shown.Status == "Closed")
	if closed && w.remote.Behaviour().ClosedTicketsRefuse {
		return true
	}
	refused := w.strike != nil && w.strike.fault.refusal
	return closed && refused && slices.ContainsFunc(w.news, func(event string) bool {
		return strings.Contains(event, "Warning Retained "+of.String()+":") && strings.Contains(event, "is closed")
	})
}

// unmet is what is not as it should be in the end. It rests on what people want and on what the
// ticketing system has, not on what the operator says, except that it must say that it is done.
func (w *world) unmet() []string {
	var unmet []string
	fail := func(format string, args ...any) { unmet = append(unmet, fmt.Sprintf(format, args...)) }
	for _, of := range w.declared {
		object, exists := w.get(of).(remote.Object)
		live := w.liveFor(of)
		switch {
		case w.deleted[of] && exists && w.neverSeenClosed(object):
			// What it waits for cannot come any more, and it says so.
		case w.deleted[of] && exists:
			fail("%s is still there: %s", of, conditionText(object.RemoteStatus().Conditions))
		case w.deleted[of]:
			w.unmetRemoval(of, live, fail)
		case !exists:
			fail("%s is gone", of)
		default:
			w.unmetPresence(of, object, live, fail)
		}
	}
	w.unmetTwins(fail)
	if w.alerts != nil {
		w.alerts.unmet(fail)
	}
	for _, survives := range w.survives {
		if lost := survives(); lost != "" {
			fail("invariant 6: %s", lost)
		}
	}
	for of, times := range w.ledger.closings {
		if made := w.closingComments(of); made > 1 {
			fail("invariant 1: there are %d closing comments for %s, after %d requests", made, of, times)
		}
	}
	return unmet
}

// liveFor are the remote objects that there are for an object, without those of which the ticketing
// system said that they were gone.
func (w *world) liveFor(of reference) []string {
	var ids []string
	for _, made := range w.ledger.live(of) {
		if w.leftBehind(of, made.id) && w.statusID(of) != made.id {
			continue
		}
		if !w.ledger.lied[made.id] || w.statusID(of) == made.id {
			ids = append(ids, made.id)
		}
	}
	return ids
}

// statusID is the remote object that an object says it stands for.
func (w *world) statusID(of reference) string {
	object, isRemote := w.get(of).(remote.Object)
	if !isRemote {
		return ""
	}
	return object.RemoteStatus().ID
}

func (w *world) closingComments(of reference) int {
	count := 0
	for _, made := range w.ledger.creations {
		if made.owner == of && made.closing && w.ledger.exists(made) {
			count++
		}
	}
	return count
}

// unmetRemoval says what is wrong with the remote object of an object that was deleted.
func (w *world) unmetRemoval(of reference, live []string, fail func(string, ...any)) {
	last := w.lastVersion(of)
	closed, isTicket := last.(*v1alpha1.Ticket)
	switch {
	case retains(last) || w.expired(last) || w.goneAtOnce(of):
		if len(live) > 1 {
			fail("%s, which was deleted, retains %v", of, live)
		}
	case isTicket:
		ids := live
		if closed.Spec.TicketID != "" {
			ids = append(ids, closed.Spec.TicketID)
		}
		for _, id := range ids {
			shown, found := w.remote.Ticket(id)
			if found && closed.Status.ID != "" && shown.Status != closed.Spec.Close.Status && !w.ledger.lied[id] && !w.abandoned(of) {
				fail("the remote ticket %s of %s is not closed: %q", id, of, shown.Status)
			}
			if found && w.closingComments(of) == 0 && !w.ledger.lied[id] && !w.abandoned(of) && closed.Status.ID != "" {
				fail("the remote ticket %s of %s has no closing comment", id, of)
			}
		}
	default:
		for _, id := range live {
			if !w.ledger.lied[id] && !w.abandoned(of) && w.ownerByStatus(id, of) == (reference{}) {
				fail("the remote object %s of %s, which was deleted, is left behind", id, of)
			}
		}
	}
}

// goneAtOnce reports whether a person's deletion came before the operator could answer the edit
// that asks to close the ticket: without a finalizer the API server waits for nobody.
func (w *world) goneAtOnce(of reference) bool {
	if w.strike == nil || w.strike.fault.name != objectDeleted {
		return false
	}
	sinceEdit := slices.DeleteFunc(slices.Clone(w.api.History(of.kind, of.key())), retains)
	return len(sinceEdit) == 1 && len(sinceEdit[0].GetFinalizers()) == 0
}

// expired reports whether an object was there for a closed ticket, and for a time, or belonged to
// one that was.
func (w *world) expired(object client.Object) bool {
	if parent := parentOf(object); parent != "" {
		object = w.lastVersion(reference{theTicket.kind, parent})
	}
	t, isTicket := object.(*v1alpha1.Ticket)
	return isTicket && t.Spec.TTLAfterClosed != nil
}

// neverSeenClosed reports whether the remote ticket, which was to be closed for the object to go,
// was deleted before the operator could see it closed.
func (w *world) neverSeenClosed(object remote.Object) bool {
	t, isTicket := object.(*v1alpha1.Ticket)
	return isTicket && t.Spec.TTLAfterClosed != nil && t.Status.ClosedAt == nil && w.ledger.removedByPerson[t.Status.ID] &&
		readyReason(t.RemoteStatus()) == v1alpha1.ReasonRemoteMissing
}

// ownerByStatus is another object that stands for a remote object.
func (w *world) ownerByStatus(id string, than reference) reference {
	for _, of := range w.declared {
		object, isRemote := w.get(of).(remote.Object)
		if isRemote && of != than && of.kind == than.kind && object.RemoteStatus().ID == id {
			return of
		}
	}
	return reference{}
}

// unmetPresence says what is wrong with an object that should stand for a remote object.
func (w *world) unmetPresence(of reference, object remote.Object, live []string, fail func(string, ...any)) {
	status := object.RemoteStatus()
	if w.ledger.removedByPerson[status.ID] {
		if reason := readyReason(status); reason != v1alpha1.ReasonRemoteMissing {
			fail("%s does not say that its remote object is missing: %s", of, conditionText(status.Conditions))
		}
		if len(live) > 0 {
			fail("%s stands for %s, which a person removed, and made %v", of, status.ID, live)
		}
		return
	}
	if w.alerts != nil && w.alerts.waitsInVain(object) {
		return
	}
	if !w.settled(of) && !w.saysMisplaced(object, live) {
		fail("%s is not Ready: %s", of, conditionText(status.Conditions))
	}
	// What an object stands for it made itself, adopted on request, or shares with objects that say
	// the same.
	if t, isTicket := object.(*v1alpha1.Ticket); isTicket && t.Spec.TicketID != "" {
		if len(live) > 0 {
			fail("%s adopts %s and made %v", of, t.Spec.TicketID, live)
		}
	} else if w.isAPersons(of, status.ID) {
		if len(live) > 0 {
			fail("%s stands for %s of a person and made %v", of, status.ID, live)
		}
	} else if twin := w.twinOf(of); twin == "" && (len(live) != 1 || live[0] != status.ID) {
		fail("%s stands for %q, and there are %v for it", of, status.ID, live)
	} else if owner := w.ownerByStatus(status.ID, of); owner != (reference{}) {
		fail("%s and %s both stand for %s", of, owner, status.ID)
	}
	w.unmetContent(of, object, status.ID, fail)
}

// twinOf names another object of the kind that says the same, empty without one.
func (w *world) twinOf(of reference) string {
	mine, isComment := w.lastVersion(of).(*v1alpha1.TicketComment)
	if !isComment {
		return ""
	}
	for _, other := range w.declared {
		twin, isComment := w.lastVersion(other).(*v1alpha1.TicketComment)
		if isComment && other != of && twin.Spec.Content == mine.Spec.Content {
			return other.name
		}
	}
	return ""
}

// unmetTwins counts the comments that say the same: as many as there are objects for them.
func (w *world) unmetTwins(fail func(string, ...any)) {
	wanted, there := map[string]int{}, map[string]int{}
	for _, of := range w.declared {
		if mine, exists := w.get(of).(*v1alpha1.TicketComment); exists && w.twinOf(of) != "" && !w.ledger.removedByPerson[mine.Status.ID] {
			wanted[mine.Spec.Content]++
		}
	}
	for _, made := range w.ledger.creations {
		unwanted := w.leftBehind(made.owner, made.id) && w.ownerByStatus(made.id, made.owner) == (reference{})
		if made.kind == "comment" && w.ledger.exists(made) && !w.ledger.lied[made.id] && !w.ledger.forgotten[made.uid] && !unwanted {
			there[made.content]++
		}
	}
	for content, count := range wanted {
		if there[content] != count {
			fail("there are %d comments %q for %d objects", there[content], content, count)
		}
	}
}

func (w *world) lastVersion(of reference) client.Object {
	history := w.api.History(of.kind, of.key())
	if len(history) == 0 {
		return nil
	}
	return history[len(history)-1]
}

func readyReason(status *v1alpha1.RemoteObjectStatus) string {
	for _, c := range status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Reason
		}
	}
	return ""
}

// unmetContent compares the remote object with the spec.
func (w *world) unmetContent(of reference, object client.Object, id string, fail func(string, ...any)) {
	same := func(field, wanted, shown string) {
		if wanted != "" && wanted != shown {
			fail("%s of %s is %q in the ticketing system, and should be %q", field, of, shown, wanted)
		}
	}
	switch o := object.(type) {
	case *v1alpha1.Ticket:
		shown, found := w.remote.Ticket(id)
		if !found {
			fail("the remote ticket %q of %s does not exist", id, of)
			return
		}
		if o.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
			return
		}
		if kept, edited := w.keptSummaries[id]; edited {
			same("summary", kept, shown.Summary)
		} else {
			same("summary", o.Spec.Summary, shown.Summary)
		}
		same("description", o.Spec.Description, shown.Description)
		same("priority", string(o.Spec.Priority), shown.Priority)
		same("status", cmp.Or(w.keptStatuses[id], o.Spec.Status), shown.Status)
		for _, tag := range o.Spec.Tags {
			if !slices.Contains(shown.Tags, tag) {
				fail("the tag %q of %s is not on its remote ticket: %q", tag, of, shown.Tags)
			}
		}
	case *v1alpha1.TicketComment:
		remotes := w.remote.Comments(o.Status.TicketID)
		i := slices.IndexFunc(remotes, func(c simulator.Comment) bool { return c.ID == id })
		if i < 0 {
			fail("the remote comment %q of %s does not exist", id, of)
			return
		}
		same("content", o.Spec.Content, remotes[i].Content)
	case *v1alpha1.TicketNote:
		remotes := w.remote.Notes(o.Status.TicketID)
		i := slices.IndexFunc(remotes, func(n simulator.Note) bool { return n.ID == id })
		if i < 0 {
			fail("the remote note %q of %s does not exist", id, of)
			return
		}
		same("title", o.Spec.Title, remotes[i].Title)
		same("content", o.Spec.Content, remotes[i].Content)
	case *v1alpha1.TicketAttachment:
		remotes := w.remote.Attachments(o.Status.TicketID)
		i := slices.IndexFunc(remotes, func(a simulator.Attachment) bool { return a.ID == id })
		if i < 0 {
			fail("the remote attachment %q of %s does not exist", id, of)
			return
		}
		same("fileName", o.Spec.FileName, remotes[i].FileName)
		same("content", cmp.Or(o.Spec.Content, w.fileOf(o)), string(remotes[i].Content))
	}
}

// watched are all objects that must stay untouched when they are in sync.
func (w *world) watched() []reference {
	if w.alerts == nil {
		return w.declared
	}
	return slices.Concat(w.declared, w.alerts.objects())
}

// checkInSync is invariant 3: what is in sync stays untouched.
func (w *world) checkInSync(times int) {
	revision, requests := w.api.Revision(), len(w.remote.Requests())
	for range times {
		for _, p := range w.managers {
			for _, of := range w.watched() {
				p.reconcile(of)
			}
		}
	}
	if now := w.api.Revision(); now != revision {
		changes := w.api.Changes(revision)
		w.violate("invariant 3: %d writes to the cluster though nothing is to be done, the first to %s", now-revision, referenceTo(changes[0].Object()))
	}
	if now := len(w.remote.Requests()); now != requests {
		w.violate("invariant 3: %d requests though nothing is to be done", now-requests)
	}
}

func sortedKeys[V any](m map[reference]V) []reference {
	return slices.SortedFunc(maps.Keys(m), func(a, b reference) int { return cmp.Compare(a.String(), b.String()) })
}
