// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller holds the controllers: the Integration's, and an adapter each
// for Ticket, TicketComment and TicketNote, whose lifecycle is in the package remote.
package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const (
	// secretInterval is how often a Secret that is missing, or whose token was
	// refused, is read again. Secrets may only be got, so no watch tells.
	secretInterval = 5 * time.Second
	// refusedInterval is how often a token that was refused is tried again as it is.
	refusedInterval = 5 * time.Minute
	// doubtInterval is the shortest time between two checks that objects ask for
	// because they were refused.
	doubtInterval = 10 * time.Second
	// maxProjects is how many projects the status lists.
	maxProjects = 100
)

// IntegrationReconciler keeps the connection of each Integration open and says in
// its status how it is.
type IntegrationReconciler struct {
	Client      client.Client
	Connections *connection.Connections
	Recorder    events.EventRecorder
	Clock       clock.Clock

	backoff *flowcontrol.Backoff
	mu      sync.Mutex
	probes  map[types.NamespacedName]probe
}

// probe is the latest check of a connection by this process.
type probe struct {
	at time.Time
	// basis is what it rested on: with another one it is repeated at once.
	basis string
	err   error
	// written: what came of it is in the status, or was.
	written bool
}

// NewIntegrationReconciler returns the reconciler of Integrations.
func NewIntegrationReconciler(options remote.Options) *IntegrationReconciler {
	clk := options.Clock
	if clk == nil {
		clk = clock.RealClock{}
	}
	backoff := flowcontrol.NewBackOffWithJitter(2*time.Second, 2*time.Minute, 0.2)
	backoff.Clock = clk
	return &IntegrationReconciler{
		Client: options.Client, Connections: options.Connections, Recorder: options.Recorder, Clock: clk,
		backoff: backoff, probes: map[types.NamespacedName]probe{},
	}
}

// SetupIntegrations adds the controller of Integrations to the manager.
func SetupIntegrations(mgr ctrl.Manager, options remote.Options) error {
	doubts := source.TypedChannel(options.Connections.Doubts(), &handler.TypedEnqueueRequestForObject[*v1alpha1.Integration]{})
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Integration{}).
		WatchesRawSource(doubts).
		Watches(&v1alpha1.Ticket{}, wakeIntegrations(mgr.GetClient()), builder.WithPredicates(lastUse)).
		Watches(&v1alpha1.TicketComment{}, wakeIntegrations(mgr.GetClient()), builder.WithPredicates(lastUse)).
		Watches(&v1alpha1.TicketNote{}, wakeIntegrations(mgr.GetClient()), builder.WithPredicates(lastUse)).
		Complete(NewIntegrationReconciler(options))
}

// Reconcile opens the connection of one Integration, checks it when that is due, and
// writes down what came of it.
func (r *IntegrationReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var integration v1alpha1.Integration
	if err := r.Client.Get(ctx, request.NamespacedName, &integration); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the Integration: %w", err)
	}
	stored := integration.DeepCopy()
	if remote.IsPaused(&integration) {
		paused := health{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, message: "the connection is not checked because of the annotation " + v1alpha1.PausedAnnotation}
		return ctrl.Result{}, r.writeStatus(ctx, stored, &integration, paused)
	}
	if !integration.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, stored, &integration)
	}
	found, again, err := r.check(ctx, &integration)
	if err != nil {
		return ctrl.Result{}, err
	}
	if found.status == metav1.ConditionTrue {
		// Before anything can use it.
		if err := r.protect(ctx, stored, &integration); err != nil {
			return conflictLater(err)
		}
	}
	if err := r.writeStatus(ctx, stored, &integration, found); err != nil {
		return conflictLater(err)
	}
	return ctrl.Result{RequeueAfter: again}, nil
}

