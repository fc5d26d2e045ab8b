// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"crypto/sha256"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// minPageLimit is how many pages an answer may have in any case. Beyond that it may have as
	// many as there are tickets to be seen: then a GET each is cheaper.
	minPageLimit = 10
	// ticketsPerPage is how many tickets a page has that is no larger than asked for. What a server
	// sends beyond that counts as further pages.
	ticketsPerPage = 100
	// MaxPagesWithoutNews is how many pages in a row may show nothing new before a list counts as
	// one without an end. Some providers filter a page only after they have cut it.
	MaxPagesWithoutNews = 10
	// TimeTolerance is how much older than asked for a ticket may be where the provider compares
	// times by the minute, as searches of issue trackers do.
	TimeTolerance = time.Minute
)

// result is what the pages of an answer that were read so far amount to.
type result int

const (
	// morePages: the next page is wanted.
	morePages result = iota
	// ended: that was the last page.
	ended
	// allSeen: every ticket of the scope has been seen. The rest is history: tickets of objects
	// that are long gone carry the tag for ever.
	allSeen
	// caughtUp: the pages go back far enough in time.
	caughtUp
	// tooLong: there are too many pages, or a page is too large however few tickets it has.
	tooLong
	// unfiltered: there is a ticket that is not in the scope.
	unfiltered
)

// change is a change of one ticket.
type change struct {
	ticketID string
	at       time.Time
}

// answer is what has been read of the answer to one query, page by page.
type answer struct {
	query query
	// wanted are the remote IDs of the tickets that the scope should show.
	wanted map[string]struct{}
	result result

	// started is when the first page was asked for, remoteStarted the same by the remote's clock.
	started, remoteStarted time.Time
	// cursor is that of the next page.
	cursor string
	// pages that were read, and how many of the latest of them showed nothing new.
	pages, pagesWithoutNews int
	// seen are digests of the IDs of all tickets of the answer, because the server chooses how long
	// an ID is; missing is how many of the wanted ones are not among them.
	seen    map[digest]struct{}
	missing int
	// newest is the newest change that is not later than remoteStarted; latest is the newest change
	// of all.
	newest time.Time
	latest change
	// previous is the change of the latest ticket that was not a repetition. ordering is what the
	// changes show of the order, newest first: it works, is ignored, or, where they were all made
	// at the same time, nothing.
	previous time.Time
	ordering v1alpha1.QueryFeature
	// hasOlder: there was a ticket whose change is older than asked for.
	hasOlder bool
	// hasSkipped: a page had something on it that cannot be read.
	hasSkipped bool
}

func newAnswer(q query, wanted map[string]struct{}, started time.Time) *answer {
	return &answer{query: q, wanted: wanted, started: started, missing: len(wanted), seen: map[digest]struct{}{}}
}

// digest is the begin of a SHA-256, long enough to tell any two texts apart.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:len(digest{})])
}

// isListing reports whether the answer is one for all tickets of the scope.
func (a *answer) isListing() bool { return a.query.since.IsZero() || a.hasOlder }

// isFinished reports whether no further page is wanted.
func (a *answer) isFinished() bool { return a.result != morePages }

// addPage adds the next page. remoteStarted is the begin of the answer by the remote's clock, as
// well as it is known now.
func (a *answer) addPage(page *synqly.Page[synqly.Ticket], remoteStarted time.Time) {
	a.cursor, a.remoteStarted = page.Cursor, remoteStarted
	a.pages++
	a.pagesWithoutNews++
	a.hasSkipped = a.hasSkipped || len(page.Skipped) > 0
	outOfScope := false
	for i := range page.Items {
		shown := &page.Items[i]
		id := digestOf(shown.ID)
		if _, again := a.seen[id]; again {
			continue
		}
		a.seen[id] = struct{}{}
		a.pagesWithoutNews = 0
		_, wanted := a.wanted[shown.ID]
		if wanted {
			a.missing--
		}
		// A ticket that has been in the scope may just have left it: the search and the ticket
		// itself need not agree at every moment.
		outOfScope = outOfScope || !wanted && !a.query.scope.includes(shown)
		a.addChange(change{ticketID: shown.ID, at: shown.UpdatedAt.Time})
	}
	a.result = a.resultSoFar(outOfScope)
}

// addChange takes the change of a ticket; its time is zero where it cannot be read.
func (a *answer) addChange(next change) {
	if next.at.IsZero() {
		return
	}
	if next.at.After(a.newest) && !next.at.After(a.remoteStarted) {
		a.newest = next.at
	}
	if next.at.After(a.latest.at) {
		a.latest = next
	}
	if !a.query.since.IsZero() && next.at.Before(a.query.since.Add(-TimeTolerance)) {
		a.hasOlder = true
	}
	switch {
	case a.previous.IsZero():
	case next.at.After(a.previous):
		a.ordering = v1alpha1.QueryIgnored
	case next.at.Before(a.previous) && a.ordering == "":
		a.ordering = v1alpha1.QueryWorks
	}
	a.previous = next.at
}

func (a *answer) resultSoFar(outOfScope bool) result {
	switch {
	case outOfScope:
		return unfiltered
	case a.cursor == "":
		return ended
	case a.isListing() && a.missing == 0:
		return allSeen
	case a.reaches(a.query.until):
		return caughtUp
	case a.pages >= a.mostPages(), len(a.seen) >= ticketsPerPage*a.mostPages(), a.pagesWithoutNews >= MaxPagesWithoutNews:
		return tooLong
	}
	return morePages
}

// mostPages is how many pages the answer may have.
func (a *answer) mostPages() int { return max(minPageLimit, len(a.wanted)) }

// reaches reports whether the pages, newest change first, go back beyond a time.
func (a *answer) reaches(until time.Time) bool {
	inOrder := a.query.ordered && a.ordering != v1alpha1.QueryIgnored
	return inOrder && !until.IsZero() && !a.previous.IsZero() && a.previous.Before(until)
}
