// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package alertreceiver is the controller of AlertReceivers: it says whether alerts can come in and
// become tickets, and tells of incidents that wait for room.
package alertreceiver

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/shard"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=alertreceivers,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=alertreceivers/status,verbs=patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=incidents,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

const (
	// secretInterval is how often a Secret is read again that is missing or has no token, and
	// checkInterval how often one that is there. Secrets may only be got, so no watch tells.
	secretInterval = 10 * time.Second
	checkInterval  = 5 * time.Minute
	// countDelay is how long changes of incidents and tickets are collected before they are
	// counted, so that a storm of alerts is not counted once for each of them.
	countDelay = 2 * time.Second
)

// Options are what the reconciler needs.
type Options struct {
	// Client reads from a cache that shows this process's own writes, and writes to the API server.
	Client client.Client
	// Secrets reads from the API server itself.
	Secrets client.Reader
	// Namespaces reads the metadata of namespaces, from a cache. ClusterIntegrations need it.
	Namespaces client.Reader
	// ServesClusterIntegrations says whether this process serves ClusterIntegrations.
	ServesClusterIntegrations bool
	// EndpointDisabled says that the manager was told to serve no endpoint for alerts.
	EndpointDisabled bool
	Recorder         events.EventRecorder
	Clock            clock.PassiveClock
	Templates        *TemplateErrors
	// Shard is what this process sees of the objects.
	Shard shard.Shard
}

// Reconciler says in the status of each AlertReceiver how it is.
type Reconciler struct {
	Options
}

// NewReconciler returns the reconciler of AlertReceivers.
func NewReconciler(options Options) *Reconciler {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Templates == nil {
		options.Templates = NewTemplateErrors()
	}
	return &Reconciler{Options: options}
}

// Setup adds the controller of AlertReceivers to the manager.
func Setup(mgr ctrl.Manager, options Options) error {
	reconciler := NewReconciler(options)
	failures := source.TypedChannel(reconciler.Templates.changed, &handler.TypedEnqueueRequestForObject[*v1alpha1.AlertReceiver]{})
	controller := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.AlertReceiver{}).
		WithOptions(fairqueue.Options(mgr.GetControllerOptions().MaxConcurrentReconciles, fairqueue.ByName)).
		Watches(&v1alpha1.Incident{}, enqueueDelayed(receiverOfIncident)).
		Watches(&v1alpha1.Ticket{}, enqueueDelayed(receiverOfTicket)).
		Watches(&v1alpha1.Integration{}, enqueueUsers(mgr.GetClient())).
		WatchesRawSource(failures)
	if options.ServesClusterIntegrations {
		controller.Watches(&v1alpha1.ClusterIntegration{}, enqueueUsers(mgr.GetClient()))
	}
	return controller.Complete(shutdown.Quietly(reconciler))
}

func receiverOfIncident(object client.Object) string {
	return object.(*v1alpha1.Incident).Spec.ReceiverRef.Name
}

func receiverOfTicket(object client.Object) string {
	return object.GetLabels()[v1alpha1.ReceiverLabel]
}

// enqueueDelayed reconciles the receiver of an object after countDelay.
func enqueueDelayed(receiverOf func(client.Object) string) handler.EventHandler {
	enqueue := func(queue workqueue.TypedRateLimitingInterface[ctrl.Request], object client.Object) {
		if name := receiverOf(object); name != "" {
			queue.AddAfter(ctrl.Request{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: name}}, countDelay)
		}
	}
	type queue = workqueue.TypedRateLimitingInterface[ctrl.Request]
	return handler.Funcs{
		CreateFunc: func(_ context.Context, created event.CreateEvent, q queue) { enqueue(q, created.Object) },
		UpdateFunc: func(_ context.Context, updated event.UpdateEvent, q queue) { enqueue(q, updated.ObjectNew) },
		DeleteFunc: func(_ context.Context, deleted event.DeleteEvent, q queue) { enqueue(q, deleted.Object) },
	}
}

// enqueueUsers reconciles the receivers that use an Integration.
func enqueueUsers(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, integration client.Object) []ctrl.Request {
		var receivers v1alpha1.AlertReceiverList
		if err := reader.List(ctx, &receivers, client.InNamespace(integration.GetNamespace()), client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			log.FromContext(ctx).Error(err, "listing the AlertReceivers to reconcile")
			return nil
		}
		var requests []ctrl.Request
		for i := range receivers.Items {
			receiver := &receivers.Items[i]
			if connection.NameOf(receiver.Namespace, connection.RecordedOf(receiver.Spec.IntegrationRef)) == client.ObjectKeyFromObject(integration) {
				requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(receiver)})
			}
		}
		return requests
	})
}

// Reconcile looks at one AlertReceiver and writes down how it is.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	receiver := &v1alpha1.AlertReceiver{}
	if err := r.Client.Get(ctx, request.NamespacedName, receiver); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the AlertReceiver: %w", err)
	}
	if !receiver.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	found, err := r.check(ctx, receiver)
	if err != nil {
		return ctrl.Result{}, err
	}
	found.judgeWait(receiver, r.Clock.Now())
	counted, err := r.count(ctx, receiver)
	if err != nil {
		return ctrl.Result{}, err
	}
	setIncidents(request.NamespacedName, counted)
	var untold error
	if !found.paused {
		untold = r.tellOfWaiting(ctx, receiver, counted)
	}
	// The status says how the receiver is even where the collecting Ticket cannot be created.
	err = r.writeStatus(ctx, receiver, found, counted)
	switch {
	case err == nil && status.IsRefusedWrite(untold):
		// As with a quota that is full: that can last, and the Secret is to be read meanwhile.
		log.FromContext(ctx).Error(untold, "telling of the incidents that wait")
	case err == nil:
		err = untold
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: found.again}, nil
}

func (r *Reconciler) forget(name types.NamespacedName) {
	r.Templates.forget(name)
	forgetIncidents(name)
	incident.ForgetReceiver(name)
}

// secret reads the Secret of a receiver, or nil where there is none.
func (r *Reconciler) secret(ctx context.Context, receiver *v1alpha1.AlertReceiver) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Secrets.Get(ctx, types.NamespacedName{Namespace: receiver.Namespace, Name: receiver.Spec.TokenSecretRef.Name}, secret)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the Secret of the token: %w", err)
	}
	return secret, nil
}