// check opens the connection and probes it if that is due. It returns how the
// connection is, and when to check again; an error is one of the API server.
func (r *IntegrationReconciler) check(ctx context.Context, integration *v1alpha1.Integration) (health, time.Duration, error) {
	name := client.ObjectKeyFromObject(integration)
	open, err := r.Connections.Open(ctx, integration)
	var secret *connection.SecretError
	switch {
	case errors.As(err, &secret) && secret.Temporary():
		return health{}, 0, err
	case err != nil:
		found := healthOf(err)
		return found, found.again, nil
	}
	integration.Status.TokenVersion = open.TokenVersion
	if markers := open.MarkerTags(); markers != "" {
		integration.Status.MarkerTags = markers
	}
	if polling := open.Polling(); polling != nil {
		integration.Status.Polling = polling
	}
	basis := fmt.Sprintf("%s/%d/%s/%s", integration.UID, integration.Generation, open.TokenVersion, integration.Annotations[v1alpha1.SyncRequestedAnnotation])
	if last, known := r.lastProbe(name); known && last.basis == basis {
		if remaining := r.untilProbe(name, integration, open, last); remaining > 0 {
			found := healthOf(last.err)
			if ready := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady); last.written && ready != nil && ready.Reason != found.reason {
				// Another process has come to another result. Writing this one's old
				// result over it would go back and forth; a new check decides.
				if remaining = last.at.Add(doubtInterval).Sub(r.Clock.Now()); remaining > 0 {
					return health{status: ready.Status, reason: ready.Reason, message: ready.Message}, remaining, nil
				}
				return r.probeNow(ctx, name, integration, open, basis)
			}
			if found.refused {
				// The token may have been renewed by then, in a Secret that cannot be watched.
				remaining = min(remaining, secretInterval)
			}
			return found, remaining, nil
		}
	}
	return r.probeNow(ctx, name, integration, open, basis)
}

