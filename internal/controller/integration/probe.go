// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// probe is the latest check of a connection by this process.
type probe struct {
	at time.Time
	// inputs are what it rested on, as probeInputs names them.
	inputs string
	err    error
	// written: what came of it is in the status, or was.
	written bool
}

// probe asks the provider for its projects and fields and puts them into the status.
func (r *Reconciler) probe(ctx context.Context, integration *v1alpha1.Integration, open *connection.Connection) error {
	projects, err := usable(open.ListProjects(ctx, synqly.PageQuery{}))
	if err != nil && !synqly.IsUnsupported(err) {
		return fmt.Errorf("listing the projects: %w", err)
	}
	fields, err := usable(open.ListRemoteFields(ctx))
	if err != nil && !synqly.IsUnsupported(err) {
		return fmt.Errorf("listing the remote fields: %w", err)
	}
	shown := &integration.Status
	shown.ProjectCount, shown.RemoteFieldCount = int32(len(projects)), int32(len(fields)) // #nosec G115 -- bounded by the client's pages
	shown.Projects = nil
	for _, project := range projects[:min(len(projects), maxProjects)] {
		shown.Projects = append(shown.Projects, v1alpha1.Project{ID: status.Truncate(project.ID, 255), Name: status.Truncate(project.Name, 255)})
	}
	return nil
}

// check opens the connection and probes it if that is due. It returns how the connection is, and
// when to check again; an error is one of the API server.
func (r *Reconciler) check(ctx context.Context, integration *v1alpha1.Integration) (health, time.Duration, error) {
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
	remaining := r.untilProbe(name, integration, open, last)
	ready := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady)
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
func recordLearned(integration *v1alpha1.Integration, open *connection.Connection) {
	integration.Status.TokenVersion = open.TokenVersion
	if markers := open.MarkerTags(); markers != "" {
		integration.Status.MarkerTags = markers
	}
	if integration.Spec.Tagging == v1alpha1.TaggingNever {
		integration.Status.MarkerTags = "" // It is found out anew once tags are sent again.
	}
	if polling := open.Polling(); polling != nil {
		integration.Status.Polling = polling
	}
}

// probeInputs names all that the result of a probe rests on: with any of it changed, the connection
// is probed at once.
func probeInputs(integration *v1alpha1.Integration, open *connection.Connection) string {
	return fmt.Sprintf("%s/%d/%s/%s", integration.UID, integration.Generation, open.TokenVersion, integration.Annotations[v1alpha1.SyncRequestedAnnotation])
}

// probeNow probes the connection and remembers what came of it.
func (r *Reconciler) probeNow(ctx context.Context, name types.NamespacedName, integration *v1alpha1.Integration, open *connection.Connection, inputs string) (health, time.Duration, error) {
	open.RecheckStarted()
	err := r.probe(ctx, integration, open)
	r.remember(name, probe{at: r.Clock.Now(), inputs: inputs, err: err})
	found := healthOf(err)
	switch {
	case err == nil:
		r.backoff.DeleteEntry(name.String())
		return found, connection.WithJitter(connection.PollInterval(integration)), nil
	case found.again > 0:
		return found, found.again, nil
	}
	r.backoff.Next(name.String(), r.Clock.Now())
	return found, r.backoff.Get(name.String()), nil
}

// untilProbe is how long the latest probe is still good for.
func (r *Reconciler) untilProbe(name types.NamespacedName, integration *v1alpha1.Integration, open *connection.Connection, last probe) time.Duration {
	found := healthOf(last.err)
	interval := connection.PollInterval(integration)
	switch {
	case last.err == nil && open.RecheckAsked():
		interval = recheckInterval
	case found.refused:
		interval = refusedInterval
	case found.again > 0:
		interval = found.again
	case last.err != nil:
		interval = r.backoff.Get(name.String())
	}
	return last.at.Add(interval).Sub(r.Clock.Now())
}

// usable collects the items of a list that can be read. Nothing rests on a project or a field that
// is missing, so an odd one is no reason to do without the connection.
func usable[T any](pages iter.Seq2[synqly.Page[T], error]) ([]T, error) {
	var items []T
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
	}
	return items, nil
}

func (r *Reconciler) lastProbe(name types.NamespacedName) (probe, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.probes[name]
	return last, known
}

// wrote notes that the result of the latest probe is in the status.
func (r *Reconciler) wrote(name types.NamespacedName, found health) {
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
