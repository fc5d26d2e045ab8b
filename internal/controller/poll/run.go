// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// work is a part of a run that fails and backs off by itself.
type work string

const (
	polling  work = "polling"
	fetching work = "fetching"
)

// run is one reconcile of one Integration that has something to do.
type run struct {
	*Poller
	name        types.NamespacedName
	integration connection.Integration
	connection  *connection.Connection
	state       *state
	// interval is the Integration's pollInterval.
	interval time.Duration

	// tickets are those that are polled; byID are the same by their remote ID, which several can
	// have. They are the cache's own and must not be changed.
	tickets []*v1alpha1.Ticket
	byID    map[string][]*v1alpha1.Ticket
}

// do is the run from top to bottom. A failure of the provider is no error of it: it is logged, and
// the work tried again when the schedule says.
func (r *run) do(ctx context.Context) error {
	if err := r.readTickets(ctx); err != nil {
		return err
	}
	if err := r.poll(ctx); !synqly.IsAccessDenied(err) {
		r.fetch(ctx)
	}
	r.schedule()
	return nil
}

// readTickets finds the Tickets that are polled.
func (r *run) readTickets(ctx context.Context) error {
	recorded, admission := connection.Recorded(r.name), connection.NewAdmission(r.Namespaces, r.integration)
	r.byID = map[string][]*v1alpha1.Ticket{}
	var paused []string
	var failure error
	// There may be many of them. A write of this process that the cache does not show yet makes a
	// change be reported once more, no worse.
	err := lister.EachMatching(ctx, r.Client, &v1alpha1.TicketList{}, r.name.Namespace, remote.IndexIntegration, recorded, func(ticket *v1alpha1.Ticket) {
		if failure != nil || ticket.Status.ID == "" || ticket.Status.Integration != recorded || !ticket.DeletionTimestamp.IsZero() {
			return
		}
		admitted, err := admission.Admits(ctx, ticket.Namespace)
		switch {
		case err != nil:
			failure = err
		case !admitted, status.IsPaused(ticket):
			paused = append(paused, ticket.Status.ID)
		default:
			r.tickets = append(r.tickets, ticket)
			r.byID[ticket.Status.ID] = append(r.byID[ticket.Status.ID], ticket)
		}
	}, client.DisableReadYourWritesConsistency)
	if err != nil {
		return fmt.Errorf("listing the Tickets: %w", err)
	}
	if failure != nil {
		return failure
	}
	r.state.track(r.byID, paused, r.Clock.Now())
	return nil
}

// poll asks for the changes in every scope, if that is due.
func (r *run) poll(ctx context.Context) error {
	now := r.Clock.Now()
	if now.Before(r.state.nextPoll) {
		return nil
	}
	r.state.beginPoll(now, r.interval)
	err := r.scanScopes(ctx)
	again := r.finish(ctx, polling, err, connection.WithJitter(r.interval))
	r.state.endPoll(r.Clock.Now(), again, err)
	if err == nil {
		r.showStatus()
		notePoll(r.name, r.Clock.Now())
	}
	return err
}

// fetch fetches a batch of the tickets that no query shows, if one is due.
func (r *run) fetch(ctx context.Context) {
	now := r.Clock.Now()
	if now.Before(r.state.nextBatch) || throttledFor(r.connection.Held()) > 0 || ctx.Err() != nil {
		return
	}
	ids := r.state.dueTickets(r.tickets, now, r.interval)
	if len(ids) == 0 {
		return
	}
	size, pause := batchOf(connection.RateLimit(r.integration).RequestsPerSecond)
	err := r.fetchBatch(ctx, ids[:min(size, len(ids))])
	again := r.finish(ctx, fetching, err, pause)
	r.state.nextBatch = r.Clock.Now().Add(again)
}

// schedule decides when the next ticket has to be fetched; the next poll is decided already.
func (r *run) schedule() {
	r.state.nextFetch = r.state.nextFetchOf(r.tickets, r.Clock.Now(), r.interval)
}

// showStatus hands over what status.polling of the Integration shows.
func (r *run) showStatus() {
	if status := r.state.pollingStatus(r.tickets); status != (v1alpha1.PollingStatus{}) {
		r.connection.SetPolling(status)
	}
}

// finish notes how a piece of work ended. It returns after what time the work goes on: usual, and
// after a failure the backoff. The log says when it begins to fail and when it works again, and
// nothing in between.
func (r *run) finish(ctx context.Context, kind work, err error, usual time.Duration) time.Duration {
	logger := log.FromContext(ctx)
	key := backoffKey(r.name, kind)
	if err == nil {
		if r.state.failing[kind] {
			logger.Info("remote changes of tickets are found again", "work", string(kind))
		}
		r.state.failing[kind] = false
		r.backoff.DeleteEntry(key)
		return usual
	}
	if errors.Is(err, connection.ErrInterrupted) {
		return connection.AfterInterruption
	}
	if synqly.IsAccessDenied(err) || synqly.IsBlocked(err) {
		r.Connections.RequestRecheck(r.connection)
	}
	if wait := throttledFor(r.connection.Held()); wait > 0 {
		return wait // The provider has said when.
	}
	// That its own time is over is news; that the manager ends is not.
	if !r.state.failing[kind] && !errors.Is(ctx.Err(), context.Canceled) {
		logger.Error(err, "remote changes of tickets cannot be found at the moment; it is tried again", "work", string(kind))
		r.state.failing[kind] = true
	}
	r.backoff.Next(key, r.Clock.Now())
	return min(r.backoff.Get(key), r.interval)
}

func backoffKey(name types.NamespacedName, kind work) string {
	return string(kind) + " " + name.String()
}
