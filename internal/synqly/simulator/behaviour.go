// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Behaviour is what a ticketing provider is in the habit of. The zero value is a provider that
// keeps what it is given, supports everything and hurries.
type Behaviour struct {
	// NormaliseText changes descriptions, comments and notes as a conversion to another markup and
	// back does: trimmed, no spaces at line ends, lists with * for -, __bold__ as **bold**, and
	// lines that end in CR LF.
	NormaliseText bool `json:"normalise_text"`
	// MapPriority replaces priorities; the values need not be ones that the API knows.
	MapPriority map[string]string `json:"map_priority,omitempty"`
	// LowerCaseTags writes tags in lower case; DropTags loses them without a word.
	LowerCaseTags bool `json:"lower_case_tags"`
	DropTags      bool `json:"drop_tags"`
	// SplitTags makes several tags of one with spaces or colons in it.
	SplitTags bool `json:"split_tags"`
	// RewriteEverything changes every value that is written: texts get a suffix, people a prefix,
	// status and type upper case, dates lose the time of day, tags are sorted in lower case, custom
	// fields become strings.
	RewriteEverything bool `json:"rewrite_everything"`

	// ShortenLists cuts the descriptions of tickets in lists to 8 characters and an ellipsis.
	ShortenLists bool `json:"shorten_lists"`

	// CommentCount tells with a ticket how many comments it has, as unmapped.comment_count, and a
	// comment that is added to or deleted from a ticket changes the ticket: its updated_at moves.
	CommentCount bool `json:"comment_count"`
	// TicketKeys knows a ticket by its project and its ID as well, such as OPS-10009. Answers show
	// the ID alone.
	TicketKeys bool `json:"ticket_keys"`
	// CoarseTimes keeps created_at and updated_at of tickets, comments and notes in whole seconds,
	// cut off: answers show them so, and filters and orders of a query see them so. The operand of
	// a filter stays as it was sent.
	CoarseTimes bool `json:"coarse_times"`
	// ZeroTimes shows created_at of comments and notes as the year 1, as a provider does of which
	// the time is not known.
	ZeroTimes bool `json:"zero_times"`
	// Spelling is how answers show the texts of comments and notes.
	Spelling Spelling `json:"spelling"`

	// IgnoreFilters names the fields on which a filter of a query has no effect, RefuseFilters
	// those on which one is a 400, LoseFilters those on which one makes the query find nothing,
	// without a word. "*" means all. Where several of them name a field, refusing comes before
	// losing, and that before ignoring.
	IgnoreFilters []string `json:"ignore_filters,omitempty"`
	RefuseFilters []string `json:"refuse_filters,omitempty"`
	LoseFilters   []string `json:"lose_filters,omitempty"`
	// IgnoreOrder answers a query in the order of creation, RefuseOrder with 400 where one is asked
	// for.
	IgnoreOrder bool `json:"ignore_order"`
	RefuseOrder bool `json:"refuse_order"`
	// SearchLag is how long after its latest change a query finds a ticket. Until then it finds
	// none.
	SearchLag time.Duration `json:"search_lag"`
	// PageSize bounds the items of a page of every list; 0 leaves the limit of the request. Even
	// lists that do not take a limit have pages then.
	PageSize int `json:"page_size"`
	// EndlessCursor starts every list again after its end, with a new cursor each time.
	EndlessCursor bool `json:"endless_cursor"`
	// DuplicateItems repeats the first item of every page at its end.
	DuplicateItems bool `json:"duplicate_items"`

	// Unsupported operations are answered with 501.
	Unsupported []string `json:"unsupported,omitempty"`
	// RequireCreator refuses tickets and comments without a creator.
	RequireCreator bool `json:"require_creator"`
	// ClosedTicketsRefuse refuses to create, change or delete comments and notes of a closed
	// ticket.
	ClosedTicketsRefuse bool `json:"closed_tickets_refuse"`
	// ReadOnlyFields of a ticket cannot be set or changed: that is a 400, like a transition that a
	// workflow lacks.
	ReadOnlyFields []string `json:"read_only_fields,omitempty"`

	// RateLimit is how many requests a second are let through on average, 0 all; Burst, how many at
	// once, at least one and by default as many as RateLimit. More are answered with 429 and a
	// Retry-After in whole seconds. Requests that are turned away do not count.
	RateLimit float64 `json:"rate_limit"`
	Burst     int     `json:"burst"`
}

