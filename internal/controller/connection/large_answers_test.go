// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// answering is a large answer of a tenant that asks for room.
type answering struct {
	done chan func()
	err  chan error
}

func ask(ctx context.Context, answers *largeAnswers, integration types.NamespacedName) answering {
	asked := answering{done: make(chan func(), 1), err: make(chan error, 1)}
	go func() {
		done, err := answers.of(integration)(ctx)
		if err != nil {
			asked.err <- err
			return
		}
		asked.done <- done
	}()
	synctest.Wait()
	return asked
}

func (a answering) isAdmitted() bool { return len(a.done) == 1 }

var (
	ofTeamA       = types.NamespacedName{Namespace: "team-a", Name: "jira"}
	otherOfTeamA  = types.NamespacedName{Namespace: "team-a", Name: "pagerduty"}
	ofTeamB       = types.NamespacedName{Namespace: "team-b", Name: "jira"}
	ofTheCluster  = types.NamespacedName{Name: "jira"}
	ofTheCluster2 = types.NamespacedName{Name: "servicenow"}
)

func TestOneTenantHasOneLargeAnswerAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := newLargeAnswers()
		first, second := ask(t.Context(), answers, ofTeamA), ask(t.Context(), answers, otherOfTeamA)
		if !first.isAdmitted() || second.isAdmitted() {
			t.Fatalf("admitted: %t, %t; want the first alone", first.isAdmitted(), second.isAdmitted())
		}
		if other := ask(t.Context(), answers, ofTeamB); !other.isAdmitted() {
			t.Error("the answers of one namespace held up that of another")
		}
		(<-first.done)()
		synctest.Wait()
		if !second.isAdmitted() {
			t.Error("the second answer still waits after the first is decoded")
		}
	})
}

func TestTwoLargeAnswersAreInMemoryAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := newLargeAnswers()
		one, two := ask(t.Context(), answers, ofTheCluster), ask(t.Context(), answers, ofTheCluster2)
		three := ask(t.Context(), answers, ofTeamA)
		if !one.isAdmitted() || !two.isAdmitted() || three.isAdmitted() {
			t.Fatalf("admitted: %t, %t, %t; want two", one.isAdmitted(), two.isAdmitted(), three.isAdmitted())
		}
		(<-two.done)()
		synctest.Wait()
		if !three.isAdmitted() {
			t.Error("the third answer still waits after the second is decoded")
		}
	})
}

func TestALargeAnswerWaitsNoLongerThanItsRequest(t *testing.T) {
	for name, waiting := range map[string]types.NamespacedName{"for its tenant": otherOfTeamA, "for the others": ofTheCluster} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := newLargeAnswers()
				one, two := ask(t.Context(), answers, ofTeamA), ask(t.Context(), answers, ofTeamB)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				late := ask(ctx, answers, waiting)
				if err := <-late.err; !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error = %v, want that the time is over", err)
				}
				(<-one.done)()
				(<-two.done)()
				if next := ask(t.Context(), answers, waiting); !next.isAdmitted() {
					t.Error("an answer that gave up keeps its place")
				} else {
					(<-next.done)()
				}
				if len(answers.tenants) != 0 {
					t.Errorf("%d tenants are remembered", len(answers.tenants))
				}
			})
		})
	}
}
