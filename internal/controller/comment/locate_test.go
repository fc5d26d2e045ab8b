// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package comment

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// oneSecret is an API server with one Secret.
type oneSecret struct {
	client.Reader // nil: nothing but Get may be called
}

func (oneSecret) Get(_ context.Context, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	object.(*corev1.Secret).Data = map[string][]byte{"token": []byte("token")}
	return nil
}

func TestATicketIsLocatedByTheIDThatTheProviderReturns(t *testing.T) {
	server := simulator.New(simulator.Options{Token: "token"})
	defer server.Close()
	server.SetBehaviour(simulator.Behaviour{TicketKeys: true})
	existing := server.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs"})
	opened, err := connection.New(connection.Options{Secrets: oneSecret{}, Transport: server.Transport()}).Open(t.Context(), &v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "default"},
		Spec:       v1alpha1.IntegrationSpec{BaseURL: "https://api.synqly.example", TokenSecretRef: v1alpha1.SecretKeyReference{Name: "token"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	key := existing.Project + "-" + existing.ID
	comment := &v1alpha1.TicketComment{Spec: v1alpha1.TicketCommentSpec{ParentReference: v1alpha1.ParentReference{TicketID: key}}}
	call := remote.Call[*v1alpha1.TicketComment, synqly.Comment]{
		Connection: opened, Object: comment, Place: remote.Place{Integration: "default", TicketID: key},
	}
	place, err := newAdapter().Locate(t.Context(), call)
	if want := (remote.Place{Integration: "default", TicketID: existing.ID}); err != nil || place != want {
		t.Errorf("located at %v, %v, want %v", place, err, want)
	}
	comment.Status.TicketID = existing.ID
	server.ForgetRequests()
	if _, err := newAdapter().Locate(t.Context(), call); err != nil || len(server.Requests()) > 0 {
		t.Errorf("%v, and %d requests for a place that is recorded", err, len(server.Requests()))
	}
}