// SetBehaviour replaces the behaviour. What is stored already stays as it is. It panics on a
// behaviour that is not valid: part of it could never show, and a test with it could not fail.
func (s *Server) SetBehaviour(behaviour Behaviour) {
	if err := behaviour.Validate(); err != nil {
		panic("simulator: " + err.Error())
	}
	defer s.lock()()
	before := s.behaviour
	s.behaviour = behaviour.clone()
	if behaviour.RateLimit == before.RateLimit && behaviour.Burst == before.Burst {
		return
	}
	s.limiter = nil
	if behaviour.RateLimit > 0 {
		burst := behaviour.Burst
		if burst == 0 {
			burst = int(math.Ceil(behaviour.RateLimit))
		}
		s.limiter = rate.NewLimiter(rate.Limit(behaviour.RateLimit), burst)
	}
}

// Behaviour returns the current behaviour.
func (s *Server) Behaviour() Behaviour {
	defer s.lock()()
	return s.behaviour.clone()
}

// Validate returns what is wrong with the behaviour.
func (b Behaviour) Validate() error {
	for _, name := range b.Unsupported {
		if !isOperation(name) {
			return fmt.Errorf("behaviour: there is no operation %q; use one of %v", name, OperationNames())
		}
	}
	for _, name := range slices.Concat(b.IgnoreFilters, b.RefuseFilters, b.LoseFilters) {
		if _, known := queryFields[name]; !known && name != "*" {
			return fmt.Errorf("behaviour: there is no field %q to filter by", name)
		}
	}
	for _, name := range b.ReadOnlyFields {
		if !slices.Contains(ticketFields(), name) {
			return fmt.Errorf("behaviour: a ticket has no field %q that could be written", name)
		}
	}
	if b.SearchLag < 0 || b.PageSize < 0 || b.Burst < 0 || !(b.RateLimit >= 0) || math.IsInf(b.RateLimit, 0) {
		return fmt.Errorf("behaviour: search lag, page size, rate limit and burst must not be negative")
	}
	return nil
}

func (b Behaviour) clone() Behaviour {
	b.MapPriority = maps.Clone(b.MapPriority)
	b.IgnoreFilters, b.RefuseFilters = slices.Clone(b.IgnoreFilters), slices.Clone(b.RefuseFilters)
	b.LoseFilters = slices.Clone(b.LoseFilters)
	b.Unsupported, b.ReadOnlyFields = slices.Clone(b.Unsupported), slices.Clone(b.ReadOnlyFields)
	return b
}

// plainBehaviour has the fields of Behaviour without its methods.
type plainBehaviour Behaviour

// behaviourDocument is a Behaviour as JSON, with the duration as text.
type behaviourDocument struct {
	plainBehaviour

	SearchLag duration `json:"search_lag"`
}

// MarshalJSON writes the behaviour with durations such as "1m30s".
func (b Behaviour) MarshalJSON() ([]byte, error) {
	return json.Marshal(behaviourDocument{plainBehaviour: plainBehaviour(b), SearchLag: duration(b.SearchLag)})
}

// UnmarshalJSON reads what MarshalJSON writes and refuses members that a behaviour does not have.
func (b *Behaviour) UnmarshalJSON(data []byte) error {
	var document behaviourDocument
	if err := decodeKnown(data, &document); err != nil {
		return fmt.Errorf("behaviour: %w", err)
	}
	*b = Behaviour(document.plainBehaviour)
	b.SearchLag = time.Duration(document.SearchLag)
	return nil
}

func (b Behaviour) isUnsupported(operation string) bool {
	return slices.Contains(b.Unsupported, operation)
}

func (b Behaviour) ignoresFilter(name string) bool {
	return slices.Contains(b.IgnoreFilters, name) || slices.Contains(b.IgnoreFilters, "*")
}

func (b Behaviour) refusesFilter(name string) bool {
	return slices.Contains(b.RefuseFilters, name) || slices.Contains(b.RefuseFilters, "*")
}

func (b Behaviour) losesFilter(name string) bool {
	return slices.Contains(b.LoseFilters, name) || slices.Contains(b.LoseFilters, "*")
}

