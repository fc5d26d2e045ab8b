// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// Cached makes an object smaller before the cache keeps it. It is a cache.TransformFunc.
//
// What nobody reads is left out: the managed fields, and kubectl's copy of the whole manifest. That
// is safe because objects are written by patches alone, and these are made of differences: what is
// in neither version of an object is not in its patch. What many objects say in the same words is
// kept once.
func Cached(object any) (any, error) {
	metadata, err := meta.Accessor(object)
	if err != nil {
		// Not an object, such as the tombstone of a deletion that was missed: kept as it is.
		return object, nil //nolint:nilerr // As above.
	}
	metadata.SetManagedFields(nil)
	metadata.SetNamespace(shared(metadata.GetNamespace()))
	annotations := metadata.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	metadata.SetAnnotations(sharedKeys(annotations))
	metadata.SetLabels(sharedKeys(metadata.GetLabels()))
	if remoteObject, ok := object.(remote.Object); ok {
		status := remoteObject.RemoteStatus()
		status.Integration = shared(status.Integration)
		for i := range status.Conditions {
			condition := &status.Conditions[i]
			condition.Type, condition.Reason, condition.Message = shared(condition.Type), shared(condition.Reason), shared(condition.Message)
		}
	}
	return object, nil
}

// shared is the same string, in memory that it has in common with equal ones.
func shared(s string) string { return unique.Make(s).Value() }

func sharedKeys(values map[string]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	compact := make(map[string]string, len(values))
	for key, value := range values {
		compact[shared(key)] = value
	}
	return compact
}
