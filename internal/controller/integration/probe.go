// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// probe is the latest check of a connection by this process.
type probe struct {
	at time.Time
	// inputs are what it rested on, as probeInputs names them.
	inputs string
	err    error
	// since is when the first of the checks in a row was that failed.
	since time.Time
	// again is when the next one is, unless something asks for it earlier.
	again time.Duration
	// written: what came of it is in the status, or was.
	written bool
}

// probe asks the provider for its projects, and for its fields where they are to be read again or
// anew, and puts them into the status.
func (r *Reconciler) probe(ctx context.Context, integration connection.Integration, open *connection.Connection, anew bool) error {
	var shown []v1alpha1.Project
	projects := providermetadata.NewProjects()
	projectCount, err := readUsable(open.ListProjects(ctx, synqly.PageQuery{}), func(page synqly.Page[synqly.Project]) {
		projects.Add(page)
		for _, project := range page.Items[:min(len(page.Items), maxProjects-len(shown))] {
			shown = append(shown, v1alpha1.Project{ID: status.Truncate(project.ID, 255), Name: status.Truncate(project.Name, 255)})
		}
	})
	switch {
	case synqly.IsUnsupported(err):
		projects, shown = providermetadata.NewProjects(), nil
	case err != nil:
		return fmt.Errorf("listing the projects: %w", err)
	}
	fields := open.Metadata().Fields()
	if fields == nil || anew || !r.Clock.Now().Before(fields.ReadAgain) {
		if fields, err = r.readFields(ctx, open); err != nil {
			return err
		}
	}
	r.Connections.SetMetadata(open, providermetadata.New(projects, fields))
	into := integration.ConnectionStatus()
	into.ProjectCount, into.RemoteFieldCount = projectCount, countOf(fields.Count())
	into.Projects = shown
	return nil
}

// readFields reads the fields of all projects. A provider that does not list them has none.
func (r *Reconciler) readFields(ctx context.Context, open *connection.Connection) (*providermetadata.Fields, error) {
	fields := providermetadata.NewFields(r.Clock.Now().Add(connection.WithJitter(fieldsInterval)))
	_, err := readUsable(open.ListRemoteFields(ctx), fields.Add)
	switch {
	case synqly.IsUnsupported(err):
		fields = providermetadata.NewFields(fields.ReadAgain)
	case err != nil:
		return nil, fmt.Errorf("listing the remote fields: %w", err)
	}
	fields.Complete()
	return fields, nil
}

// check opens the connection and probes it if that is due. It returns how the connection is, and
// when to check again; an error is one of the API server, or connection.ErrInterrupted.
func (r *Reconciler) check(ctx context.Context, integration connection.Integration) (health, time.Duration, error) {
	if wrong := wrongSelector(integration); wrong != nil {
		found := healthOf(wrong)
		return found, found.again, nil
	}
	open, err := r.Connections.Open(ctx, integration)
	var secret *connection.SecretError
	switch {
	case errors.As(err, &secret) && secret.Temporary():
		return health{}, 0, err
	case err != nil:
		found := healthOf(err)
		return found, found.again, nil
	}
	recordLearned(integration, open)
	name, inputs := client.ObjectKeyFromObject(integration), probeInputs(integration, open)
	last, known := r.lastProbe(name)
	if !known || last.inputs != inputs {
		return r.probeNow(ctx, name, integration, open, inputs)
	}
	remaining := r.untilProbe(integration, open, last)
	ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	if remaining > 0 && last.written && ready != nil && ready.Reason != healthOf(last.err).reason {
		// Another process has come to another result. Writing this one's old result over it would
		// go back and forth; a new check decides.
		if remaining = last.at.Add(recheckInterval).Sub(r.Clock.Now()); remaining > 0 {
			return health{status: ready.Status, reason: ready.Reason, message: ready.Message}, remaining, nil
		}
	}
	if remaining <= 0 {
		return r.probeNow(ctx, name, integration, open, inputs)
	}
	found := healthOf(last.err)
	if found.refused {
		// The token may have been renewed by then, in a Secret that cannot be watched.
		remaining = min(remaining, secretInterval)
	}
	return found, remaining, nil
}

// recordLearned shows in the status what objects and polls have learned through the connection.
func recordLearned(integration connection.Integration, open *connection.Connection) {
	integration.ConnectionStatus().TokenVersion = open.TokenVersion
	if markers := open.MarkerTags(); markers != "" {
		integration.ConnectionStatus().MarkerTags = markers
	}
	if integration.ConnectionSpec().Tagging == v1alpha1.TaggingNever {
		integration.ConnectionStatus().MarkerTags = "" // It is found out anew once tags are sent again.
	}
	if polling := open.PollingNews(); polling != nil {
		integration.ConnectionStatus().Polling = polling
	} else if integration.ConnectionStatus().Polling == nil {
		integration.ConnectionStatus().Polling = open.Polling()
	}
}

