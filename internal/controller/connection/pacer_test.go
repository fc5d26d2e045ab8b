// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

func newPacer(budget *Budget, integration types.NamespacedName) pacer {
	return pacer{budget: budget, remote: &remoteClock{}, clock: budget.clock, integration: integration}
}

func TestTimesAreCorrectedByTheServersClock(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	connection := &Connection{remote: &remoteClock{}}
	p := pacer{budget: NewBudget(clk, 10, 10), remote: connection.remote, clock: clk, integration: types.NamespacedName{Namespace: t.Name(), Name: "clock"}}
	if got := connection.RemoteTime(start); !got.Equal(start) {
		t.Errorf("before the first answer %s, want %s", got, start)
	}
	p.Answered(t.Context(), synqly.Answer{StatusCode: 200, ServerTime: start.Add(-3 * time.Minute)})
	p.Answered(t.Context(), synqly.Answer{StatusCode: 503, Class: synqly.Unavailable})
	if got, want := connection.RemoteTime(start), start.Add(-3*time.Minute); !got.Equal(want) {
		t.Errorf("with a server that is 3 minutes behind %s, want %s", got, want)
	}
	if got := connection.RemoteTime(time.Time{}); !got.IsZero() {
		t.Errorf("a time that is not known became %s", got)
	}
}

func TestAnswersHoldTheConnection(t *testing.T) {
	for name, test := range map[string]struct {
		answers []synqly.Answer
		want    time.Duration // of the hold, 0 for none
	}{
		"success":                     {[]synqly.Answer{{StatusCode: 200}}, 0},
		"unavailable":                 {[]synqly.Answer{{StatusCode: 503, Class: synqly.Unavailable}}, 0},
		"503 with Retry-After":        {[]synqly.Answer{{StatusCode: 503, Class: synqly.Unavailable, RetryAfter: time.Minute}}, time.Minute},
		"a shorter one after it":      {[]synqly.Answer{{StatusCode: 503, Class: synqly.Unavailable, RetryAfter: time.Minute}, {StatusCode: 503, Class: synqly.Unavailable, RetryAfter: time.Second}}, time.Minute},
		"404 with Retry-After":        {[]synqly.Answer{{StatusCode: 404, Class: synqly.NotFound, RetryAfter: time.Minute}}, 0},
		"no answer":                   {[]synqly.Answer{{Class: synqly.Unavailable}}, 0},
		"429 with Retry-After":        {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled, RetryAfter: 7 * time.Second}}, 7 * time.Second},
		"429 without":                 {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}}, time.Second},
		"429 with Retry-After: 0":     {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}}, time.Second},
		"429 and a later success":     {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}, {StatusCode: 200}}, time.Second},
		"two 429 in the same moment":  {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}, {StatusCode: 429, Class: synqly.Throttled}}, time.Second},
		"the longer of two 429 holds": {[]synqly.Answer{{StatusCode: 429, Class: synqly.Throttled}, {StatusCode: 429, Class: synqly.Throttled, RetryAfter: time.Minute}}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(clocktesting.NewFakeClock(start), 10, 10)
			for _, answer := range test.answers {
				newPacer(budget, types.NamespacedName{Namespace: t.Name(), Name: "holds"}).Answered(t.Context(), answer)
			}
			var held *WaitError
			got := time.Duration(0)
			if errors.As(budget.Held(), &held) {
				got = held.After
			}
			if got != test.want {
				t.Errorf("the hold is %s, want %s", got, test.want)
			}
		})
	}
}

// A provider that is overloaded may answer with both.
func TestA503NeitherHidesA429NorMakesRequestsFaster(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	budget := NewCautiousBudget(clk, 10, 10)
	p := newPacer(budget, types.NamespacedName{Namespace: t.Name(), Name: "mixed"})
	before := budget.usage().rate
	p.Answered(t.Context(), synqly.Answer{StatusCode: 503, Class: synqly.Unavailable, RetryAfter: time.Minute})
	if got := budget.usage().rate; got != before {
		t.Errorf("after a 503 with Retry-After the rate is %g, want %g as before", got, before)
	}
	p.Answered(t.Context(), synqly.Answer{StatusCode: 429, Class: synqly.Throttled})
	if got := budget.usage(); got.rate != before*slowdown || got.held != 60 {
		t.Errorf("after a 429 the rate is %g and the hold %g s, want %g and that of the 503", got.rate, got.held, before*slowdown)
	}
}