// limitRate takes one request from the budget.
func (s *Server) limitRate(now time.Time) *problem {
	if s.limiter == nil || s.limiter.AllowN(now, 1) {
		return nil
	}
	reservation := s.limiter.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	reservation.CancelAt(now)
	return throttled(max(1, int(math.Ceil(wait.Seconds()))))
}

// rewriteTicket turns a ticket that is to be stored into what the provider makes of it. Only what
// differs from before is touched, which is the zero value for a new ticket.
func (b Behaviour) rewriteTicket(ticket *Ticket, before Ticket) {
	if ticket.Description != before.Description {
		ticket.Description = b.rewriteText(ticket.Description)
	}
	if mapped, found := b.MapPriority[ticket.Priority]; found && ticket.Priority != before.Priority {
		ticket.Priority = mapped
	}
	if b.LowerCaseTags {
		for i, tag := range ticket.Tags {
			ticket.Tags[i] = strings.ToLower(tag)
		}
	}
	if b.SplitTags {
		ticket.Tags = splitTags(ticket.Tags)
	}
	if b.DropTags && !slices.Equal(ticket.Tags, before.Tags) {
		ticket.Tags = slices.Clone(before.Tags)
	}
	if b.RewriteEverything {
		rewriteAll(ticket, before)
	}
}

// splitTags makes tags of the words of each.
func splitTags(tags []string) []string {
	var words []string
	for _, tag := range tags {
		words = append(words, strings.FieldsFunc(tag, func(r rune) bool { return r == ' ' || r == ':' })...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// shortenListed cuts what a list shows of a ticket.
func (b Behaviour) shortenListed(ticket *shownTicket) {
	const shown = 8
	if runes := []rune(text(ticket.Description)); b.ShortenLists && len(runes) > shown {
		short := string(runes[:shown]) + "…"
		ticket.Description = &short
	}
}

var (
	listItem = regexp.MustCompile(`(?m)^([ \t]*)[-+] `)
	bold     = regexp.MustCompile(`__([^_\n]+)__`)
	lineEnd  = regexp.MustCompile(`[ \t]*(\r\n|\r|\n)`)
)

// rewriteText is for descriptions and contents. To rewrite its result again changes nothing.
func (b Behaviour) rewriteText(text string) string {
	if b.NormaliseText {
		text = lineEnd.ReplaceAllString(strings.TrimSpace(text), "\n")
		text = bold.ReplaceAllString(listItem.ReplaceAllString(text, "${1}* "), "**${1}**")
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if b.RewriteEverything {
		text = suffixed(text)
	}
	return text
}

// rewriteTitle is for the texts that NormaliseText leaves alone.
func (b Behaviour) rewriteTitle(text string) string {
	if b.RewriteEverything {
		return suffixed(text)
	}
	return text
}

func rewriteAll(ticket *Ticket, before Ticket) {
	rewrite := func(target *string, before string, as func(string) string) {
		if *target != before {
			*target = as(*target)
		}
	}
	rewrite(&ticket.Name, before.Name, suffixed)
	rewrite(&ticket.Summary, before.Summary, suffixed)
	rewrite(&ticket.Creator, before.Creator, prefixed)
	rewrite(&ticket.Assignee, before.Assignee, prefixed)
	rewrite(&ticket.Contact, before.Contact, prefixed)
	rewrite(&ticket.Status, before.Status, strings.ToUpper)
	rewrite(&ticket.IssueType, before.IssueType, strings.ToUpper)
	ticket.DueDate, ticket.CompletionDate = wholeDay(ticket.DueDate), wholeDay(ticket.CompletionDate)
	for i, tag := range ticket.Tags {
		ticket.Tags[i] = strings.ToLower(tag)
	}
	slices.Sort(ticket.Tags)
	for name, value := range ticket.CustomFields {
		if _, isText := value.(string); !isText {
			ticket.CustomFields[name] = compact(value)
		}
	}
}

func suffixed(text string) string {
	const suffix = " (rewritten)"
	if text == "" || strings.HasSuffix(text, suffix) {
		return text
	}
	return text + suffix
}

func prefixed(person string) string {
	const prefix = "user:"
	if person == "" || strings.HasPrefix(person, prefix) {
		return person
	}
	return prefix + person
}

func wholeDay(moment *time.Time) *time.Time {
	if moment == nil {
		return nil
	}
	day := moment.UTC().Truncate(24 * time.Hour)
	return &day
}

// compact writes a JSON value as text.
func compact(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}