// probeInputs names all that the result of a probe rests on: with any of it changed, the connection
// is probed at once.
func probeInputs(integration connection.Integration, open *connection.Connection) string {
	return fmt.Sprintf("%s/%d/%s/%s", integration.GetUID(), integration.GetGeneration(), open.TokenVersion, integration.GetAnnotations()[v1alpha1.SyncRequestedAnnotation])
}

// probeNow probes the connection and remembers what came of it.
func (r *Reconciler) probeNow(ctx context.Context, name types.NamespacedName, integration connection.Integration, open *connection.Connection, inputs string) (health, time.Duration, error) {
	open.RecheckStarted()
	limited, cancel := context.WithTimeout(ctx, open.WorkTimeout())
	defer cancel()
	before, known := r.lastProbe(name)
	err := r.probe(connection.Check(limited), integration, open, !known || before.inputs != inputs)
	if errors.Is(err, connection.ErrInterrupted) {
		return health{}, 0, err // It says nothing about the Integration as it is now.
	}
	latest := probe{at: r.Clock.Now(), inputs: inputs, err: err}
	latest.since = latest.at
	if known && before.err != nil {
		latest.since = before.since
	}
	latest.again = untilNext(integration, open, latest)
	r.remember(name, latest)
	return healthOf(err), latest.again, nil
}

// untilNext is how long a probe is good for, unless something asks for another one.
func untilNext(integration connection.Integration, open *connection.Connection, latest probe) time.Duration {
	switch found := healthOf(latest.err); {
	case latest.err == nil:
		return connection.WithJitter(connection.PollInterval(integration))
	case found.again > 0:
		return found.again
	case found.reason == v1alpha1.ReasonThrottled:
		return max(open.HeldFor(), time.Second)
	}
	// A check during a hold is not sent, and would show another reason for the same outage.
	return max(connection.WithJitter(untilRecovery(latest.at.Sub(latest.since))), open.HoldLeft())
}

// untilRecovery is how long to wait before looking whether a provider that has not answered for so
// long does again. One request at a time, about every two seconds, harms no provider; that of a
// long outage is asked less often all the same.
func untilRecovery(outage time.Duration) time.Duration {
	return min(shortestOutageProbe+max(outage-longOutage, 0)/outageFraction, longestOutageProbe)
}

// untilProbe is how long the latest probe is still good for.
func (r *Reconciler) untilProbe(integration connection.Integration, open *connection.Connection, last probe) time.Duration {
	interval := last.again
	switch {
	case last.err == nil && open.Down():
		interval = doubtInterval
	case last.err == nil && open.RecheckAsked():
		interval = recheckInterval
	case last.err == nil:
		interval = connection.PollInterval(integration)
	case healthOf(last.err).refused:
		interval = refusedInterval
	}
	return last.at.Add(interval).Sub(r.Clock.Now())
}

// readUsable reads the pages of a list, and counts the items that can be read. A page is dropped
// before the next one is read: a list may be larger than memory. Nothing rests on a project or a
// field that is missing, so an odd one is no reason to do without the connection.
func readUsable[T any](pages iter.Seq2[synqly.Page[T], error], use func(synqly.Page[T])) (int32, error) {
	count := 0
	for page, err := range pages {
		if err != nil {
			return 0, err
		}
		use(page)
		count += len(page.Items)
	}
	return countOf(count), nil
}

// countOf is a count as the status takes it.
func countOf(items int) int32 {
	return int32(min(items, math.MaxInt32)) // #nosec G115 -- bounded in the line itself
}

func (r *Reconciler) lastProbe(name types.NamespacedName) (probe, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.probes[name]
	return last, known
}

// wrote notes that the result of the latest probe is in the status.
func (r *Reconciler) wrote(integration connection.Integration, found health) {
	name := client.ObjectKeyFromObject(integration)
	if open := r.Connections.Last(name); open != nil {
		open.PollingTold(integration.ConnectionStatus().Polling)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.probes[name]; known && healthOf(last.err).reason == found.reason {
		last.written = true
		r.probes[name] = last
	}
}

func (r *Reconciler) remember(name types.NamespacedName, latest probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes[name] = latest
}
