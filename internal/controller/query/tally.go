// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/ptr"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/controller/ticket"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// mostPages and mostTickets bound what is read for one query: it shares the requests of the
	// Integration with all its objects.
	mostPages   = 50
	mostTickets = 5000
	// mostKept bounds, in bytes, what is kept of the tickets while they are read.
	mostKept = 8 << 20
	// mostListed bounds, in bytes, the list in the status.
	mostListed = 256 << 10
	// The longest values that the schema takes, in characters.
	longestID        = 1024
	longestText      = 255
	longestTimestamp = 64
)

// tally is what has been read of the answer to a query, page by page.
type tally struct {
	filters     []filter
	metadata    *providermetadata.Metadata
	integration connection.Integration

	pages, pagesWithoutNews int
	seen                    map[string]struct{}
	found                   []foundTicket
	kept                    int // bytes
	// isSet says of each filter whether a ticket had a value in its field.
	isSet []bool
	// unchecked and excluded say of each filter whether a ticket was counted that does not tell,
	// and whether one was returned that does not match.
	unchecked, excluded []bool
	skipped             int
	// cut says why the answer was not read to its end; empty where it was.
	cut string
}

// foundTicket is a ticket that may match.
type foundTicket struct {
	shown v1alpha1.QueriedTicket
	// order is the time by which tickets are ordered.
	order time.Time
	// empty are the filters whose fields are empty.
	empty []int
}

func newTally(filters []string, integration connection.Integration, metadata *providermetadata.Metadata) *tally {
	t := &tally{
		metadata: metadata, integration: integration, seen: map[string]struct{}{},
		isSet: make([]bool, len(filters)), unchecked: make([]bool, len(filters)), excluded: make([]bool, len(filters)),
	}
	for _, text := range filters {
		t.filters = append(t.filters, filter{synqly.ParseFilter(text)})
	}
	return t
}

// addPage adds the next page, and reports whether another one is wanted.
func (t *tally) addPage(page *synqly.Page[synqly.Ticket], orderedBy string) (more bool) {
	t.pages++
	t.pagesWithoutNews++
	t.skipped += len(page.Skipped)
	for i := range page.Items {
		shown := &page.Items[i]
		if _, again := t.seen[shown.ID]; again {
			continue
		}
		if len(t.seen) >= mostTickets || t.kept >= mostKept {
			t.cut = fmt.Sprintf("the provider returned more tickets than the first %d, which were looked at", len(t.seen))
			return false
		}
		t.seen[shown.ID] = struct{}{}
		t.pagesWithoutNews = 0
		t.add(shown, orderedBy)
	}
	switch {
	case page.Cursor == "":
		return false
	case t.pages >= mostPages:
		t.cut = fmt.Sprintf("the provider returned more than the %d pages with %d tickets that were looked at", t.pages, len(t.seen))
		return false
	case t.pagesWithoutNews >= poll.MaxPagesWithoutNews:
		t.cut = fmt.Sprintf("the list of the provider does not end: the last %d pages had no new ticket", t.pagesWithoutNews)
		return false
	}
	return true
}

// add takes one ticket, unless it certainly does not match.
func (t *tally) add(shown *synqly.Ticket, orderedBy string) {
	var empty, notTold []int
	isExcluded := false
	for i, filter := range t.filters {
		t.isSet[i] = t.isSet[i] || filter.isSet(shown)
		switch filter.check(shown, t.metadata) {
		case differs:
			t.excluded[i], isExcluded = true, true
		case isEmpty:
			empty = append(empty, i)
		case unknown:
			notTold = append(notTold, i)
		}
	}
	if isExcluded {
		return
	}
	for _, i := range notTold {
		t.unchecked[i] = true
	}
	found := foundTicket{shown: queried(shown, t.integration), empty: empty}
	if moment, isTime := times[orderedBy]; isTime {
		found.order = moment(shown).Time
	}
	t.kept += size(&found.shown)
	t.found = append(t.found, found)
}

// result is what a query has found.
type result struct {
	count   int
	isExact bool
	tickets []v1alpha1.QueriedTicket
	message string
}

