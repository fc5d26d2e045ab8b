// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package incident is the controller of Incidents: it has Tickets and TicketComments follow the
// alerts.
package incident

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/keymutex"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/shard"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=incidents,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=incidents/status,verbs=patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=alertreceivers,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketcomments,verbs=get;list;watch;create

const (
	// maxSteps bounds what one reconcile does. The longest road (a ticket with its record, then a
	// comment with its) is shorter.
	maxSteps = 8
	// staleInterval is when to look again after a write that met another one.
	staleInterval = time.Second
	// receiverInterval is when to look again for a receiver that does not exist. A watch tells,
	// too.
	receiverInterval = 5 * time.Minute
	// openingLocks bounds how many locks there are for the receivers.
	openingLocks = 256
)

// TemplateResults take what came of the templates of a receiver.
type TemplateResults interface {
	Report(receiver types.NamespacedName, failed []error)
}

// Options are what the reconciler needs.
type Options struct {
	// Client reads from a cache that shows this process's own writes, and writes to the API server.
	Client client.Client
	// APIReader reads from the API server itself. It is needed where there are several shards.
	APIReader client.Reader
	Recorder  events.EventRecorder
	Clock     clock.PassiveClock
	Templates TemplateResults
	// Shard is what this process sees of the objects.
	Shard shard.Shard
}

// Reconciler has the tickets of Incidents follow the alerts.
type Reconciler struct {
	Options
	// opening is held, by receiver, while a ticket is counted and created, so that several
	// reconciles cannot take the last room at once.
	opening keymutex.KeyMutex
}

// NewReconciler returns the reconciler of Incidents.
func NewReconciler(options Options) *Reconciler {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	return &Reconciler{Options: options, opening: keymutex.NewHashed(openingLocks)}
}

// Setup adds the controller of Incidents to the manager.
func Setup(mgr ctrl.Manager, options Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Incident{}).
		WithOptions(fairqueue.Options(mgr.GetControllerOptions().MaxConcurrentReconciles, receiverOf(mgr.GetClient()))).
		Owns(&v1alpha1.Ticket{}).
		Watches(&v1alpha1.AlertReceiver{}, enqueueOfReceiver(mgr.GetClient()), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Complete(shutdown.Quietly(NewReconciler(options)))
}

// receiverOf tells the work queue which receiver an Incident belongs to. No Integration is asked
// for anything, so receivers share the workers.
func receiverOf(cached client.Reader) fairqueue.IntegrationOf {
	return func(ctx context.Context, request ctrl.Request) types.NamespacedName {
		incident := &v1alpha1.Incident{}
		// What the cache has does, and must not be changed.
		if err := cached.Get(ctx, request.NamespacedName, incident, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			return types.NamespacedName{Namespace: request.Namespace} // It is gone, and there is nothing to do for it.
		}
		return types.NamespacedName{Namespace: request.Namespace, Name: incident.Spec.ReceiverRef.Name}
	}
}

// enqueueOfReceiver reconciles the Incidents of a receiver.
func enqueueOfReceiver(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, receiver client.Object) []ctrl.Request {
		var incidents v1alpha1.IncidentList
		err := reader.List(ctx, &incidents, client.InNamespace(receiver.GetNamespace()), client.MatchingFields{IndexReceiver: receiver.GetName()},
			client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
		if err != nil {
			log.FromContext(ctx).Error(err, "listing the Incidents to reconcile")
			return nil
		}
		var requests []ctrl.Request
		for i := range incidents.Items {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&incidents.Items[i])})
		}
		return requests
	})
}

// Reconcile does for one Incident what is due.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	for range maxSteps {
		s, err := r.observe(ctx, request.NamespacedName)
		switch {
		case apierrors.IsNotFound(err):
			return ctrl.Result{}, nil
		case err != nil:
			return ctrl.Result{}, err
		case !s.incident.DeletionTimestamp.IsZero():
			return ctrl.Result{}, nil
		case s.isPaused() || s.receiver == nil:
			return r.finish(ctx, s, decision{})
		}
		next := decide(s.situation)
		if next.step == nothing {
			return r.finish(ctx, s, next)
		}
		written, err := r.perform(ctx, s, next)
		if err != nil || !written {
			return r.cutShort(ctx, s, next, err)
		}
		if next.step == remove {
			return ctrl.Result{}, nil
		}
	}
	return ctrl.Result{RequeueAfter: staleInterval}, nil
}

