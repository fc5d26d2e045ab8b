// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// Every status has one class, and with it one meaning for a create that failed.
func TestClassOfEveryStatus(t *testing.T) {
	want := func(status int) (Class, Commitment) {
		switch status {
		case 400, 405, 413, 415, 422:
			return Refused, NotCommitted
		case 401, 403:
			return Unauthorized, NotCommitted
		case 402:
			return PaymentRequired, NotCommitted
		case 404:
			return NotFound, NotCommitted
		case 409:
			return Conflict, Unconfirmed
		case 429:
			return Throttled, NotCommitted
		case 501:
			return Unsupported, NotCommitted
		case 408:
			return Unavailable, Unconfirmed
		}
		if status >= 400 && status < 500 {
			return Undocumented, Unconfirmed
		}
		return Unavailable, Unconfirmed
	}
	for status := 100; status < 600; status++ {
		if status >= 200 && status < 300 {
			continue
		}
		err := fmt.Errorf("creating: %w", &APIError{StatusCode: status})
		class, commitment := want(status)
		if ClassOf(err) != class || CommitmentOf(err) != commitment {
			t.Errorf("%d is %s and %v, want %s and %v", status, ClassOf(err), CommitmentOf(err), class, commitment)
		}
	}
}

func TestClassOfWhatIsNoAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want Class
	}{
		"no error":               {nil, Success},
		"connection lost":        {&TransportError{Err: io.EOF}, Unavailable},
		"answer that is odd":     {fmt.Errorf("getting: %w", &DecodeError{Err: io.EOF}), Unreadable},
		"list without an end":    {&PaginationError{}, Unreadable},
		"options":                {&ConfigurationError{Option: "token"}, Invalid},
		"request that cannot be": {&InvalidRequestError{Err: io.EOF}, Invalid},
		"anything else":          {errors.New("something"), Unavailable},
	} {
		if got := ClassOf(test.err); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestIsNotFound(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"404":         {&APIError{StatusCode: 404}, true},
		"wrapped 404": {fmt.Errorf("getting: %w", &APIError{StatusCode: 404}), true},
		"410":         {&APIError{StatusCode: 410}, false},
		"no answer":   {&TransportError{Err: io.EOF}, false},
		"nil":         {nil, false},
	} {
		if got := IsNotFound(test.err); got != test.want {
			t.Errorf("%s: IsNotFound = %t", name, got)
		}
	}
}
