// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestHealthOfWrongAddresses(t *testing.T) {
	foreign := &synqly.ForeignBody{MediaType: "text/plain", Size: 19}
	blocked := &synqly.BlockedAddressError{Host: "metadata.internal", Kind: "a link-local address"}
	for name, test := range map[string]struct {
		err     error
		reason  string
		stalled bool
		says    []string
	}{
		"a path that nobody serves": {
			err:    &synqly.APIError{Operation: "ListProjects", StatusCode: 404, Foreign: foreign},
			reason: v1alpha1.ReasonUnreachable, says: []string{"404 Not Found", "text/plain", "the path of baseURL"},
		},
		"a path that the API does not have": {
			err:    &synqly.APIError{Operation: "ListProjects", StatusCode: 404, Problem: synqly.Problem{Message: "no such operation"}},
			reason: v1alpha1.ReasonUnreachable, says: []string{"no such operation", "the path of baseURL"},
		},
		"a page to sign in": {
			err:    &synqly.DecodeError{Operation: "ListProjects", StatusCode: 200, Foreign: foreign, Err: fmt.Errorf("%s", foreign)},
			reason: v1alpha1.ReasonUnreachable, says: []string{"text/plain", "the path of baseURL"},
		},
		"an address inside of the cluster": {
			err:    &synqly.TransportError{Operation: "ListProjects", NeverSent: true, Err: blocked},
			reason: v1alpha1.ReasonInvalidConfiguration, stalled: true, says: []string{"a link-local address", "--allowed-api-cidrs"},
		},
	} {
		got := healthOf(fmt.Errorf("listing the projects: %w", test.err))
		if got.reason != test.reason || got.stalled != test.stalled || (test.stalled && got.again != refusedInterval) {
			t.Errorf("%s: %+v", name, got)
		}
		for _, part := range test.says {
			if !strings.Contains(got.message, part) {
				t.Errorf("%s: the message %q does not say %q", name, got.message, part)
			}
		}
	}
}