// result is what the pages amount to. A ticket whose field is empty does not match, where another
// ticket shows that the provider returns the field at all.
func (t *tally) result(order string, limit int) result {
	counted := slices.DeleteFunc(t.found, func(found foundTicket) bool {
		for _, i := range found.empty {
			if t.isSet[i] {
				t.excluded[i] = true
				return true
			}
		}
		for _, i := range found.empty {
			t.unchecked[i] = true
		}
		return false
	})
	t.found = nil
	sortByTime(counted, order)
	doubts := t.doubts()
	found := result{count: len(counted) + t.skipped, isExact: len(doubts) == 0}
	found.tickets = listed(counted, limit)
	found.message = "all tickets that match are counted"
	if !found.isExact {
		found.message = "the count may be wrong: " + strings.Join(doubts, "; ")
	}
	if excluded := t.named(t.excluded); excluded != "" {
		found.message += "; the provider also returned tickets that do not match " + excluded + ", which are not counted"
	}
	return found
}

// doubts are the reasons for which the count may be wrong.
func (t *tally) doubts() []string {
	var doubts []string
	if t.cut != "" {
		doubts = append(doubts, t.cut)
	}
	if unchecked := t.named(t.unchecked); unchecked != "" {
		doubts = append(doubts, "it is not certain that the provider applied "+unchecked+", because the tickets that it returned do not show it")
	}
	if t.skipped > 0 {
		doubts = append(doubts, fmt.Sprintf("%d tickets cannot be read, and are counted as if they matched", t.skipped))
	}
	return doubts
}

// named names filters in a message.
func (t *tally) named(which []bool) string {
	var names []string
	for i, isNamed := range which {
		if isNamed {
			names = append(names, fmt.Sprintf("%q", t.filters[i].Text))
		}
	}
	return strings.Join(names, ", ")
}

// orderField is the field that an order names.
func orderField(order string) string {
	field, _, _ := strings.Cut(order, "[")
	return strings.ToLower(field)
}

// sortByTime orders tickets by a time, which means the same everywhere. Some providers ignore the
// order. That of other fields is left to the provider.
func sortByTime(found []foundTicket, order string) {
	if _, isTime := times[orderField(order)]; !isTime {
		return
	}
	direction := 1
	if strings.HasSuffix(order, "[desc]") {
		direction = -1
	}
	slices.SortStableFunc(found, func(a, b foundTicket) int {
		return direction * cmp.Or(a.order.Compare(b.order), strings.Compare(a.shown.ID, b.shown.ID))
	})
}

// listed are the tickets that the status lists: so many at most, and those that have room.
func listed(found []foundTicket, limit int) []v1alpha1.QueriedTicket {
	var tickets []v1alpha1.QueriedTicket
	room := mostListed
	for _, one := range found[:min(limit, len(found))] {
		if room -= size(&one.shown); room < 0 {
			break
		}
		// An ID that is cut would be another ticket's.
		if len(one.shown.ID) <= longestID {
			tickets = append(tickets, one.shown)
		}
	}
	return tickets
}

// queried is a ticket as the status lists it.
func queried(shown *synqly.Ticket, integration connection.Integration) v1alpha1.QueriedTicket {
	text := func(value string) string { return status.Truncate(value, longestText) }
	return v1alpha1.QueriedTicket{
		ID: shown.ID, Name: text(shown.Name), Summary: text(shown.Summary), Status: text(shown.Status), Priority: text(shown.Priority),
		Assignee: text(shown.Assignee), URL: ticket.LinkTo(shown, integration),
		CreatedAt: status.Truncate(shown.CreatedAt.Raw, longestTimestamp), UpdatedAt: status.Truncate(shown.UpdatedAt.Raw, longestTimestamp),
	}
}

func size(shown *v1alpha1.QueriedTicket) int {
	total := 0
	for _, text := range []string{shown.ID, shown.Name, shown.Summary, shown.Status, shown.Priority, shown.Assignee, shown.URL, shown.CreatedAt, shown.UpdatedAt} {
		total += len(text)
	}
	return total
}

// record writes what was found into a status. The time of the change is set where something is
// another than before.
func (found result) record(to *v1alpha1.TicketQueryStatus) (changed bool) {
	count := ptr.To(int32(found.count)) // #nosec G115 -- bounded by mostPages
	isExact := ptr.To(found.isExact)
	changed = !ptr.Equal(to.Count, count) || !ptr.Equal(to.CountIsExact, isExact) || !slices.Equal(to.Tickets, found.tickets)
	to.Count, to.CountIsExact, to.Tickets = count, isExact, found.tickets
	return changed
}
