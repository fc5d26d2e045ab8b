// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"
	"sync"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
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
	metadata.SetLabels(sharedLabels(metadata.GetLabels()))
	if remoteObject, ok := object.(remote.Object); ok {
		shareStatus(remoteObject.RemoteStatus())
	}
	if ticket, ok := object.(*v1alpha1.Ticket); ok {
		shareSpec(&ticket.Spec)
		if ticket.Status.Remote != nil {
			shareRemoteTicket(ticket.Status.Remote, &ticket.Spec, annotations[v1alpha1.CreateKeyAnnotation])
		}
	}
	return object, nil
}

func shareStatus(status *v1alpha1.RemoteObjectStatus) {
	status.Integration, status.IntegrationUID = shared(status.Integration), shared(status.IntegrationUID)
	status.Conditions = slices.Clone(status.Conditions) // The decoder makes room for four at least.
	for i := range status.Conditions {
		condition := &status.Conditions[i]
		condition.Type, condition.Reason, condition.Message = shared(condition.Type), shared(condition.Reason), shared(condition.Message)
		condition.Status = shared(condition.Status)
	}
	status.Applied = sharedKeys(status.Applied)
	if maps.Equal(status.Applied, status.Returned) {
		// Most providers return what they were sent. Whoever changes an object changes a copy, in
		// which these are two maps again.
		status.Returned = status.Applied
	} else {
		status.Returned = sharedKeys(status.Returned)
	}
}

// shareSpec shares what is chosen from a few values.
func shareSpec(spec *v1alpha1.TicketSpec) {
	spec.IntegrationRef.Kind, spec.IntegrationRef.Name = shared(spec.IntegrationRef.Kind), shared(spec.IntegrationRef.Name)
	spec.ManagementPolicy, spec.DeletionPolicy, spec.OnRemoteMissing = shared(spec.ManagementPolicy), shared(spec.DeletionPolicy), shared(spec.OnRemoteMissing)
	spec.Priority = shared(spec.Priority)
	for _, text := range []*string{&spec.Status, &spec.Project, &spec.IssueType, &spec.Assignee} {
		*text = shared(*text)
	}
	spec.Tags = slices.Clone(spec.Tags)
	for i := range spec.Tags {
		spec.Tags[i] = shared(spec.Tags[i])
	}
}

func shareRemoteTicket(shown *v1alpha1.RemoteTicket, spec *v1alpha1.TicketSpec, key string) {
	for _, text := range []*string{&shown.Status, &shown.Priority, &shown.Project, &shown.IssueType, &shown.Assignee, &shown.Creator} {
		*text = shared(*text)
	}
	shown.Tags = slices.Clone(shown.Tags)
	for i, tag := range shown.Tags {
		if tag != v1alpha1.CreateKeyTagPrefix+key { // No other ticket has that one.
			shown.Tags[i] = shared(tag)
		}
	}
	for i := range shown.Attachments {
		file := &shown.Attachments[i]
		file.FileType, file.Creator = shared(file.FileType), shared(file.Creator)
	}
	if shown.Summary == spec.Summary {
		shown.Summary = spec.Summary
	}
	if shown.Name == spec.Name {
		shown.Name = spec.Name
	}
	if shown.UpdatedAt == shown.CreatedAt {
		shown.UpdatedAt = shown.CreatedAt
	}
}

// shared is the same string, in memory that it has in common with equal ones.
func shared[S ~string](s S) S { return unique.Make(s).Value() }

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

// mostSharedLabels is how many different sets of labels are kept to be shared. A map takes more
// than 300 bytes however little is in it, and whole teams' objects have the same labels.
const mostSharedLabels = 4096

var labelSets = struct {
	mu     sync.Mutex
	byText map[string]map[string]string
}{byText: map[string]map[string]string{}}

// sharedLabels is the same map that all objects with these labels have. Nobody changes the objects
// of the cache.
func sharedLabels(values map[string]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	text := labels.Set(values).String() // No label has a comma or an equals sign in it.
	labelSets.mu.Lock()
	defer labelSets.mu.Unlock()
	if known, ok := labelSets.byText[text]; ok {
		return known
	}
	if len(labelSets.byText) >= mostSharedLabels {
		clear(labelSets.byText) // The objects keep theirs.
	}
	labelSets.byText[text] = sharedKeys(values)
	return labelSets.byText[text]
}
