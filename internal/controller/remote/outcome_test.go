// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// withoutMessage compares outcomes but for the text for people.
var withoutMessage = cmp.Options{cmp.AllowUnexported(outcome{}), cmpopts.IgnoreFields(outcome{}, "message")}

func notTrue(reason string, when retry) outcome {
	return outcome{status: metav1.ConditionFalse, reason: reason, retry: when}
}

func stalled() outcome {
	result := notTrue(v1alpha1.ReasonRejected, retryNever)
	result.stalled = true
	return result
}

func unauthorized() outcome {
	result := notTrue(v1alpha1.ReasonUnauthorized, retrySlowly)
	result.recheckConnection = true
	return result
}

func blocked() outcome {
	result := notTrue(v1alpha1.ReasonRemoteUnavailable, retrySlowly)
	result.recheckConnection = true
	return result
}

func later(result outcome, after time.Duration) outcome {
	result.retry, result.after = retryAfter, after
	return result
}

func TestOutcomes(t *testing.T) {
	integration := types.NamespacedName{Namespace: "team-a", Name: "default"}
	askedToWait := &connection.WaitError{Until: time.Unix(60, 0), After: 7 * time.Second, Asked: true}
	usedUp := &connection.WaitError{Until: time.Unix(60, 0), After: 3 * time.Second}
	for name, test := range map[string]struct {
		err  error
		want outcome
		// text is in the message.
		text string
		// wantReason replaces the reason while the object is being deleted.
		deletingReason string
	}{
		"paused": {
			err: errPaused, want: outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, expected: true}, text: v1alpha1.PausedAnnotation,
		},
		"no Ticket": {
			err:  &WaitingError{Reason: v1alpha1.ReasonWaitingForTicket, Message: `Ticket "a" does not exist`},
			want: notTrue(v1alpha1.ReasonWaitingForTicket, retryNever), text: `Ticket "a" does not exist`,
			deletingReason: v1alpha1.ReasonDeleteBlocked,
		},
		"no Integration": {
			err:  &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: `Integration "a" does not exist`},
			want: notTrue(v1alpha1.ReasonWaitingForIntegration, retryNever), text: `Integration "a" does not exist`,
			deletingReason: v1alpha1.ReasonDeleteBlocked,
		},
		"Integration not checked": {
			err:  &connection.NotReadyError{Integration: integration},
			want: notTrue(v1alpha1.ReasonWaitingForIntegration, retryNever), text: `"default" has not been checked`,
			deletingReason: v1alpha1.ReasonDeleteBlocked,
		},
		"no Secret": {
			err:  &connection.NotReadyError{Integration: integration, Reason: v1alpha1.ReasonSecretNotFound, Message: "create it"},
			want: notTrue(v1alpha1.ReasonWaitingForIntegration, retryNever), text: "create it",
			deletingReason: v1alpha1.ReasonDeleteBlocked,
		},
		"Integration with a refused token": {
			err:  &connection.NotReadyError{Integration: integration, Reason: v1alpha1.ReasonInvalidToken, Message: "401"},
			want: notTrue(v1alpha1.ReasonUnauthorized, retryNever), text: "401",
		},
		"Integration of a disabled organization": {
			err:  &connection.NotReadyError{Integration: integration, Reason: v1alpha1.ReasonOrganizationDisabled, Message: "402"},
			want: notTrue(v1alpha1.ReasonUnauthorized, retryNever), text: "402",
		},
		"API server fails on the Secret": {
			err:  &connection.SecretError{Secret: integration, Err: errors.New("no leader")},
			want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "no leader",
		},
		"budget used up": {
			err: usedUp, want: outcome{silent: true, retry: retryAfter, after: 3 * time.Second},
		},
		"budget used up on the way": {
			err: &synqly.TransportError{NeverSent: true, Err: usedUp}, want: outcome{silent: true, retry: retryAfter, after: 3 * time.Second},
		},
		"provider asked to wait": {
			err: askedToWait, want: later(notTrue(v1alpha1.ReasonThrottled, 0), 7*time.Second), text: "asked for a pause",
		},
		"provider asked to wait on the way": {
			err:  &synqly.TransportError{NeverSent: true, Err: askedToWait},
			want: later(notTrue(v1alpha1.ReasonThrottled, 0), 7*time.Second), text: "asked for a pause",
		},
		"an address that is not connected to": {
			err:  fmt.Errorf("creating: %w", &synqly.TransportError{NeverSent: true, Err: &synqly.BlockedAddressError{Host: "metadata.internal", Kind: "a link-local address"}}),
			want: blocked(), text: "metadata.internal, which is a link-local address",
		},
		"remote object gone": {
			err: &MissingError{Noun: "ticket", ID: "10023"}, want: notTrue(v1alpha1.ReasonRemoteMissing, retrySlowly), text: `"10023" no longer exists`,
		},
		"two claims": {
			err: &ConflictError{Message: "delete one of the two"}, want: notTrue(v1alpha1.ReasonConflict, retrySlowly), text: "delete one of the two",
		},
		"no client": {
			err: &synqly.ConfigurationError{Option: "base URL", Reason: "use https"}, want: stalled(), text: "use https",
		},
		"no request": {
			err: &synqly.InvalidRequestError{Operation: "PatchTicket", Err: errors.New("no operations")}, want: stalled(), text: "no operations",
		},
		"timeout": {
			err:  &synqly.TransportError{Operation: "GetTicket", Err: context.DeadlineExceeded},
			want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "GetTicket",
		},
		"connection refused": {
			err:  &synqly.TransportError{Operation: "CreateTicket", NeverSent: true, Err: errors.New("connection refused")},
			want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "connection refused",
		},
		"answer that does not parse": {
			err:  &synqly.DecodeError{Operation: "GetTicket", StatusCode: 200, Err: errors.New("no JSON")},
			want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "no JSON",
		},
		"list without end": {
			err:  &synqly.PaginationError{Operation: "QueryTickets", Reason: "the cursor repeats"},
			want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "the cursor repeats",
		},
		"anything else": {
			err: errors.New("not in step"), want: notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), text: "not in step",
		},
		"unconfirmed: no answer": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.TransportError{Err: io.ErrUnexpectedEOF}},
			want: notTrue(v1alpha1.ReasonCreateUnconfirmed, retryBackoff), text: "unexpected EOF",
		},
		"unconfirmed: 409 on the create": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.APIError{StatusCode: 409}},
			want: notTrue(v1alpha1.ReasonCreateUnconfirmed, retryBackoff), text: "409 Conflict",
		},
		"unconfirmed: 5xx on the create": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.APIError{StatusCode: 504}},
			want: notTrue(v1alpha1.ReasonCreateUnconfirmed, retryBackoff), text: "504",
		},
		"unconfirmed: not found yet": {
			err:  &UnconfirmedError{Noun: "ticket", LookAgain: 4 * time.Second},
			want: later(notTrue(v1alpha1.ReasonCreateUnconfirmed, 0), 4*time.Second), text: "outcome is not known",
		},
		"unconfirmed: budget used up": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.TransportError{NeverSent: true, Err: usedUp}},
			want: later(notTrue(v1alpha1.ReasonCreateUnconfirmed, 0), 3*time.Second), text: "outcome is not known",
		},
		"unconfirmed: provider asked to wait": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.TransportError{NeverSent: true, Err: askedToWait}},
			want: later(notTrue(v1alpha1.ReasonCreateUnconfirmed, 0), 7*time.Second), text: "outcome is not known",
		},
		"unconfirmed: look-up refused": {
			err:  &UnconfirmedError{Noun: "ticket", Err: &synqly.APIError{StatusCode: 501}, LookupFailed: true},
			want: notTrue(v1alpha1.ReasonCreateUnconfirmed, retryBackoff), text: v1alpha1.CreateAgainAnnotation,
		},
		"unconfirmed: look-up refused for its token": {
			err: &UnconfirmedError{Noun: "ticket", Err: fmt.Errorf("searching for it: %w", &synqly.APIError{StatusCode: 401}), LookupFailed: true},
			want: outcome{
				status: metav1.ConditionFalse, reason: v1alpha1.ReasonCreateUnconfirmed, retry: retryBackoff, recheckConnection: true,
			},
			text: "401",
		},
	} {
		for _, wrapped := range []error{test.err, fmt.Errorf("updating the remote ticket: %w", test.err)} {
			for _, deleting := range []bool{false, true} {
				want := test.want
				if deleting && test.deletingReason != "" {
					want.reason = test.deletingReason
				}
				got := outcomeOf(wrapped, deleting, "ticket")
				if diff := cmp.Diff(want, got, withoutMessage); diff != "" {
					t.Errorf("%s, deleting %t (-want +got):\n%s", name, deleting, diff)
				}
				if !strings.Contains(got.message, test.text) {
					t.Errorf("%s, deleting %t: message %q, want %q in it", name, deleting, got.message, test.text)
				}
				if got := strings.Contains(got.message, v1alpha1.OrphanAnnotation); got != (deleting && want.status == metav1.ConditionFalse) {
					t.Errorf("%s, deleting %t: the message tells of the orphan annotation: %t", name, deleting, got)
				}
			}
		}
	}
}