// cutShort ends a reconcile whose step could not be done. A conflict means that the cache was
// behind, or that another process is at work.
func (r *Reconciler) cutShort(ctx context.Context, s *state, next decision, err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		return ctrl.Result{RequeueAfter: staleInterval}, nil
	case isRefused(err) && next.step.writesTicketOrComment():
		return r.refused(ctx, s, next, err)
	case err != nil:
		return ctrl.Result{}, err
	}
	if next.at.IsZero() {
		next.at = s.now.Add(heldBackInterval)
	}
	return r.finish(ctx, s, next)
}

// refused ends a reconcile whose step the API server refuses, as with a quota that is full. People
// have to see that. An incident whose time has come goes although its last alerts are not told: its
// comments may be what fills the quota.
func (r *Reconciler) refused(ctx context.Context, s *state, next decision, refusal error) (ctrl.Result, error) {
	if next.step == comment && s.phase == v1alpha1.IncidentResolved && !s.now.Before(s.retentionEnds()) {
		if err := r.remove(ctx, s); err != nil {
			return r.cutShort(ctx, s, decision{step: remove}, err)
		}
		return ctrl.Result{}, nil
	}
	s.blocked = fmt.Sprintf("the API server refuses what is to be written: %s", refusal)
	return r.finish(ctx, s, decision{at: s.now.Add(heldBackInterval)})
}

// isRefused reports whether the same write will be refused again until people change something. In
// a namespace that is being deleted it will be for ever.
func isRefused(err error) bool {
	return apierrors.IsForbidden(err) || status.IsRefusedWrite(err)
}

// finish writes the conditions and says when to look again.
func (r *Reconciler) finish(ctx context.Context, s *state, next decision) (ctrl.Result, error) {
	err := r.writeSummary(ctx, s)
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return ctrl.Result{RequeueAfter: staleInterval}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	switch {
	case s.receiver == nil && !s.isPaused():
		return ctrl.Result{RequeueAfter: receiverInterval}, nil
	case next.at.IsZero():
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(next.at.Sub(s.now), time.Millisecond)}, nil
}

// perform does a step, and reports whether it has written anything.
func (r *Reconciler) perform(ctx context.Context, s *state, next decision) (bool, error) {
	switch next.step {
	case openTicket:
		return r.openTicket(ctx, s)
	case comment:
		return true, r.createComment(ctx, s)
	case clearStatus:
		return true, r.patchTicket(ctx, s, "clearing the status", func(ticket *v1alpha1.Ticket) { ticket.Spec.Status = "" })
	case setStatus:
		return true, r.setStatus(ctx, s, next)
	case noteRefire:
		return true, r.patchTicket(ctx, s, "noting the refire", func(ticket *v1alpha1.Ticket) { ticket.Annotations[v1alpha1.StatusSetForAnnotation] = next.setFor })
	case refresh:
		return true, r.refresh(ctx, s)
	case remove:
		return true, r.remove(ctx, s)
	}
	return true, r.writeRecord(ctx, s, next.step)
}

// remove deletes an Incident whose time has come, as it is known. Its Ticket and TicketComment
// objects belong to it and go with it; the remote ones stay.
func (r *Reconciler) remove(ctx context.Context, s *state) error {
	err := r.Client.Delete(ctx, s.incident, client.Preconditions{UID: &s.incident.UID, ResourceVersion: &s.incident.ResourceVersion}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting the Incident: %w", err)
	}
	return nil
}

// emit writes an Event on the Incident.
func (r *Reconciler) emit(s *state, reason, action, note string, arguments ...any) {
	r.Recorder.Eventf(s.incident, nil, corev1.EventTypeNormal, reason, action, "%s", status.Truncate(fmt.Sprintf(note, arguments...), 900))
}
