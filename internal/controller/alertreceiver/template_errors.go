// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"errors"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// TemplateErrors remember of each receiver what went wrong last with its templates, until the
// receiver's controller has written it down.
type TemplateErrors struct {
	mu     sync.Mutex
	errors map[types.NamespacedName]string
	// changed enqueues the receivers.
	changed chan event.TypedGenericEvent[*v1alpha1.AlertReceiver]
}

// NewTemplateErrors returns some that remember nothing.
func NewTemplateErrors() *TemplateErrors {
	return &TemplateErrors{errors: map[types.NamespacedName]string{}, changed: make(chan event.TypedGenericEvent[*v1alpha1.AlertReceiver], 1024)}
}

// Report notes what came of the templates for one ticket.
func (t *TemplateErrors) Report(receiver types.NamespacedName, failed []error) {
	latest := ""
	if len(failed) > 0 {
		latest = errors.Join(failed...).Error()
	}
	t.mu.Lock()
	before, known := t.errors[receiver]
	t.errors[receiver] = latest
	t.mu.Unlock()
	if known && before == latest {
		return
	}
	enqueue := &v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: receiver.Namespace, Name: receiver.Name}}
	select {
	case t.changed <- event.TypedGenericEvent[*v1alpha1.AlertReceiver]{Object: enqueue}:
	default: // It is written with the next change that is counted.
	}
}

func (t *TemplateErrors) latest(receiver types.NamespacedName) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	latest, known := t.errors[receiver]
	return latest, known
}

func (t *TemplateErrors) forget(receiver types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.errors, receiver)
}
