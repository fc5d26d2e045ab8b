// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"reflect"
	"strconv"
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
		Spec: v1alpha1.TicketSpec{
			Name: "latency", Summary: "p99 above 2s", DeletionPolicy: v1alpha1.TicketDeletionPolicy(strings.Clone("Retain")), Tags: []string{strings.Clone("checkout")},
		},
	}
	ticket.Status.ID, ticket.Status.Integration = "10001", strings.Clone("default")
	ticket.Status.Applied = map[string]string{strings.Clone("summary"): "1f0c"}
	ticket.Status.Returned = map[string]string{strings.Clone("summary"): "1f0c"}
	ticket.Status.Remote = &v1alpha1.RemoteTicket{Name: strings.Clone(ticket.Spec.Name), Summary: strings.Clone(ticket.Spec.Summary), Status: strings.Clone("To Do"), Tags: []string{strings.Clone("checkout")}}
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
		"name":        {one.Spec.Name, one.Status.Remote.Name},
		"policy":      {string(one.Spec.DeletionPolicy), string(other.Spec.DeletionPolicy)},
		"own tag":     {one.Spec.Tags[0], other.Spec.Tags[0]},
	} {
		if unsafe.StringData(texts[0]) != unsafe.StringData(texts[1]) {
			t.Errorf("%s: %q is in memory twice", name, texts[0])
		}
	}
}

// Labels that are equal are one map. Whoever reads an object gets a copy of it.
func TestEqualLabelsAreKeptOnce(t *testing.T) {
	one, other := cached(t, served()), cached(t, served())
	if reflect.ValueOf(one.Labels).Pointer() != reflect.ValueOf(other.Labels).Pointer() {
		t.Error("equal labels are in memory twice")
	}
	read := one.DeepCopy()
	read.Labels["app"] = "payment"
	if got := other.Labels["app"]; got != "checkout" {
		t.Errorf("a change of a copy changes the label of another object to %q", got)
	}
	differing := served()
	differing.Labels["app"] = "payment"
	if got := cached(t, differing).Labels["app"]; got != "payment" {
		t.Errorf("the label of another value is %q", got)
	}
}

// However many different labels there are, few are remembered, and each object has its own.
func TestLabelsThatAreSharedAreBounded(t *testing.T) {
	for i := range mostSharedLabels + 10 {
		want := map[string]string{"release": strconv.Itoa(i)}
		if diff := cmp.Diff(want, sharedLabels(map[string]string{"release": strconv.Itoa(i)})); diff != "" {
			t.Fatalf("labels (-want +got):\n%s", diff)
		}
	}
	if got := len(labelSets.byText); got > mostSharedLabels {
		t.Errorf("%d sets of labels are remembered, want at most %d", got, mostSharedLabels)
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

// What the decoder has made room for, and nothing is in, is not kept.
func TestListsAreKeptWithoutRoomForMore(t *testing.T) {
	decoded := served()
	decoded.Status.Conditions = append(make([]metav1.Condition, 0, 4), decoded.Status.Conditions...)
	if got := cap(cached(t, decoded).Status.Conditions); got != 1 {
		t.Errorf("there is room for %d conditions where 1 is", got)
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
