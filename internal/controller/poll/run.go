// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The kinds of work, each of which fails and backs off by itself.
const (
	pollingKind  = "polling"
	fetchingKind = "fetching"
	// longestBackoff is that of any Integration; its pollInterval bounds it further.
	longestBackoff = 24 * time.Hour
)

// run is one reconcile of one Integration.
type run struct {
	*Poller
	name        types.NamespacedName
	state       *state
	integration *v1alpha1.Integration
	open        *connection.Connection

	// groupTag is the tag of the tickets that were created through the Integration.
	groupTag string
	// tickets are those that are polled; byID are the same by their remote ID, which
	// several can have. They are the cache's own and must not be changed.
	tickets []*v1alpha1.Ticket
	byID    map[string][]*v1alpha1.Ticket
}

// readTickets finds the Tickets that are polled.
func (r *run) readTickets(ctx context.Context) error {
	var list v1alpha1.TicketList
	// The objects are only read, and there may be many of them. A write of this process
	// that the cache does not show yet makes a change be reported once more, no worse.
	err := r.Client.List(ctx, &list, client.InNamespace(r.name.Namespace), client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err != nil {
		return fmt.Errorf("listing the Tickets: %w", err)
	}
	r.groupTag = v1alpha1.CreateKeyTagPrefix + remote.GroupKey(r.Installation, r.name)
	r.byID = make(map[string][]*v1alpha1.Ticket, len(list.Items))
	var paused []string
	for i := range list.Items {
		ticket := &list.Items[i]
		switch {
		case ticket.Status.ID == "" || ticket.Status.Integration != r.name.Name || !ticket.DeletionTimestamp.IsZero():
		case status.IsPaused(ticket):
			paused = append(paused, ticket.Status.ID)
		default:
			r.tickets = append(r.tickets, ticket)
			r.byID[ticket.Status.ID] = append(r.byID[ticket.Status.ID], ticket)
		}
	}
	r.meet(paused)
	return nil
}

// meet makes a record of each ticket that is new, and forgets those that are gone. The
// reconcile of a new Ticket has just seen its remote ticket; only what is there when
// the first poll begins may have changed long ago.
func (r *run) meet(paused []string) {
	records := r.state.records
	first := time.Time{}
	if r.state.number > 0 {
		first = r.Clock.Now()
	}
	for id := range r.byID {
		if records[id] == nil {
			records[id] = &record{confirmed: first}
		}
	}
	if len(records) > len(r.byID) {
		for id := range records {
			if r.byID[id] == nil {
				delete(records, id)
			}
		}
	}
	// What changes while a Ticket is paused is not handed over, so it is looked at when
	// it goes on.
	for _, id := range paused {
		if r.byID[id] == nil {
			records[id] = &record{}
		}
	}
}

// work does what is due.
func (r *run) work(ctx context.Context) {
	refused := false
	if now := r.Clock.Now(); !now.Before(r.state.nextPoll) {
		if !r.state.unfinished || !now.Before(r.state.nextRegular) {
			r.state.beginPoll(now, connection.PollInterval(r.integration))
		}
		err := r.poll(ctx)
		again := r.concluded(ctx, pollingKind, &r.state.polling, err)
		if err == nil {
			again = connection.WithJitter(connection.PollInterval(r.integration))
			if status := r.pollingStatus(); status != (v1alpha1.PollingStatus{}) {
				r.open.SetPolling(status)
			}
		}
		r.state.endPoll(r.Clock.Now(), again, err)
		refused = synqly.IsAccessDenied(err)
	}
	if !refused && held(r.open) == 0 && ctx.Err() == nil {
		r.fetchDue(ctx)
	}
	_, r.state.nextDue = r.due()
	if !r.state.nextDue.IsZero() && r.state.nextDue.Before(r.state.nextBatch) {
		r.state.nextDue = r.state.nextBatch
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// concluded notes how an attempt ended, and returns after what time a failed one is
// tried again. The log says when it begins to fail and when it works again, and nothing
// in between.
func (r *run) concluded(ctx context.Context, kind string, done *attempts, err error) time.Duration {
	logger := log.FromContext(ctx)
	key := backoffKey(r.name, kind)
	if err == nil {
		if done.failing {
			logger.Info("remote changes of tickets are found again", "work", kind)
		}
		done.failing = false
		r.backoff.DeleteEntry(key)
		return 0
	}
	if synqly.IsAccessDenied(err) {
		r.Connections.RequestRecheck(r.open)
	}
	if wait := held(r.open); wait > 0 {
		return wait // The provider has said when.
	}
	if !done.failing && ctx.Err() == nil {
		logger.Error(err, "remote changes of tickets cannot be found at the moment; it is tried again", "work", kind)
		done.failing = true
	}
	r.backoff.Next(key, r.Clock.Now())
	return min(r.backoff.Get(key), connection.PollInterval(r.integration))
}

func backoffKey(name types.NamespacedName, kind string) string { return kind + " " + name.String() }

// isMissing tells whether the remote ticket is known to be gone. Such a Ticket looks
// for it by itself, at a pace of its own.
func isMissing(ticket *v1alpha1.Ticket) bool {
	ready := meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionReady)
	return ticket.Status.Missing || (ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing)
}

// isOurs tells whether the ticket has the tag of all tickets that were created through
// the Integration.
func (r *run) isOurs(ticket *v1alpha1.Ticket) bool {
	return ticket.Status.Remote != nil && synqly.HasTag(ticket.Status.Remote.Tags, r.groupTag)
}

// scopeOf is the scope that shows a ticket, if its listing does.
func (r *run) scopeOf(ticket *v1alpha1.Ticket) scope {
	if r.state.abilities.usable(tagFilter) && r.isOurs(ticket) {
		return scope{tag: r.groupTag}
	}
	if project := projectOf(ticket); project != "" && r.state.abilities.usable(projectFilter) {
		return scope{project: project}
	}
	return scope{}
}

// place is the scope by which a ticket is polled; none where it is fetched by itself.
func (r *run) place(ticket *v1alpha1.Ticket) scope {
	found := r.scopeOf(ticket)
	if known := r.state.sweeps[found]; known != nil && known.byTicket {
		return scope{}
	}
	if known := r.state.records[ticket.Status.ID]; known != nil && known.unlisted == found {
		return scope{}
	}
	return found
}

// look compares a ticket of an answer with the objects that stand for it.
func (r *run) look(shown *synqly.Ticket, in scope) {
	known := r.state.records[shown.ID]
	if known == nil || r.byID[shown.ID] == nil {
		return
	}
	known.confirmed, known.tried, known.unreadable = r.Clock.Now(), time.Time{}, false
	if known.unlisted == in {
		known.unlisted = scope{}
	}
	r.compare(shown.ID, shown)
}

func (r *run) compare(id string, shown *synqly.Ticket) {
	for _, ticket := range r.byID[id] {
		if r.Changed(ticket, shown, r.integration) {
			r.report(ticket, shown)
		}
	}
}

// report hands a sighting over, unless it, or a later one, has been handed over and not
// been written down yet. Nothing is shown where the ticket seems to be gone.
func (r *run) report(ticket *v1alpha1.Ticket, shown *synqly.Ticket) {
	name := client.ObjectKeyFromObject(ticket)
	open := r.Sightings.Open(name)
	if open != nil && open.UID == ticket.UID && open.ID == ticket.Status.ID && covers(open.Remote, shown) {
		return
	}
	sighting := remote.Observation[synqly.Ticket]{Object: name, UID: ticket.UID, ID: ticket.Status.ID}
	if shown != nil {
		seen := *shown
		sighting.Remote = &seen
	}
	r.Sightings.Report(sighting)
	remoteChangesTotal.WithLabelValues(r.name.Namespace, r.name.Name).Inc()
}

// covers tells whether what was handed over says what is shown now. A search may show a
// ticket as it was before it was fetched.
func covers(handedOver, shown *synqly.Ticket) bool {
	if handedOver == nil || shown == nil {
		return handedOver == shown
	}
	if handedOver.UpdatedAt.Raw == shown.UpdatedAt.Raw {
		return true
	}
	return !shown.UpdatedAt.IsZero() && handedOver.UpdatedAt.After(shown.UpdatedAt.Time)
}

// pollingStatus is what is known of how remote changes are looked for.
func (r *run) pollingStatus() v1alpha1.PollingStatus {
	abilities := r.state.abilities
	found := v1alpha1.PollingStatus{
		TagFilter: abilities[tagFilter], ProjectFilter: abilities[projectFilter],
		UpdatedAtFilter: abilities[updatedAtFilter], Order: abilities[order],
	}
	ours, others := map[v1alpha1.PollingMethod]int{}, map[v1alpha1.PollingMethod]int{}
	for _, ticket := range r.tickets {
		if isMissing(ticket) {
			continue
		}
		in := r.place(ticket)
		known := r.state.sweeps[in]
		method := methodOf(in, known != nil && abilities.works(updatedAtFilter) && !known.endless[updatedAtFilter])
		if r.isOurs(ticket) {
			ours[method]++
		} else {
			others[method]++
		}
	}
	found.Method, found.OtherMethod = mostUsed(ours), mostUsed(others)
	if found.Method == "" {
		found.Method = abilities.prospect()
	}
	return found
}

// mostUsed is the method of most tickets; empty where there are none.
func mostUsed(counts map[v1alpha1.PollingMethod]int) v1alpha1.PollingMethod {
	var most v1alpha1.PollingMethod
	for _, method := range []v1alpha1.PollingMethod{v1alpha1.PollingChangedSince, v1alpha1.PollingOurs, v1alpha1.PollingProjects, v1alpha1.PollingTickets} {
		if counts[method] > counts[most] {
			most = method
		}
	}
	return most
}
