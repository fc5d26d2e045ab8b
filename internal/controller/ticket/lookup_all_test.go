// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"fmt"
	"testing"
	"time"

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

func TestASearchOfAllTicketsEndsEarlyOnlyInAnOrderThatHolds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const pages, pageSize = 5, 10
	// By chance the tickets were made in such an order that the pages are ordered, newest first,
	// and the one that is looked for comes last.
	misleading := func(server *simulator.Server) {
		for i := range pages * pageSize {
			server.AddTicket(simulator.Ticket{Name: fmt.Sprint(i), Summary: "old", CreatedAt: now.Add(-time.Duration(i+1) * time.Hour)})
		}
	}
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		requests  int
	}{
		"a provider that orders":            {simulator.Behaviour{PageSize: pageSize}, 2},
		"a provider that ignores the order": {simulator.Behaviour{PageSize: pageSize, IgnoreOrder: true}, pages + 2},
		"a provider that refuses an order":  {simulator.Behaviour{PageSize: pageSize, RefuseOrder: true}, pages + 2},
	} {
		t.Run(name, func(t *testing.T) {
			server := simulator.New(simulator.Options{Token: "token", Now: func() time.Time { return now }})
			defer server.Close()
			misleading(server)
			wanted := server.AddTicket(simulator.Ticket{Name: "wanted", Summary: "new", CreatedAt: now})
			server.SetBehaviour(test.behaviour)
			connections := connection.New(connection.Options{Secrets: oneSecret{}, Transport: server.Transport()})
			opened, err := connections.Open(t.Context(), &v1alpha1.Integration{
				ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "default"},
				Spec: v1alpha1.IntegrationSpec{
					BaseURL: "https://api.synqly.example", TokenSecretRef: v1alpha1.SecretKeyReference{Name: "token"},
					RateLimit: &v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			call := call{Connection: opened, Window: remote.Window{From: now.Add(-time.Minute), Until: now.Add(time.Minute)}}
			got, err := allTickets(t.Context(), call, func(ticket *synqly.Ticket) *found {
				if ticket.Name != "wanted" {
					return nil
				}
				return &found{Remote: *ticket}
			})
			if err != nil || len(got) != 1 || got[0].Remote.ID != wanted.ID {
				t.Errorf("found %v, %v, want the ticket %s", got, err, wanted.ID)
			}
			if requests := len(server.Requests()); requests != test.requests {
				t.Errorf("%d requests, want %d", requests, test.requests)
			}
		})
	}
}