func TestOutcomeOfSuccess(t *testing.T) {
	want := outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "the remote note matches the spec"}
	for _, deleting := range []bool{false, true} {
		if diff := cmp.Diff(want, outcomeOf(nil, deleting, "note"), cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("deleting %t (-want +got):\n%s", deleting, diff)
		}
	}
}

// A message that named the time of the answer, or the end of the pause, would be another one each
// time, and each time a write of the status.
func TestMessageOfAnUnconfirmedCreateIsSteadyWhileTheBudgetIsUsedUp(t *testing.T) {
	message := func(until int64) string {
		wait := &connection.WaitError{Until: time.Unix(until, 0), After: time.Second, Asked: true}
		return outcomeOf(&UnconfirmedError{Noun: "ticket", Err: wait}, false, "ticket").message
	}
	if one, two := message(60), message(61); one != two {
		t.Errorf("messages differ:\n%s\n%s", one, two)
	}
}

// wantForStatus is the table of the error handling, by status code.
func wantForStatus(code int) outcome {
	switch code {
	case 400, 405, 409, 413, 415, 422, 501:
		return stalled()
	case 401, 402, 403:
		return unauthorized()
	case 404:
		return notTrue(v1alpha1.ReasonRemoteMissing, retrySlowly)
	case 429:
		return notTrue(v1alpha1.ReasonThrottled, retryHold)
	}
	return notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff)
}

