// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"fmt"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Attempt is what is known of a create attempt whose outcome is not: what its remote object can be
// recognised by.
type Attempt struct {
	// Noun is what people call the remote object.
	Noun string
	// Text is the fingerprint of the words that were sent.
	Text string
	// Window is when it can have been created.
	Window remote.Window
	// Creators that the remote object can have.
	Creators Creators
}

// Match compares what an attempt has sent, as it recorded that, with what the provider shows.
type Match[R any] func(sent string, shown *R) remote.Verdict

// ByWords matches texts.
func ByWords[R any](wordsOf func(*R) []string) Match[R] {
	return func(sent string, shown *R) remote.Verdict { return remote.MatchText(sent, wordsOf(shown)...) }
}

// CreatedBy are the remote objects that an attempt may have made, as far as their words, their time
// and their creator tell.
func CreatedBy[R any](attempt Attempt, shown []R, entryOf func(*R) *synqly.Entry, match Match[R]) []remote.Found[R] {
	var candidates, doubtful []remote.Found[R]
	for i := range shown {
		entry := entryOf(&shown[i])
		text, time := match(attempt.Text, &shown[i]), attempt.Window.Holds(entry.CreatedAt)
		found := remote.Found[R]{Remote: shown[i], Proven: attempt.Creators.isOwn(entry.Creator)}
		switch {
		case text == remote.No || time == remote.No || !attempt.Creators.possible(entry.Creator):
		case text == remote.Yes && time == remote.Yes:
			candidates = append(candidates, found)
		default:
			found.Doubt = doubtAbout(attempt, entry, text)
			doubtful = append(doubtful, found)
		}
	}
	preferred := ofWantedCreator(attempt.Creators, candidates, func(r *R) string { return entryOf(r).Creator })
	return append(preferred, doubtful...)
}

// creatorsOf are the creators, each once, of the remote objects that an attempt may have made as
// far as their words and their time tell.
func creatorsOf[R any](attempt Attempt, shown []R, entryOf func(*R) *synqly.Entry, match Match[R]) []string {
	var creators []string
	for i := range shown {
		entry := entryOf(&shown[i])
		text, time := match(attempt.Text, &shown[i]), attempt.Window.Holds(entry.CreatedAt)
		if text != remote.No && time != remote.No && !contains(creators, entry.Creator) {
			creators = append(creators, entry.Creator)
		}
	}
	return creators
}

// doubtAbout says why a remote object may be what the attempt has made, or somebody else's.
func doubtAbout(attempt Attempt, entry *synqly.Entry, text remote.Verdict) string {
	why := "its creation time does not tell"
	if text != remote.Yes {
		why = "it has the same words with other signs"
	}
	return fmt.Sprintf("the %s %q may be the one that was sent, or somebody else's: %s", attempt.Noun, entry.ID, why)
}

// Known is a remote object of which it is known that the operator made it, and what was sent.
type Known struct {
	ID string
	// Text is the fingerprint of the words that were sent.
	Text string
	// Owner is the object that stands for it.
	Owner string
}

// Unrecognised says that a look-up by words proves nothing with this provider, because it does not
// show a known remote object with the words that were sent. It is empty where it shows all of them
// so.
func Unrecognised[R any](noun string, known []Known, shown []R, entryOf func(*R) *synqly.Entry, match Match[R]) string {
	for _, made := range known {
		i := slices.IndexFunc(shown, func(r R) bool { return entryOf(&r).ID == made.ID })
		if i >= 0 && match(made.Text, &shown[i]) != remote.Yes {
			return fmt.Sprintf("the provider shows the %s %q of %s with another text than was sent, so this one cannot be recognised either", noun, made.ID, made.Owner)
		}
	}
	return ""
}

// Creators are those that a remote object can have which was created for an object.
type Creators struct {
	// Wanted is the creator in the spec, which some providers do not take.
	Wanted string
	// known are the only possible ones, as far as objects that were created before show; empty
	// where they show nothing.
	known []string
	// own are the users that the token belonged to when it created something that named no creator.
	// Only the operator writes as them.
	own []string
}

// sibling is what an object that was created before shows of creators.
type sibling struct {
	wanted, shown string
	// proven: the operator made it.
	proven bool
}

// creatorsAmong says which creators are possible, given what the provider made of those of
// siblings: it takes the ones that it is sent, or puts its own user there.
func creatorsAmong(siblings []sibling, wanted string) Creators {
	possible := Creators{Wanted: wanted}
	for _, other := range siblings {
		if other.proven && other.wanted == "" && other.shown != "" {
			possible.own = append(possible.own, other.shown)
		}
		switch {
		case len(possible.known) == 1 && possible.known[0] == wanted && wanted != "":
		case other.shown == "" || (other.wanted == "") != (wanted == ""):
		case wanted != "" && strings.EqualFold(other.wanted, other.shown):
			possible.known = []string{wanted}
		default:
			possible.known = append(possible.known, other.shown)
		}
	}
	return possible
}

// possible reports whether a remote object with this creator can be the attempt's.
func (c Creators) possible(creator string) bool {
	return len(c.known) == 0 || creator == "" || contains(c.known, creator)
}

// isOwn reports whether the creator is the user that the token belongs to.
func (c Creators) isOwn(creator string) bool { return creator != "" && contains(c.own, creator) }

func contains(creators []string, creator string) bool {
	return slices.ContainsFunc(creators, func(other string) bool { return strings.EqualFold(other, creator) })
}

// ofWantedCreator are those with the wanted creator, if any has it, and else all.
func ofWantedCreator[R any](c Creators, candidates []remote.Found[R], creatorOf func(*R) string) []remote.Found[R] {
	wanted := slices.DeleteFunc(slices.Clone(candidates), func(found remote.Found[R]) bool {
		return !strings.EqualFold(creatorOf(&found.Remote), c.Wanted)
	})
	if len(wanted) > 0 {
		return wanted
	}
	return candidates
}
