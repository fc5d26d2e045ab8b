// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

var comments = Adapter[*v1alpha1.TicketComment, synqly.Comment]{
	KindName:   "TicketComment",
	NewObjects: func() client.ObjectList { return &v1alpha1.TicketCommentList{} },
	Creator:    func(comment *v1alpha1.TicketComment) string { return comment.Spec.Creator },
	Texts:      remote.TextFields[*v1alpha1.TicketComment, synqly.Comment]{},
	Words:      func(comment *v1alpha1.TicketComment) []string { return []string{comment.Spec.Content} },
}

// created is a comment of an Integration that asked for a creator and shows one.
func created(name, integration, wanted, shown string) *v1alpha1.TicketComment {
	comment := &v1alpha1.TicketComment{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name, UID: types.UID(name)}}
	comment.Spec.Creator = wanted
	comment.Status.ID, comment.Status.Integration, comment.Status.TicketID, comment.Status.Creator = "1", integration, "10001", shown
	return comment
}

func readerOf(t *testing.T, objects []*v1alpha1.TicketComment) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme)
	for _, index := range comments.indexes() {
		builder.WithIndex(&v1alpha1.TicketComment{}, index.Name, index.Extract)
	}
	for _, object := range objects {
		builder.WithObjects(object)
	}
	return builder.Build()
}

// The few objects that are asked for tell of a creator what all objects of the Integration do.
func TestFewSiblingsTellWhatAllOfThemDo(t *testing.T) {
	names := []string{"", "bot", "Bot", "jane", "joe"}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		pick := func() string { return names[random.IntN(len(names))] }
		var objects []*v1alpha1.TicketComment
		var all []sibling
		for i := range random.IntN(6) {
			object := created(fmt.Sprint(i), []string{"default", "default", "jira"}[random.IntN(3)], pick(), pick())
			if random.IntN(4) == 0 {
				object.Status.ID = ""
			}
			if objects = append(objects, object); object.Status.ID != "" && object.Status.Integration == "default" {
				all = append(all, comments.asSibling(object))
			}
		}
		wanted, seen := pick(), []string{pick(), pick()}
		own := created("own", "default", wanted, pick())
		call := remote.Call[*v1alpha1.TicketComment, synqly.Comment]{
			Object: own, Reader: readerOf(t, append(objects, own)), Place: remote.Place{Integration: "default", TicketID: "10001"},
		}
		few, err := comments.siblings(t.Context(), call, seen)
		if err != nil {
			t.Fatal(err)
		}
		want, got := creatorsAmong(all, wanted), creatorsAmong(few, wanted)
		for _, creator := range seen {
			if want.possible(creator) != got.possible(creator) || want.isOwn(creator) != got.isOwn(creator) {
				t.Errorf("seed %d: the creator %q of an object that wants %q: possible %t, own %t; with all siblings %t, %t: %+v",
					seed, creator, wanted, got.possible(creator), got.isOwn(creator), want.possible(creator), want.isOwn(creator), all)
			}
		}
	}
}

func TestKnownAreTheObjectsOfTheTicket(t *testing.T) {
	elsewhere := created("elsewhere", "jira", "", "")
	otherTicket := created("other-ticket", "default", "", "")
	otherTicket.Status.TicketID = "10002"
	without := created("without", "default", "", "")
	without.Status.ID = ""
	here, own := created("here", "default", "", ""), created("own", "default", "", "")
	reader := readerOf(t, []*v1alpha1.TicketComment{elsewhere, otherTicket, without, here, own})
	known, err := comments.Known(t.Context(), reader, own, remote.Place{Integration: "default", TicketID: "10001"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(known, []Known{{ID: "1", Text: remote.Fingerprint(""), Owner: `the TicketComment "here"`}}) {
		t.Errorf("known %+v", known)
	}
}
