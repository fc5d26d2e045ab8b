// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Attempt is what is known of a create attempt whose outcome is not: what its remote object can be
// recognised by.
type Attempt struct {
	// Text is the fingerprint of the words that were sent.
	Text string
	// Started is when, by the remote API's clock.
	Started time.Time
	// Creators that the remote object can have.
	Creators Creators
}

// CreatedBy are the remote objects that an attempt may have made, as far as their words, their time
// and their creator tell.
func CreatedBy[R any](attempt Attempt, shown []R, entryOf func(*R) *synqly.Entry, wordsOf func(*R) []string) []R {
	candidates := slices.DeleteFunc(shown, func(r R) bool {
		sameWords := remote.Fingerprint(wordsOf(&r)...) == attempt.Text
		return !sameWords || !remote.NotBefore(entryOf(&r).CreatedAt, attempt.Started)
	})
	names := make([]string, len(candidates))
	for i := range candidates {
		names[i] = entryOf(&candidates[i]).Creator
	}
	var chosen []R
	for _, i := range attempt.Creators.among(names) {
		chosen = append(chosen, candidates[i])
	}
	return chosen
}

// Creators are those that a remote object can have which was created for an object.
type Creators struct {
	// Wanted is the creator in the spec, which some providers do not take.
	Wanted string
	// known are the only possible ones, as far as objects that were created before show; empty
	// where they show nothing.
	known []string
}

// sibling is what an object that was created before shows of creators.
type sibling struct{ wanted, shown string }

// creatorsAmong says which creators are possible, given what the provider made of those of
// siblings: it takes the ones that it is sent, or puts its own user there.
func creatorsAmong(siblings []sibling, wanted string) Creators {
	possible := Creators{Wanted: wanted}
	for _, other := range siblings {
		switch {
		case other.shown == "" || (other.wanted == "") != (wanted == ""):
		case wanted != "" && strings.EqualFold(other.wanted, other.shown):
			return Creators{Wanted: wanted, known: []string{wanted}}
		default:
			possible.known = append(possible.known, other.shown)
		}
	}
	return possible
}

// among are the remote objects with a possible creator. Where nothing is known, the wanted one
// decides between several, if any of them has it.
func (c Creators) among(creatorsOf []string) []int {
	var possible, preferred []int
	for i, creator := range creatorsOf {
		matches := func(other string) bool { return strings.EqualFold(other, creator) }
		if len(c.known) > 0 && creator != "" && !slices.ContainsFunc(c.known, matches) {
			continue
		}
		possible = append(possible, i)
		if matches(c.Wanted) {
			preferred = append(preferred, i)
		}
	}
	if len(preferred) > 0 {
		return preferred
	}
	return possible
}
