// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"container/heap"
	"errors"
	"fmt"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

// crowd are many who want one request each of a budget of 10 requests a second, 20 at once. Each
// comes when he was told to; of those who come at the same time the one who was there first.
type crowd struct {
	budget *Budget
	clock  *clocktesting.FakeClock

	coming comings
	asked  int
	// served is when each request was had, in that order.
	served []coming
}

// coming is that somebody comes at a time.
type coming struct {
	Waiter
	at       time.Time
	sequence int
}

type comings []coming

func (c comings) Len() int      { return len(c) }
func (c comings) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *comings) Push(x any)   { *c = append(*c, x.(coming)) }

func (c comings) Less(i, j int) bool {
	if !c[i].at.Equal(c[j].at) {
		return c[i].at.Before(c[j].at)
	}
	return c[i].sequence < c[j].sequence
}

func (c *comings) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func newCrowd() *crowd {
	clk := clocktesting.NewFakeClock(start)
	return &crowd{clock: clk, budget: NewBudget(clk, 10, 20)}
}

// comes lets somebody come at a time.
func (c *crowd) comes(waiter Waiter, at time.Time) {
	c.asked++
	heap.Push(&c.coming, coming{Waiter: waiter, at: at, sequence: c.asked})
}

// arrive lets so many come now, of one class and namespace.
func (c *crowd) arrive(count int, class priority.Class, namespace string) {
	for range count {
		c.comes(Waiter{Class: class, Namespace: namespace, Name: fmt.Sprint(namespace, c.asked)}, c.clock.Now())
	}
}

// pass lets time pass, and everybody come when he was told to.
func (c *crowd) pass(t *testing.T, duration time.Duration) {
	t.Helper()
	end := c.clock.Now().Add(duration)
	for len(c.coming) > 0 && !c.coming[0].at.After(end) {
		next := heap.Pop(&c.coming).(coming)
		c.clock.SetTime(next.at)
		_, err := c.budget.ReserveFor(t.Context(), next.Waiter)
		var wait *WaitError
		switch {
		case err == nil:
			c.served = append(c.served, next)
		case errors.As(err, &wait) && wait.After > 0 && wait.Until.Equal(next.at.Add(wait.After)):
			c.comes(next.Waiter, wait.Until)
		default:
			t.Fatalf("%+v is answered %v", next, err)
		}
	}
	c.clock.SetTime(end)
}

// count is how many requests a class, or a namespace, had since a time.
func (c *crowd) count(since time.Time, of func(Waiter) bool) int {
	count := 0
	for _, served := range c.served {
		if served.at.After(since) && of(served.Waiter) {
			count++
		}
	}
	return count
}

func ofClass(class priority.Class) func(Waiter) bool {
	return func(w Waiter) bool { return w.Class == class }
}

func ofNamespace(namespace string) func(Waiter) bool {
	return func(w Waiter) bool { return w.Namespace == namespace }
}

func anybody(Waiter) bool { return true }

func TestANewTicketGoesBeforeABacklog(t *testing.T) {
	for name, backlog := range map[string]Waiter{
		"of changes":                            {Class: priority.Change, Namespace: "team"},
		"of comments":                           {Class: priority.Addition, Namespace: "team"},
		"of deletions":                          {Class: priority.Deletion, Namespace: "team"},
		"of new tickets of another namespace":   {Class: priority.NewTicket, Namespace: "other"},
		"of changes of another namespace":       {Class: priority.Change, Namespace: "other"},
		"of things to look at, after all polls": {Class: priority.Poll, Namespace: "team"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd()
			c.arrive(10_000, backlog.Class, backlog.Namespace)
			c.pass(t, time.Minute)
			for i := range 20 {
				c.pass(t, time.Duration(1000+37*i)*time.Millisecond)
				came := c.clock.Now()
				newTicket := Waiter{Class: priority.NewTicket, Namespace: "team", Name: fmt.Sprint("new-", i)}
				c.comes(newTicket, came)
				c.pass(t, time.Second)
				if c.count(came.Add(-1), func(w Waiter) bool { return w == newTicket }) != 1 {
					t.Fatalf("new ticket %d has no request within a second", i)
				}
			}
		})
	}
}

// Each class has many who wait. What one class does not use is for the others, and no request is
// left unused.
func TestEachClassHasItsShareOfTheBudget(t *testing.T) {
	for name, test := range map[string]struct {
		waiting []priority.Class
		want    map[priority.Class]int
	}{
		"all": {
			[]priority.Class{priority.NewTicket, priority.Change, priority.Addition, priority.Deletion, priority.Poll},
			map[priority.Class]int{priority.NewTicket: 800, priority.Change: 400, priority.Addition: 200, priority.Deletion: 100, priority.Poll: 100},
		},
		"changes, comments and deletions": {
			[]priority.Class{priority.Change, priority.Addition, priority.Deletion},
			map[priority.Class]int{priority.Change: 1300, priority.Addition: 200, priority.Deletion: 100},
		},
		"new tickets and looks": {
			[]priority.Class{priority.NewTicket, priority.Poll},
			map[priority.Class]int{priority.NewTicket: 1500, priority.Poll: 100},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd()
			for i := len(test.waiting) - 1; i >= 0; i-- { // The lowest class is there first.
				c.arrive(2000, test.waiting[i], "team")
			}
			c.pass(t, 10*time.Second)
			since := c.clock.Now()
			c.pass(t, 160*time.Second)
			t.Logf("asked %d times for %d requests", c.asked, len(c.served))
			for class, want := range test.want {
				if got := c.count(since, ofClass(class)); got < want*9/10 || got > want*11/10+1 {
					t.Errorf("class %d has %d requests, want %d", class, got, want)
				}
			}
			if got := c.count(since, anybody); got < 1590 {
				t.Errorf("%d requests in 160 seconds, want 1600", got)
			}
		})
	}
}

