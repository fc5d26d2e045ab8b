// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

var (
	unavailable = synqly.Answer{StatusCode: 503, Class: synqly.Unavailable}
	unanswered  = synqly.Answer{Class: synqly.Unavailable}
)

// inOutage is a pacer whose provider has begun to count as down, and its clock.
func inOutage(t *testing.T) (pacer, *clocktesting.FakeClock) {
	t.Helper()
	clk := clocktesting.NewFakeClock(start)
	p := newPacer(NewBudget(clk, 1000, 1000), types.NamespacedName{Namespace: t.Name(), Name: "down"})
	for range failuresOfAnOutage {
		p.Answered(t.Context(), unanswered)
	}
	return p, clk
}

func TestAnOutageBeginsWithFailuresInARow(t *testing.T) {
	for name, test := range map[string]struct {
		answers []synqly.Answer
		want    bool
	}{
		"two failures":                    {[]synqly.Answer{unavailable, unanswered}, false},
		"three failures":                  {[]synqly.Answer{unavailable, unanswered, unavailable}, true},
		"an answer between them":          {[]synqly.Answer{unavailable, unavailable, {StatusCode: 200}, unavailable}, false},
		"a refusal between them":          {[]synqly.Answer{unavailable, unavailable, {StatusCode: 404, Class: synqly.NotFound}, unavailable}, false},
		"one ticket that always fails":    {[]synqly.Answer{unavailable, {StatusCode: 200}, unavailable, {StatusCode: 200}, unavailable}, false},
		"an answer after the third":       {[]synqly.Answer{unanswered, unanswered, unanswered, {StatusCode: 200}}, false},
		"a slow provider, which is there": {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}, {StatusCode: 429, Class: synqly.Throttled}, {StatusCode: 429, Class: synqly.Throttled}}, false},
	} {
		news := 0
		p := newPacer(NewBudget(clocktesting.NewFakeClock(start), 10, 10), types.NamespacedName{Namespace: t.Name(), Name: "counts"})
		p.down = func() { news++ }
		for _, answer := range test.answers {
			p.Answered(t.Context(), answer)
		}
		if got := p.budget.Down(); got != test.want {
			t.Errorf("%s: down: %t, want %t", name, got, test.want)
		}
		if got := news > 0; news > 1 || (test.want && !got) {
			t.Errorf("%s: the Integration is told %d times", name, news)
		}
	}
}

func TestOnlyChecksGoOutDuringAnOutage(t *testing.T) {
	p, _ := inOutage(t)
	for name, request := range map[string]func() error{
		"a reconcile":                func() error { _, err := p.budget.Reserve(t.Context()); return err },
		"a reconcile with a name":    func() error { _, err := p.budget.ReserveFor(t.Context(), Waiter{Name: "ticket"}); return err },
		"a further request":          func() error { return p.Admit(t.Context()) },
		"a poll, which asks in time": p.budget.Held,
	} {
		var wait *WaitError
		if err := request(); !errors.As(err, &wait) || !wait.Outage || wait.After <= 0 || synqly.CommitmentOf(err) != synqly.NotCommitted {
			t.Errorf("%s: %v, want to be told to wait", name, err)
		}
	}
	if err := p.Admit(Check(t.Context())); err != nil {
		t.Errorf("a check: %v", err)
	}
}

// A poll asks for one project after the other, of which some may be broken.
func TestPollsBeginNoOutage(t *testing.T) {
	p := newPacer(NewBudget(clocktesting.NewFakeClock(start), 10, 10), types.NamespacedName{Namespace: t.Name(), Name: "polled"})
	for range 10 {
		p.Answered(Background(t.Context()), unavailable)
	}
	if p.budget.Down() {
		t.Error("polls that fail keep the objects waiting")
	}
}

// A provider may answer everything but what checks ask for.
func TestATrialGoesOutNowAndThen(t *testing.T) {
	p, clk := inOutage(t)
	trials := 0
	for range 600 {
		clk.Step(100 * time.Millisecond)
		reserved, err := p.budget.Reserve(t.Context())
		if err != nil {
			continue
		}
		trials++
		if err := p.Admit(reserved); err != nil {
			t.Fatalf("a trial: %v", err)
		}
		p.Answered(t.Context(), unanswered)
	}
	if want := int(time.Minute / firstTrial); trials < want/2 || trials > want {
		t.Errorf("%d trials in a minute, want %d at most", trials, want)
	}
	p.Answered(t.Context(), synqly.Answer{StatusCode: 200})
	reservations(t, p.budget, 10)
}

// The longer an outage lasts, the less often those who wait come to ask.
func TestPausesGrowWithTheOutage(t *testing.T) {
	p, clk := inOutage(t)
	asked := 0
	for end := clk.Now().Add(10 * time.Minute); clk.Now().Before(end); asked++ {
		clk.Step(p.budget.HeldFor())
	}
	if asked > 20 {
		t.Errorf("somebody who waits asks %d times in ten minutes", asked)
	}
}

func TestANewTokenOrAddressEndsAnOutage(t *testing.T) {
	p, _ := inOutage(t)
	p.budget.SetRate(1000, 1000)
	if err := p.budget.Held(); err != nil {
		t.Errorf("Held = %v", err)
	}
}