// Each 429 comes after the hold of the one before; between the second and the third something else
// happens.
func TestOnlyAnAnswerForgetsEarlierHolds(t *testing.T) {
	for name, test := range map[string]struct {
		between int
		want    time.Duration
	}{"an answer": {503, time.Second}, "no answer": {0, 4 * time.Second}} {
		clk := clocktesting.NewFakeClock(start)
		p := newPacer(NewBudget(clk, 10, 10), types.NamespacedName{Namespace: t.Name(), Name: "forgets"})
		p.Answered(t.Context(), synqly.Answer{StatusCode: 429, Class: synqly.Throttled})
		clk.Step(time.Second)
		p.Answered(t.Context(), synqly.Answer{StatusCode: 429, Class: synqly.Throttled})
		clk.Step(2 * time.Second)
		p.Answered(t.Context(), synqly.Answer{StatusCode: test.between})
		p.Answered(t.Context(), synqly.Answer{StatusCode: 429, Class: synqly.Throttled})
		if got := refusal(t, p.budget.Held()).After; got != test.want {
			t.Errorf("%s: the third hold is %s, want %s", name, got, test.want)
		}
	}
}

// counted are the values of synqly_requests_total of one Integration, by operation and code.
func counted(t *testing.T, integration types.NamespacedName) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "synqly_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["namespace"] == integration.Namespace && labels["integration"] == integration.Name {
				counts[labels["operation"]+" "+labels["code"]] = metric.GetCounter().GetValue()
			}
		}
	}
	return counts
}

// timed is how many requests of the operation synqly_request_duration_seconds has, and the sum of
// their seconds.
func timed(t *testing.T, operation string) (count uint64, seconds float64) {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "synqly_request_duration_seconds" && metric.GetLabel()[0].GetValue() == operation {
				return metric.GetHistogram().GetSampleCount(), metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0, 0
}

func TestEveryRequestIsCounted(t *testing.T) {
	integration := types.NamespacedName{Namespace: "metrics", Name: "counted"}
	p := newPacer(NewBudget(clocktesting.NewFakeClock(start), 10, 10), integration)
	// The registry lives as long as the process, so what is added is what counts.
	countsBefore := counted(t, integration)
	timedBefore, secondsBefore := timed(t, "TestedGet")
	for _, answer := range []synqly.Answer{
		{Operation: "TestedGet", StatusCode: 200, Duration: 1500 * time.Millisecond},
		{Operation: "TestedGet", StatusCode: 200, Duration: 500 * time.Millisecond},
		{Operation: "TestedGet", StatusCode: 429, Class: synqly.Throttled},
		{Operation: "TestedCreate"},
		{Operation: "TestedGet", StatusCode: 299},
		{Operation: "TestedGet", StatusCode: 588},
	} {
		p.Answered(t.Context(), answer)
	}
	added := counted(t, integration)
	for series, value := range countsBefore {
		added[series] -= value
	}
	want := map[string]float64{"TestedGet 200": 2, "TestedGet 429": 1, "TestedGet other": 2, "TestedCreate 0": 1}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("synqly_requests_total (-want +got):\n%s", diff)
	}
	if count, seconds := timed(t, "TestedGet"); count-timedBefore != 5 || seconds-secondsBefore != 2 {
		t.Errorf("synqly_request_duration_seconds has %d more of TestedGet with %v s, want 5 with 2 s", count-timedBefore, seconds-secondsBefore)
	}
}

func TestClientPassesTheBudget(t *testing.T) {
	w := newWorld(t)
	w.answer = func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Retry-After", "60")
		response.WriteHeader(http.StatusTooManyRequests)
	}
	connection := w.mustOpen(t, w.integration())
	_, first := connection.GetTicket(t.Context(), "1")
	var refused *synqly.APIError
	if !errors.As(first, &refused) || refused.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("GetTicket = %v, want the 429", first)
	}
	_, second := connection.GetTicket(t.Context(), "1")
	if diff := cmp.Diff(asked(time.Minute, start), refusal(t, second)); diff != "" {
		t.Errorf("the next request (-want +got):\n%s", diff)
	}
	if synqly.CommitmentOf(second) != synqly.NotCommitted || len(w.requests) != 1 {
		t.Errorf("%v, %d requests reached the provider, want 1", synqly.CommitmentOf(second), len(w.requests))
	}
}

func TestRequestsOfAClosedConnectionAreForgotten(t *testing.T) {
	w := newWorld(t)
	gone, stays := types.NamespacedName{Namespace: "metrics", Name: "gone"}, types.NamespacedName{Namespace: "metrics", Name: "stays"}
	for _, integration := range []types.NamespacedName{gone, stays} {
		newPacer(NewBudget(w.clock, 10, 10), integration).Answered(t.Context(), synqly.Answer{Operation: "TestedGet", StatusCode: 200})
	}
	w.Close(gone)
	if left := counted(t, gone); len(left) > 0 {
		t.Errorf("the series %v of an Integration that is gone are left", left)
	}
	if len(counted(t, stays)) == 0 {
		t.Error("the series of another Integration are gone as well")
	}
}
