// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"net/http"
	"slices"
	"testing"
)

// FuzzEndpoint posts bodies to a receiver. It must answer each, and write nothing for one that it
// refuses; one that it takes says nothing new when it comes again.
func FuzzEndpoint(f *testing.F) {
	for _, body := range append(recorded(f), testdata(f, "grafana.json"), hook(), []byte("{}"), hook(set("version", "3"))) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := newEndpoint(t)
		code := e.post(platform, body).Code
		if !slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge}, code) {
			t.Fatalf("got %d", code)
		}
		writes := e.since("create", "patch")
		if code != http.StatusOK && len(writes) > 0 {
			t.Errorf("it answered %d and wrote: %v", code, writes)
		}
		if again := e.post(platform, body).Code; again != code {
			t.Errorf("it answered %d, and %d when the same came again", code, again)
		}
		if writes := e.since("create", "patch"); len(writes) > 0 {
			t.Errorf("the same came again and wrote: %v", writes)
		}
	})
}