// probeNow probes the connection and remembers what came of it.
func (r *IntegrationReconciler) probeNow(ctx context.Context, name types.NamespacedName, integration *v1alpha1.Integration, open *connection.Connection, basis string) (health, time.Duration, error) {
	open.DoubtAnswered()
	err := r.probe(ctx, integration, open)
	r.remember(name, probe{at: r.Clock.Now(), basis: basis, err: err})
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
func (r *IntegrationReconciler) untilProbe(name types.NamespacedName, integration *v1alpha1.Integration, open *connection.Connection, last probe) time.Duration {
	found := healthOf(last.err)
	interval := connection.PollInterval(integration)
	switch {
	case last.err == nil && open.Doubted():
		interval = doubtInterval
	case found.refused:
		interval = refusedInterval
	case found.again > 0:
		interval = found.again
	case last.err != nil:
		interval = r.backoff.Get(name.String())
	}
	return last.at.Add(interval).Sub(r.Clock.Now())
}

// probe asks the provider for its projects and fields and puts them into the status.
func (r *IntegrationReconciler) probe(ctx context.Context, integration *v1alpha1.Integration, open *connection.Connection) error {
	projects, err := usable(open.ListProjects(ctx, synqly.PageQuery{}))
	if err != nil && !synqly.IsUnsupported(err) {
		return fmt.Errorf("listing the projects: %w", err)
	}
	fields, err := usable(open.ListRemoteFields(ctx))
	if err != nil && !synqly.IsUnsupported(err) {
		return fmt.Errorf("listing the remote fields: %w", err)
	}
	status := &integration.Status
	status.ProjectCount, status.RemoteFieldCount = int32(len(projects)), int32(len(fields)) // #nosec G115 -- bounded by the client's pages
	status.Projects = nil
	for _, project := range projects[:min(len(projects), maxProjects)] {
		status.Projects = append(status.Projects, v1alpha1.Project{ID: remote.Truncate(project.ID, 255), Name: remote.Truncate(project.Name, 255)})
	}
	return nil
}

// usable collects the items of a list that can be read. Nothing rests on a project or a
// field that is missing, so an odd one is no reason to do without the connection.
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

// health is how a connection is, in the words of conditions.
type health struct {
	status          metav1.ConditionStatus
	reason, message string
	// stalled: nothing helps but a change of the spec.
	stalled bool
	// refused: the token was.
	refused bool
	// again is when to check again; zero where the poll interval or backing off
	// decides.
	again time.Duration
}

// healthOf translates what a check ended with. It is the only place that does.
func healthOf(err error) health {
	var (
		secret   *connection.SecretError
		settings *synqly.ConfigurationError
		wait     *connection.WaitError
	)
	down := func(reason string, again time.Duration) health {
		return health{status: metav1.ConditionFalse, reason: reason, message: err.Error(), again: again}
	}
	switch {
	case err == nil:
		return health{status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected, message: "the provider answers with this token"}
	case errors.As(err, &secret):
		return down(v1alpha1.ReasonSecretNotFound, secretInterval)
	case errors.As(err, &settings) && settings.Option == "token":
		return down(v1alpha1.ReasonInvalidToken, secretInterval)
	case errors.As(err, &settings):
		found := down(v1alpha1.ReasonInvalidConfiguration, 0)
		found.stalled, found.again = true, refusedInterval
		return found
	case errors.As(err, &wait):
		return down(v1alpha1.ReasonThrottled, wait.After)
	}
	switch synqly.ClassOf(err) {
	case synqly.Unauthorized:
		found := down(v1alpha1.ReasonInvalidToken, secretInterval)
		found.refused = true
		return found
	case synqly.PaymentRequired:
		found := down(v1alpha1.ReasonOrganizationDisabled, secretInterval)
		found.refused = true
		return found
	case synqly.Throttled:
		return down(v1alpha1.ReasonThrottled, cmp.Or(synqly.RetryAfterOf(err), time.Second))
	}
	return down(v1alpha1.ReasonUnreachable, 0)
}

// writeStatus writes the status if it has changed, and tells of a change of the
// Ready condition in an Event.
func (r *IntegrationReconciler) writeStatus(ctx context.Context, stored, integration *v1alpha1.Integration, found health) error {
	now := metav1.NewTime(r.Clock.Now()).Rfc3339Copy()
	before := meta.FindStatusCondition(stored.Status.Conditions, v1alpha1.ConditionReady)
	set := func(kind string, status metav1.ConditionStatus) {
		meta.SetStatusCondition(&integration.Status.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: found.reason, Message: remote.Truncate(found.message, 32768),
			ObservedGeneration: integration.Generation, LastTransitionTime: now,
		})
	}
	set(v1alpha1.ConditionReady, found.status)
	if found.stalled {
		set(v1alpha1.ConditionStalled, metav1.ConditionTrue)
	} else {
		meta.RemoveStatusCondition(&integration.Status.Conditions, v1alpha1.ConditionStalled)
	}
	integration.Status.ObservedGeneration = integration.Generation
	if data, err := client.MergeFrom(stored).Data(integration); err == nil && string(data) == "{}" {
		r.wrote(client.ObjectKeyFromObject(integration), found)
		return nil
	}
	integration.Status.LastProbeTime = &now
	patch := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, integration.DeepCopy(), patch); err != nil {
		return fmt.Errorf("writing the status of the Integration: %w", err)
	}
	r.wrote(client.ObjectKeyFromObject(integration), found)
	if stored.Status.MarkerTags != integration.Status.MarkerTags && integration.Status.MarkerTags == v1alpha1.MarkerTagsDropped {
		r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, "TagsDropped", "Create", "the provider drops the tags by which tickets are found again; a ticket whose creation is not confirmed is looked for by its name and creation time")
	}
	if before == nil || before.Reason != found.reason {
		kind := corev1.EventTypeNormal
		if found.status != metav1.ConditionTrue {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(integration, nil, kind, found.reason, "Check", "%s", remote.Truncate(found.message, 900))
	}
	return nil
}

func (r *IntegrationReconciler) lastProbe(name types.NamespacedName) (probe, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.probes[name]
	return last, known
}

// wrote notes that the result of the latest probe is in the status.
func (r *IntegrationReconciler) wrote(name types.NamespacedName, found health) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.probes[name]; known && healthOf(last.err).reason == found.reason {
		last.written = true
		r.probes[name] = last
	}
}

func (r *IntegrationReconciler) remember(name types.NamespacedName, latest probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes[name] = latest
}

func (r *IntegrationReconciler) forget(name types.NamespacedName) {
	r.Connections.Close(name)
	r.backoff.DeleteEntry(name.String())
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.probes, name)
}