// A namespace with ten thousand objects leaves the others their part, however they come.
func TestTheNamespacesOfAConnectionHaveTheirTurnsOneAfterTheOther(t *testing.T) {
	for _, class := range []priority.Class{priority.NewTicket, priority.Change, priority.Deletion} {
		c := newCrowd()
		c.arrive(10_000, class, "large")
		c.pass(t, time.Minute)
		since := c.clock.Now()
		c.arrive(1000, class, "small")
		c.arrive(1000, class, "other")
		// One at a time, the next when the last one has had his turn.
		arrived := 0
		for range 600 {
			if c.count(since, ofNamespace("single")) == arrived {
				arrived++
				c.arrive(1, class, "single")
			}
			c.pass(t, 100*time.Millisecond)
		}
		for _, namespace := range []string{"large", "small", "other", "single"} {
			if got := c.count(since, ofNamespace(namespace)); got < 130 || got > 170 {
				t.Errorf("class %d: %s has %d of 600 requests, want about a quarter", class, namespace, got)
			}
		}
		if got := c.count(since, anybody); got < 595 {
			t.Errorf("class %d: %d requests in a minute, want 600", class, got)
		}
	}
}

func TestAWaitEndsInTheOrderOfArrival(t *testing.T) {
	c := newCrowd()
	c.arrive(500, priority.Change, "team")
	c.pass(t, time.Minute)
	if len(c.served) != 500 {
		t.Fatalf("%d of 500 had their request after a minute", len(c.served))
	}
	for i, served := range c.served {
		if want := fmt.Sprint("team", i); served.Name != want {
			t.Fatalf("request %d is that of %s, want %s", i, served.Name, want)
		}
	}
}

// New tickets of a namespace that is deleted never come. Those who were told to come after them ask
// again in between, so that not more than half of the requests is left unused.
func TestWhoDoesNotComeHoldsUpNobody(t *testing.T) {
	for _, burst := range []int32{1, 20} {
		c := newCrowd()
		c.budget = NewBudget(c.clock, 10, burst)
		c.arrive(3000, priority.NewTicket, "deleted")
		c.pass(t, time.Second)
		c.coming = nil
		since := c.clock.Now()
		c.arrive(1000, priority.Deletion, "deleted")
		c.arrive(1000, priority.Change, "team")
		c.pass(t, 5*time.Second)
		if got := c.count(since, anybody); got < 10 {
			t.Errorf("with a burst of %d: %d requests in the first 5 seconds, want them to go on after one", burst, got)
		}
		c.pass(t, 55*time.Second)
		if got := c.count(since, anybody); got < 300 {
			t.Errorf("with a burst of %d: %d requests in the minute after, want more than half of 600", burst, got)
		}
		if waiting := len(c.budget.lines.classes[priority.NewTicket].lines); waiting != 1 {
			t.Errorf("with a burst of %d: %d lines of new tickets", burst, waiting)
		}
		c.pass(t, 10*time.Minute)
		c.arrive(1, priority.Change, "team")
		c.pass(t, time.Second)
		if left := len(c.budget.lines.named); left != 0 {
			t.Errorf("with a burst of %d: %d are remembered who did not come", burst, left)
		}
	}
}

// Whoever comes late, because the workers had other things to do, does not begin anew.
func TestWhoComesLateHasKeptHisPlace(t *testing.T) {
	c := newCrowd()
	c.arrive(1000, priority.Change, "team")
	c.pass(t, 10*time.Second)
	late := heap.Pop(&c.coming).(coming)
	c.comes(late.Waiter, late.at.Add(20*time.Second))
	c.pass(t, 21*time.Second)
	if got := c.count(late.at, func(w Waiter) bool { return w == late.Waiter }); got != 1 {
		t.Error("who came 20 seconds late has no request within a second")
	}
}

func TestAnObjectThatIsDeletedWaitsWithTheDeletions(t *testing.T) {
	c := newCrowd()
	c.arrive(100, priority.NewTicket, "team")
	c.pass(t, 0)
	moved := c.coming[len(c.coming)-1]
	moved.Class = priority.Deletion
	c.comes(moved.Waiter, c.clock.Now())
	c.pass(t, 0)
	lines := &c.budget.lines
	if got := lines.named[moved.Name]; got == nil || got.line.class != priority.Deletion || len(lines.named) != 80 {
		t.Errorf("%d wait, the deleted one at %+v", len(lines.named), got)
	}
}

// Those who wait come when the turn could be theirs, and not all the time before.
func TestWhoWaitsForLongAsksAFewTimes(t *testing.T) {
	c := newCrowd()
	c.budget.Throttled(time.Second) // Half of the rate, which grows with each answer.
	c.pass(t, time.Second)
	c.arrive(2000, priority.Change, "team")
	begun := c.clock.Now()
	for len(c.served) < 2000 {
		before := len(c.served)
		c.pass(t, 100*time.Millisecond)
		for range len(c.served) - before {
			c.budget.Answered()
		}
	}
	if c.asked > 2000*6 {
		t.Errorf("2000 who wait have asked %d times, want six times each at most", c.asked)
	}
	// 28 seconds for the 200 requests until all of the rate is there, and 180 for the others.
	if took := c.clock.Since(begun); took > 210*time.Second {
		t.Errorf("2000 requests took %s, want 208s", took)
	}
}
