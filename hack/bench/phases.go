// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const (
	// clients is how many requests the bench sends at the same time.
	clients = 16
	// mostBare is how many Tickets are enough to know the API server's rate.
	mostBare = 2000
	// probesBehindBacklog is how many new Tickets are created, one after the other, of each tenant.
	probesBehindBacklog = 10
)

func watchFrom(version string) *metav1.ListOptions {
	return &metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true}
}

// newTicket is a Ticket as people write them.
func newTicket(namespace, name string) *v1alpha1.Ticket {
	return &v1alpha1.Ticket{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"team": "checkout"}},
		Spec: v1alpha1.TicketSpec{
			Summary:     "p99 of checkout is above 2 s: " + name,
			Description: strings.Repeat("The latency of the service checkout has been above its objective for 10 minutes. ", 5),
			Tags:        []string{"checkout", "latency"},
		},
	}
}

// inParallel does something for each of the numbers below count.
func inParallel(ctx context.Context, count int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for i := range count {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// takeTemplate has the operator create one ticket, to know what it writes, and ends it.
func (b *bench) takeTemplate(ctx context.Context) error {
	b.say("Looking at what the operator writes for a Ticket")
	tracked, cancel := context.WithCancel(ctx)
	b.stopTracking = cancel
	watching, err := track(tracked, b.client)
	if err != nil {
		return err
	}
	b.tickets = watching
	if err := b.startManager(ctx); err != nil {
		return err
	}
	if b.template, err = b.createOne(ctx, templateNamespace); err != nil {
		return err
	}
	if b.inSync > 0 {
		if b.original, err = b.createOne(ctx, busyNamespace); err != nil {
			return err
		}
	}
	b.result.StatusBytes, b.result.ObjectBytes = sizesOf(b.template)
	if err := b.write("ticket.json", b.template); err != nil {
		return err
	}
	err = b.await(ctx, "the Event of the Ticket", func(ctx context.Context) (bool, error) {
		var events corev1.EventList
		if err := b.client.List(ctx, &events, client.InNamespace(templateNamespace)); err != nil {
			return false, err
		}
		for i := range events.Items {
			if events.Items[i].InvolvedObject.Kind == "Ticket" {
				b.event = &events.Items[i]
			}
		}
		return b.event != nil, nil
	})
	if err != nil {
		return err
	}
	return b.manager.Stop()
}

// createOne has the operator create the first ticket of a namespace, and returns its object.
func (b *bench) createOne(ctx context.Context, namespace string) (*v1alpha1.Ticket, error) {
	ticket := newTicket(namespace, "template")
	if err := b.client.Create(ctx, ticket); err != nil {
		return nil, fmt.Errorf("creating a Ticket: %w", err)
	}
	if err := b.awaitReady(ctx, namespace, 1, 1); err != nil {
		return nil, err
	}
	if err := b.client.Get(ctx, client.ObjectKeyFromObject(ticket), ticket); err != nil {
		return nil, fmt.Errorf("reading the Ticket: %w", err)
	}
	return ticket, nil
}

// measureAPIServer has a bare client write what the operator does for the same Tickets, and nothing
// else: it creates a Ticket, and then patches its metadata and its status and creates an Event. It
// does so before the operator creates Tickets and after that, because the API server is slower with
// more of them. The operator must not run.
func (b *bench) measureAPIServer(ctx context.Context) error {
	count := min(b.created(), mostBare)
	if err := b.awaitControlPlane(ctx); err != nil {
		return err
	}
	b.say("Writing the same for %d Tickets without the operator", count)
	before, started := b.readCPU(), time.Now()
	if err := inParallel(ctx, count, func(ctx context.Context, i int) error {
		return b.writeBare(ctx, fmt.Sprintf("bare-%d-%d", len(b.result.Bare), i))
	}); err != nil {
		return fmt.Errorf("writing without the operator: %w", err)
	}
	run := bareRun{Tickets: count, Seconds: time.Since(started).Seconds(), CPU: b.readCPU().since(before)}
	b.result.Bare = append(b.result.Bare, run)
	b.say("The API server takes %.1f Tickets a second", b.result.Bare.perSecond())
	if err := b.client.DeleteAllOf(ctx, &v1alpha1.Ticket{}, client.InNamespace(bareNamespace)); err != nil {
		return fmt.Errorf("deleting the Tickets: %w", err)
	}
	return nil
}

func (b *bench) writeBare(ctx context.Context, name string) error {
	ticket := newTicket(bareNamespace, name)
	if err := b.client.Create(ctx, ticket); err != nil {
		return err
	}
	before := ticket.DeepCopy()
	ticket.Annotations = b.template.Annotations
	if err := b.client.Patch(ctx, ticket, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	before = ticket.DeepCopy()
	b.template.Status.DeepCopyInto(&ticket.Status)
	if err := b.client.Status().Patch(ctx, ticket, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	event := b.event.DeepCopy()
	event.ObjectMeta = metav1.ObjectMeta{Namespace: bareNamespace, Name: name}
	event.InvolvedObject.Namespace, event.InvolvedObject.Name, event.InvolvedObject.UID = bareNamespace, name, ticket.UID
	return b.client.Create(ctx, event)
}

// created is how many tickets the operator creates.
func (b *bench) created() int { return b.result.Tickets - b.result.InSync }

// measureCreation has the operator create the tickets.
func (b *bench) measureCreation(ctx context.Context) error {
	if err := b.startManager(ctx); err != nil {
		return err
	}
	if err := b.awaitReady(ctx, busyNamespace, 1, b.present); err != nil { // as the watch of the bench shows them
		return err
	}
	if err := b.awaitRest(ctx); err != nil {
		return err
	}
	b.say("Creating %d Tickets", b.created())
	before, err := b.read(ctx)
	if err != nil {
		return err
	}
	profiled := b.recordProfile(ctx)
	started := time.Now()
	err = inParallel(ctx, b.created(), func(ctx context.Context, i int) error {
		ticket := newTicket(busyNamespace, fmt.Sprintf("ticket-%d", i))
		b.tickets.apply(client.ObjectKeyFromObject(ticket), 1)
		return b.client.Create(ctx, ticket)
	})
	if err != nil {
		return fmt.Errorf("creating the Tickets: %w", err)
	}
	b.result.SecondsToApply = time.Since(started).Seconds()
	if err := b.awaitReady(ctx, busyNamespace, 1, b.present+b.created()); err != nil {
		return err
	}
	latencies, last := b.tickets.latencies(busyNamespace, func(string) bool { return true })
	b.result.SecondsToReady = last.Sub(started).Seconds()
	b.result.ReadyPerSecond = float64(b.created()) / b.result.SecondsToReady
	b.result.ReadyP50, b.result.ReadyP99 = percentile(latencies, 50), percentile(latencies, 99)
	if err := <-profiled; err != nil {
		return err
	}
	if err := b.awaitRest(ctx); err != nil { // The Events come last.
		return err
	}
	after, err := b.read(ctx)
	if err != nil {
		return err
	}
	b.result.RemotePerTicket = float64(after.remote.since(before.remote).total()) / float64(b.created())
	b.result.ObjectWritesPerTicket = float64(after.writes.since(before.writes, objectWrites...)) / float64(b.created())
	b.result.EventsPerTicket = float64(after.writes.since(before.writes, "POST events")) / float64(b.created())
	b.result.CPUPerTicket = after.cpu.since(before.cpu).per(b.created())
	b.result.PeakMemory, _ = memory(b.manager.PID())
	return nil
}

// objectWrites are what the operator writes of Tickets; nobody else patches any.
var objectWrites = []string{"PATCH tickets", "PATCH tickets/status"}

// recordProfile records a CPU profile while the tickets are created, if one is wanted.
func (b *bench) recordProfile(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	if !b.profile {
		done <- nil
		return done
	}
	// About as long as it takes to create them.
	seconds := int(min(60, max(5, 0.8*float64(b.created())/b.result.Bare.perSecond())))
	go func() {
		profile, err := get(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.pprof, seconds))
		if err == nil {
			err = os.WriteFile(filepath.Join(b.folder, "cpu.pprof"), []byte(profile), 0o600)
		}
		if err != nil {
			err = fmt.Errorf("recording the CPU profile: %w", err)
		}
		done <- err
	}()
	return done
}

// reading is what the programs have done so far.
type reading struct {
	writes writes
	remote requests
	cpu    cpuTimes
}

func (b *bench) read(ctx context.Context) (reading, error) {
	r := reading{cpu: b.readCPU()}
	var err error
	if r.writes, err = b.countWrites(ctx); err != nil {
		return r, err
	}
	r.remote, err = b.countRemote(ctx)
	return r, err
}

// awaitControlPlane waits until the control plane has nothing to do: after many objects were
// written, it has its caches to fill.
func (b *bench) awaitControlPlane(ctx context.Context) error {
	const most = 0.2
	before := b.readCPU()
	return b.awaitCalm(ctx, "the control plane", func() (bool, error) {
		now := b.readCPU()
		used := now.since(before)
		before = now
		return used.APIServer != nil && *used.APIServer > most || used.Etcd != nil && *used.Etcd > most, nil
	})
}

// awaitRest waits until the manager has nothing to do: it takes next to no CPU, and sends nothing.
func (b *bench) awaitRest(ctx context.Context) error {
	const most = 0.1
	before, err := b.read(ctx)
	if err != nil {
		return err
	}
	return b.awaitCalm(ctx, "the manager", func() (bool, error) {
		now, err := b.read(ctx)
		if err != nil {
			return false, err
		}
		used, sent := now.cpu.since(before.cpu).Manager, now.remote.since(before.remote).total()
		wrote := now.writes.since(before.writes, append(objectWrites, "POST events")...)
		before = now
		return used != nil && *used > most || sent > 0 || wrote > 0, b.checkPrograms()
	})
}

// awaitCalm waits until something has not been busy for three seconds, as it is asked in each.
func (b *bench) awaitCalm(ctx context.Context, what string, isBusy func() (bool, error)) error {
	const calm, tick = 3, time.Second
	for quiet := 0; quiet < calm; quiet++ {
		if err := pause(ctx, tick); err != nil {
			return fmt.Errorf("waiting until %s has nothing to do: %w", what, err)
		}
		busy, err := isBusy()
		if err != nil {
			return err
		}
		if busy {
			quiet = -1
		}
	}
	return nil
}

// measureRest leaves the manager alone, with all tickets in sync, and then has it poll.
func (b *bench) measureRest(ctx context.Context) error {
	b.say("Leaving the operator alone for %s", b.atRest)
	if err := pause(ctx, b.atRest); err != nil {
		return err
	}
	_, b.result.RestingMemory = memory(b.manager.PID())

	b.say("Polling every %s", shortPollInterval)
	if err := b.configurePolls(ctx, shortPollInterval, "1s"); err != nil {
		return err
	}
	// The first poll with a new configuration lists everything, and comes with a delay.
	if err := pause(ctx, 3*shortPollInterval); err != nil {
		return err
	}
	var err error
	if b.result.PollAfterBurst, err = b.measurePolls(ctx); err != nil {
		return err
	}
	if err := b.editRemotely(ctx, "ticket-0"); err != nil {
		return err
	}
	if err := pause(ctx, 2*shortPollInterval); err != nil { // One poll finds the change.
		return err
	}
	if b.result.Poll, err = b.measurePolls(ctx); err != nil {
		return err
	}
	return b.configurePolls(ctx, pollInterval, "2m")
}

// measurePolls sees what some polls cost, one of them on average.
func (b *bench) measurePolls(ctx context.Context) (pollCost, error) {
	const polls = 3
	before, err := b.read(ctx)
	if err != nil {
		return pollCost{}, err
	}
	if err := pause(ctx, polls*shortPollInterval); err != nil {
		return pollCost{}, err
	}
	after, err := b.read(ctx)
	if err != nil {
		return pollCost{}, err
	}
	sent := after.remote.since(before.remote)
	return pollCost{
		Requests: float64(sent.total()) / polls, Operations: sent, CPU: after.cpu.since(before.cpu).per(polls).Manager,
		Writes: float64(after.writes.since(before.writes, objectWrites...)) / polls,
	}, nil
}

// configurePolls sets what polls of the Integration with the tickets depend on.
func (b *bench) configurePolls(ctx context.Context, interval time.Duration, settlePeriod string) error {
	integration := &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: busyNamespace, Name: "default"}}
	patch := fmt.Appendf(nil, `{"spec":{"pollInterval":%q,"settlePeriod":%q}}`, interval, settlePeriod)
	if err := b.client.Patch(ctx, integration, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		return fmt.Errorf("configuring the polls: %w", err)
	}
	return nil
}

// editRemotely changes the remote ticket of a Ticket, as a person does.
func (b *bench) editRemotely(ctx context.Context, name string) error {
	var ticket v1alpha1.Ticket
	if err := b.client.Get(ctx, client.ObjectKey{Namespace: busyNamespace, Name: name}, &ticket); err != nil {
		return fmt.Errorf("reading a Ticket: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, b.simulatorURL+"/simulator/tickets/"+ticket.Status.ID, strings.NewReader(`{"status":"In Progress"}`))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if _, err := send(http.DefaultClient, request); err != nil {
		return fmt.Errorf("editing a remote ticket: %w", err)
	}
	return nil
}

// measureBacklog edits tickets, and sees how long new ones take meanwhile, of the same Integration
// and of another tenant.
func (b *bench) measureBacklog(ctx context.Context) error {
	b.say("Editing %d Tickets, and creating new ones behind them", b.backlog)
	err := inParallel(ctx, b.backlog, func(ctx context.Context, i int) error {
		ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: busyNamespace, Name: fmt.Sprintf("ticket-%d", i)}}
		b.tickets.apply(client.ObjectKeyFromObject(ticket), 2)
		return b.client.Patch(ctx, ticket, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"summary":"p99 of checkout is above 5 s"}}`)))
	})
	if err != nil {
		return fmt.Errorf("editing the Tickets: %w", err)
	}
	if b.result.Backlog, err = b.openEdits(); err != nil {
		return err
	}
	for i := range probesBehindBacklog {
		if err := b.createNew(ctx, busyNamespace, i, b.present+b.created()+i+1); err != nil {
			return err
		}
		if err := b.createNew(ctx, quietNamespace, i, i+1); err != nil {
			return err
		}
	}
	if b.result.BacklogLeft, err = b.openEdits(); err != nil {
		return err
	}
	isNew := func(name string) bool { return strings.HasPrefix(name, "new-") }
	behind, _ := b.tickets.latencies(busyNamespace, isNew)
	beside, _ := b.tickets.latencies(quietNamespace, isNew)
	b.result.BehindP50, b.result.BehindMax = percentile(behind, 50), percentile(behind, 100)
	b.result.BesideP50, b.result.BesideMax = percentile(beside, 50), percentile(beside, 100)
	return b.awaitReady(ctx, busyNamespace, 2, b.backlog)
}

// openEdits is how many of the edited tickets are not Ready again.
func (b *bench) openEdits() (int, error) {
	done, err := b.tickets.countReady(busyNamespace, 2)
	return b.backlog - done, err
}

// createNew creates a Ticket and waits until as many as there are then are Ready.
func (b *bench) createNew(ctx context.Context, namespace string, number, total int) error {
	ticket := newTicket(namespace, fmt.Sprintf("new-%d", number))
	b.tickets.apply(client.ObjectKeyFromObject(ticket), 1)
	if err := b.client.Create(ctx, ticket); err != nil {
		return fmt.Errorf("creating a Ticket behind the others: %w", err)
	}
	return b.awaitReady(ctx, namespace, 1, total)
}

// measureRestart starts the manager anew, with all tickets in sync.
func (b *bench) measureRestart(ctx context.Context) error {
	if err := b.awaitRest(ctx); err != nil {
		return err
	}
	if err := b.manager.Stop(); err != nil {
		return err
	}
	if err := b.measureAPIServer(ctx); err != nil {
		return err
	}
	b.say("Starting the operator anew, with all Tickets in sync")
	before, err := b.read(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	if err := b.startManager(ctx); err != nil {
		return err
	}
	if err := b.awaitRest(ctx); err != nil {
		return err
	}
	after, err := b.read(ctx)
	if err != nil {
		return err
	}
	b.result.RestartSeconds = time.Since(started).Seconds()
	b.result.RestartRequests = after.remote.since(before.remote)
	b.result.RestartRemote = b.result.RestartRequests.total()
	b.result.RestartWrites = after.writes.since(before.writes, objectWrites...)
	b.result.RestartCPU = after.cpu.Manager
	if err := pause(ctx, b.atRest); err != nil {
		return err
	}
	b.result.RestartPeakMemory, b.result.RestartMemory = memory(b.manager.PID())
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
