// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// endlessAndSlow answers each page of a list just before its request would time out, and always
// with a cursor.
func endlessAndSlow(call *exchange) (*http.Response, error) {
	server := call.network.world.remote
	server.SetBehaviour(simulator.Behaviour{EndlessCursor: true})
	defer server.SetBehaviour(simulator.Behaviour{})
	select {
	case <-time.After(requestTimeout - time.Second):
		return call.send()
	case <-call.request.Context().Done():
		return nil, call.request.Context().Err()
	}
}

// No single request takes too long, and no list is complete. Only the deadline of the whole work on
// an object ends that.
func TestEndlessSlowListsHoldAWorkerForABoundedTime(t *testing.T) {
	// Four requests may time out, and a thousand pages take a second with this rate.
	const longest = 4*requestTimeout + time.Second
	for kind, list := range map[string]string{"Integration": "list project", "Ticket": "list ticket"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				defer w.remote.Close()
				elapse(2 * time.Second)
				w.applySecret(firstToken)
				integration := theIntegration()
				integration.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: amplyRated, Burst: amplyRated}
				w.apply(integration, ticket("other"))
				w.rest()
				asked := 0
				caught := func(operation string) bool {
					return strings.HasPrefix(operation, list) || operation == "create ticket"
				}
				w.network.intercept(time.Hour, caught, func(call *exchange) (*http.Response, error) {
					if call.operation == "create ticket" {
						return nil, http.ErrServerClosed // Whether it was created takes a list to find out.
					}
					asked++
					return endlessAndSlow(call)
				})
				w.apply(ticket("looked-for"))
				w.pass(30 * time.Minute)
				if asked < 2 {
					t.Fatalf("%d pages were asked for: nothing is slow", asked)
				}
				if got := w.longestWork[kind]; got > longest || got < requestTimeout {
					t.Errorf("a reconcile holds a worker for %s, want %s at most", got, longest)
				}
			})
		})
	}
}
