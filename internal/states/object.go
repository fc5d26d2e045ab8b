// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// generation is that of the objects that Written returns. It is not the first, so that one can be
// older.
const generation = 2

var written = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// hasSynced are the kinds with the condition Synced.
var hasSynced = map[string]bool{"Ticket": true, "TicketNote": true}

// Written is a manifest of an object, with what the API server and the operator have written when
// the object is in a state.
func Written(manifest *unstructured.Unstructured, state State) (*unstructured.Unstructured, error) {
	object := manifest.DeepCopy()
	object.SetGeneration(generation)
	if state.Deleted {
		object.SetDeletionTimestamp(&metav1.Time{Time: written})
	}
	if state.Recreated {
		if err := unstructured.SetNestedField(object.Object, "Recreate", "spec", "onRemoteMissing"); err != nil {
			return nil, fmt.Errorf("setting onRemoteMissing: %w", err)
		}
	}
	return object, SetConditions(object, conditionsOf(object.GetKind(), state), generation)
}

// conditionsOf are the conditions that the operator writes for a state.
func conditionsOf(kind string, state State) []metav1.Condition {
	summary := status.Summary{Ready: state.Ready, Reason: state.Reason, Message: "the message of " + state.Reason, Stalled: state.Stalled}
	var conditions []metav1.Condition
	status.SetReady(&conditions, summary, generation, written)
	if hasSynced[kind] {
		status.SetCondition(&conditions, v1alpha1.ConditionSynced, syncedIn(state), state.Reason, summary.Message, generation, written)
	}
	status.SetStalled(&conditions, summary, generation, written)
	return conditions
}

// syncedIn is what Synced says where the latest generation was not applied, unless Ready is True.
func syncedIn(state State) metav1.ConditionStatus {
	if state.Ready == metav1.ConditionTrue {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

// Add puts a remark into the conditions of an object.
func Add(object *unstructured.Unstructured, remark Remark, reason string) error {
	conditions, err := Conditions(object)
	if err != nil {
		return err
	}
	meta.SetStatusCondition(&conditions, metav1.Condition{
		Type: remark.Condition, Status: remark.Status, Reason: reason, Message: "the message of " + reason,
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(written),
	})
	return SetConditions(object, conditions, generation)
}

// Conditions reads the conditions of an object.
func Conditions(object *unstructured.Unstructured) ([]metav1.Condition, error) {
	list, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return nil, fmt.Errorf("reading the conditions: %w", err)
	}
	conditions := make([]metav1.Condition, len(list))
	for i, one := range list {
		content, isObject := one.(map[string]any)
		if !isObject {
			return nil, fmt.Errorf("the condition %d is not an object", i)
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &conditions[i]); err != nil {
			return nil, fmt.Errorf("reading the condition %d: %w", i, err)
		}
	}
	return conditions, nil
}

// SetConditions writes the conditions of an object, and which generation they are about.
func SetConditions(object *unstructured.Unstructured, conditions []metav1.Condition, observed int64) error {
	list := make([]any, len(conditions))
	for i := range conditions {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&conditions[i])
		if err != nil {
			return fmt.Errorf("writing the condition %s: %w", conditions[i].Type, err)
		}
		list[i] = content
	}
	object.Object["status"] = map[string]any{"observedGeneration": observed, "conditions": list}
	return nil
}

// NotLookedAt is an object as the API server stores it before the operator has looked at it.
func NotLookedAt(manifest *unstructured.Unstructured) *unstructured.Unstructured {
	object := manifest.DeepCopy()
	object.SetGeneration(1)
	object.Object["status"] = map[string]any{"observedGeneration": int64(-1)}
	return object
}

// Edited is an object whose spec was changed, and the operator has not written about that: the
// request waits, for the budget of the Integration for example.
func Edited(object *unstructured.Unstructured) *unstructured.Unstructured {
	edited := object.DeepCopy()
	edited.SetGeneration(object.GetGeneration() + 1)
	return edited
}
