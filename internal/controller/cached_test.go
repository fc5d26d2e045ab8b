// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// served is a Ticket as the API server sends it, in memory of its own.
func served() *v1alpha1.Ticket {
	ticket := &v1alpha1.Ticket{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: "latency",
			Annotations: map[string]string{
				strings.Clone("example.com/owner"): "checkout",
				corev1.LastAppliedConfigAnnotation: `{"kind":"Ticket"}`,
			},
			Labels:        map[string]string{"app": "checkout"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl", FieldsV1: metav1.NewFieldsV1("{}")}},
		},
		Spec: v1alpha1.TicketSpec{Summary: "p99 above 2s"},
	}
	ticket.Status.ID, ticket.Status.Integration = "10001", strings.Clone("default")
	ticket.Status.Applied = map[string]string{strings.Clone("summary"): "1f0c"}
	ticket.Status.Returned = map[string]string{strings.Clone("summary"): "1f0c"}
	ticket.Status.Remote = &v1alpha1.RemoteTicket{Summary: strings.Clone(ticket.Spec.Summary), Status: strings.Clone("To Do"), Tags: []string{strings.Clone("checkout")}}
	ticket.Status.Remote.Attachments = []v1alpha1.RemoteAttachment{{ID: "40001", FileType: strings.Clone("text/plain"), Creator: strings.Clone("jane@example.com")}}
	ticket.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Synced", Message: strings.Clone("the remote ticket matches the spec")}}
	return ticket
}

// cached is a Ticket as the cache keeps it.
func cached(t *testing.T, ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
	t.Helper()
	kept, err := Cached(ticket)
	if err != nil {
		t.Fatal(err)
	}
	return kept.(*v1alpha1.Ticket)
}

func TestTheCacheLeavesOutWhatNobodyReads(t *testing.T) {
	want := served()
	want.ManagedFields = nil
	delete(want.Annotations, corev1.LastAppliedConfigAnnotation)
	once := cached(t, served())
	if diff := cmp.Diff(want, once); diff != "" {
		t.Errorf("cached (-want +got):\n%s", diff)
	}
	// The cache may call it again for an object that it has.
	if diff := cmp.Diff(want, cached(t, once.DeepCopy())); diff != "" {
		t.Errorf("cached a second time (-want +got):\n%s", diff)
	}
}

func TestAPatchOfACachedObjectLeavesTheRestAlone(t *testing.T) {
	before := cached(t, served())
	after := before.DeepCopy()
	after.Annotations[v1alpha1.CreateKeyAnnotation] = "key"
	patch, err := client.MergeFrom(before).Data(after)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(patch), `{"metadata":{"annotations":{"`+v1alpha1.CreateKeyAnnotation+`":"key"}}}`; got != want {
		t.Errorf("patch = %s, want %s", got, want)
	}
}

func TestEqualTextsAreKeptOnce(t *testing.T) {
	one, other := cached(t, served()), cached(t, served())
	for name, texts := range map[string][2]string{
		"integration": {one.Status.Integration, other.Status.Integration},
		"message":     {one.Status.Conditions[0].Message, other.Status.Conditions[0].Message},
		"annotation":  {firstKey(one.Annotations), firstKey(other.Annotations)},
		"field":       {firstKey(one.Status.Applied), firstKey(other.Status.Applied)},
		"remote":      {one.Status.Remote.Status, other.Status.Remote.Status},
		"tag":         {one.Status.Remote.Tags[0], other.Status.Remote.Tags[0]},
		"file type":   {one.Status.Remote.Attachments[0].FileType, other.Status.Remote.Attachments[0].FileType},
		"uploader":    {one.Status.Remote.Attachments[0].Creator, other.Status.Remote.Attachments[0].Creator},
		"summary":     {one.Spec.Summary, one.Status.Remote.Summary},
	} {
		if unsafe.StringData(texts[0]) != unsafe.StringData(texts[1]) {
			t.Errorf("%s: %q is in memory twice", name, texts[0])
		}
	}
}

// What was returned is kept once with what was applied. Whoever reads an object gets a copy, and
// changes one of the two alone.
func TestWhatWasReturnedAsItWasAppliedIsKeptOnce(t *testing.T) {
	kept := cached(t, served())
	kept.Status.Applied["summary"] = "changed"
	if got := kept.Status.Returned["summary"]; got != "changed" {
		t.Errorf("what was returned is in memory of its own: %q", got)
	}
	read := kept.DeepCopy()
	read.Status.Returned["summary"] = "a1b2"
	if got := read.Status.Applied["summary"]; got != "changed" {
		t.Errorf("a change of what was returned in a copy changes what was applied to %q", got)
	}

	differing := served()
	differing.Status.Returned["summary"] = "a1b2"
	want := differing.DeepCopy()
	got := cached(t, differing)
	if diff := cmp.Diff(want.Status, got.Status); diff != "" {
		t.Errorf("what was returned otherwise (-want +got):\n%s", diff)
	}
}

func firstKey(values map[string]string) string {
	for key := range values {
		return key
	}
	return ""
}

func TestADeletionThatWasMissedIsKeptAsItIs(t *testing.T) {
	tombstone := cache.DeletedFinalStateUnknown{Key: "team/latency", Obj: served()}
	kept, err := Cached(tombstone)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tombstone, kept); diff != "" {
		t.Errorf("cached (-want +got):\n%s", diff)
	}
}