func TestOutcomeOfEveryStatusCode(t *testing.T) {
	for code := 300; code <= 599; code++ {
		answer := &synqly.APIError{Operation: "PatchTicket", StatusCode: code, Problem: synqly.Problem{Message: "what", Detail: "why", Remediation: "do this"}}
		for _, deleting := range []bool{false, true} {
			got := outcomeOf(fmt.Errorf("updating the remote ticket: %w", answer), deleting, "ticket")
			if diff := cmp.Diff(wantForStatus(code), got, withoutMessage); diff != "" {
				t.Errorf("%d, deleting %t (-want +got):\n%s", code, deleting, diff)
			}
			for _, text := range []string{fmt.Sprint("PatchTicket: ", code), "what", "why", "do this", "updating the remote ticket"} {
				if !strings.Contains(got.message, text) {
					t.Errorf("%d, deleting %t: message %q lacks %q", code, deleting, got.message, text)
				}
			}
		}
	}
}

// How long the connection holds back what comes after a 429, or after the Retry-After of a 503, is
// for its budget alone to say.
func TestOutcomeOf429(t *testing.T) {
	for name, pause := range map[string]time.Duration{"with Retry-After": 9 * time.Second, "without": 0} {
		answer := &synqly.APIError{StatusCode: http.StatusTooManyRequests, RetryAfter: pause}
		if diff := cmp.Diff(notTrue(v1alpha1.ReasonThrottled, retryHold), outcomeOf(answer, false, "ticket"), withoutMessage); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOutcomeOf503WithRetryAfter(t *testing.T) {
	got := outcomeOf(&synqly.APIError{StatusCode: 503, RetryAfter: time.Hour}, false, "ticket")
	if diff := cmp.Diff(notTrue(v1alpha1.ReasonRemoteUnavailable, retryBackoff), got, withoutMessage); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// tokens are of every shape that a message could hide one in. Each begins with the word that no
// message may have: a part of a token is too much as well.
var tokens = map[string]string{
	"short and lower case":       "canary-7f3a91",
	"mixed case with digits":     "CaNaRy7F3a91Zq0X",
	"longer than 64 bytes":       strings.Repeat("Canary7f3a91-", 8),
	"of base64":                  "canary/7f+3a91/Zq0X==",
	"escaped in URLs":            "canary%2F7f3a91%zz&a=b?c#d",
	"escaped in quotes":          `canary"7f\3a91"`,
	"escaped in JSON for HTML":   "canary<7f>&3a91'",
	"of all of that, and longer": strings.Repeat(`Canary/+=%"\<&>`, 8),
}

// ways are those in which an answer, or the error of a proxy, may write a token.
var ways = map[string]func(token string) string{
	"as it is":      func(token string) string { return token },
	"in JSON":       inJSON,
	"twice in JSON": func(token string) string { return inJSON(inJSON(token)) },
	"quoted":        inQuotes,
	"in a query":    url.QueryEscape,
	"in a path":     url.PathEscape,
}

func inJSON(token string) string {
	encoded, _ := json.Marshal(token) // A text can always be encoded.
	return string(encoded[1 : len(encoded)-1])
}

func inQuotes(token string) string {
	quoted := strconv.Quote(token)
	return quoted[1 : len(quoted)-1]
}

// echoing answers with the text, and with the token of the request in the place of TOKEN, written
// in one way.
func echoing(code int, text string, write func(token string) string) roundTripper {
	return func(request *http.Request) (*http.Response, error) {
		token := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
		header := http.Header{}
		if strings.HasPrefix(text, "<") {
			header.Set("Content-Type", "x/"+token) // It is no JSON for the client then.
		}
		body := io.NopCloser(strings.NewReader(strings.ReplaceAll(text, "TOKEN", write(token))))
		return &http.Response{StatusCode: code, Header: header, Request: request, Body: body}, nil
	}
}

func TestNoMessageHasTheToken(t *testing.T) {
	type answer struct {
		code int
		text string
	}
	answers := map[string]answer{
		"cut off": {200, `{"result":{"id":"TOKEN`}, "no JSON": {200, "TOKEN"}, "wrong type": {200, `{"result":["TOKEN"]}`},
		"wrong ID": {200, `{"result":{"id":{"TOKEN":"TOKEN"}}}`}, "a page": {200, "<title>TOKEN</title>"},
	}
	for code := 300; code <= 599; code++ {
		answers[fmt.Sprint(code, " problem")] = answer{code, `{"message":"TOKEN","detail":"xTOKENx","remediation":"TOKEN","context":{"parameter":{"id":"TOKEN"}},"instance":"TOKEN"}`}
	}
	for name, token := range tokens {
		for way, write := range ways {
			expectNoToken(t, name+", no answer, "+way, token, func(*http.Request) (*http.Response, error) {
				return nil, errors.New("proxy refused Bearer " + write(token))
			})
			expectNoToken(t, name+", no answer, cut in the token, "+way, token, func(*http.Request) (*http.Response, error) {
				return nil, errors.New(strings.Repeat("x", 240) + " Bearer " + write(token))
			})
			for what, is := range answers {
				expectNoToken(t, name+", "+what+", "+way, token, echoing(is.code, is.text, write))
			}
		}
		for code := 300; code <= 599; code++ {
			expectNoToken(t, fmt.Sprint(name, ", ", code, " page"), token, echoing(code, "<title>Authorization: Bearer TOKEN</title>", ways["as it is"]))
		}
	}
}

func expectNoToken(t *testing.T, name, token string, transport roundTripper) {
	t.Helper()
	client, err := synqly.NewClient(synqly.Options{Token: token, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetTicket(t.Context(), "1")
	if err == nil {
		t.Fatalf("%s: no error", name)
	}
	for _, failure := range []error{err, &UnconfirmedError{Noun: "ticket", Err: err}} {
		for _, deleting := range []bool{false, true} {
			got := outcomeOf(failure, deleting, "ticket").message
			if got == "" || strings.Contains(strings.ToLower(got), "canary") {
				t.Errorf("%s: message %q", name, got)
			}
		}
	}
}
