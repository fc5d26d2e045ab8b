// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// The language of filters and orders is by hand: it is the vendor's own, and no library reads it.

// queryField is a field that a query can filter by and, unless it is a list, order by.
type queryField struct {
	operators string // Separated by spaces.
	// get returns the field as text, not ok when it is not set.
	get func(*Ticket) (value string, ok bool)
	// values returns the elements of a list; nil for any other field.
	values func(*Ticket) []string
	// compare orders two values; check refuses text that is no value. Nil: as text, and anything
	// goes.
	compare func(a, b string) int
	check   func(value string) string
}

const (
	textOperators     = "eq ne in like gt gte lt lte"
	orderedOperators  = "eq ne in gt gte lt lte"
	listOperators     = "eq ne in like"
	orderTime         = "time"
	orderTimeMeans    = "created_at"
	wildcard          = "%"
	notAPriority      = "is no priority; use one of URGENT, CRITICAL, HIGH, MEDIUM, MODERATE, LOW, PLANNING"
	notATime          = "is no RFC 3339 time"
	filterForm        = "is not of the form field[operator]value"
	filterRemediation = "Write a filter such as status[ne]Done or tags[in]a,b."
)

// priorities are ordered from the most pressing to the least.
var priorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

// queryFields are the fields of a ticket that a query knows.
var queryFields = map[string]queryField{
	"id":              {operators: textOperators, get: textOf(func(t *Ticket) string { return t.ID }), compare: compareIDs},
	"name":            {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Name })},
	"summary":         {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Summary })},
	"status":          {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Status })},
	"project":         {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Project })},
	"issue_type":      {operators: textOperators, get: textOf(func(t *Ticket) string { return t.IssueType })},
	"creator":         {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Creator })},
	"assignee":        {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Assignee })},
	"contact":         {operators: textOperators, get: textOf(func(t *Ticket) string { return t.Contact })},
	"tags":            {operators: listOperators, values: func(t *Ticket) []string { return t.Tags }},
	"created_at":      timeField(func(t *Ticket) *time.Time { return &t.CreatedAt }),
	"updated_at":      timeField(func(t *Ticket) *time.Time { return &t.UpdatedAt }),
	"due_date":        timeField(func(t *Ticket) *time.Time { return t.DueDate }),
	"completion_date": timeField(func(t *Ticket) *time.Time { return t.CompletionDate }),
	"priority": {
		operators: orderedOperators, get: textOf(func(t *Ticket) string { return t.Priority }), compare: comparePriorities,
		check: func(value string) string {
			if slices.Contains(priorities, value) {
				return ""
			}
			return notAPriority
		},
	},
}

func textOf(get func(*Ticket) string) func(*Ticket) (string, bool) {
	return func(t *Ticket) (string, bool) {
		value := get(t)
		return value, value != ""
	}
}

// sortableTime writes a time as text of a fixed width that has the order of time. A query makes one
// of every ticket; time.Format would take most of its time.
func sortableTime(moment time.Time) string {
	const beforeYearOne = 1 << 40 // Seconds; makes all of them positive.
	digits := binary.BigEndian.AppendUint64(nil, uint64(moment.Unix()+beforeYearOne))
	digits = binary.BigEndian.AppendUint32(digits, uint32(moment.Nanosecond()))
	return hex.EncodeToString(digits)
}

// timeField compares times by sortableTime.
func timeField(get func(*Ticket) *time.Time) queryField {
	return queryField{
		operators: orderedOperators,
		get: func(t *Ticket) (string, bool) {
			moment := get(t)
			if moment == nil {
				return "", false
			}
			return sortableTime(*moment), true
		},
		check: func(value string) string {
			if _, err := contract.ParseTime(value); err != nil {
				return notATime
			}
			return ""
		},
	}
}

// compareIDs orders numbers by their value and puts them before everything else.
func compareIDs(a, b string) int {
	aNumber, bNumber := isNumber(a), isNumber(b)
	switch {
	case aNumber && bNumber:
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	case aNumber:
		return -1
	case bNumber:
		return 1
	default:
		return strings.Compare(a, b)
	}
}

func isNumber(text string) bool {
	return text != "" && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}

// comparePriorities puts the most pressing last, so that priority[gt]LOW finds what is more
// pressing than LOW.
func comparePriorities(a, b string) int {
	rank := func(priority string) int {
		index := slices.Index(priorities, priority)
		if index < 0 {
			return -len(priorities) // One that a provider made up comes first.
		}
		return -index
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

func (f queryField) compareValues(a, b string) int {
	if f.compare != nil {
		return f.compare(a, b)
	}
	return strings.Compare(a, b)
}

// matcher tells whether a ticket passes a filter.
type matcher func(*Ticket) bool

var filterPattern = regexp.MustCompile(`(?s)^([A-Za-z_]+)\[([A-Za-z]+)\](.*)$`)

// parseFilters reads the filters of a query; a ticket must pass all of them.
func (b Behaviour) parseFilters(filters []string) ([]matcher, *problem) {
	var matchers []matcher
	for _, filter := range filters {
		refused := func(format string, args ...any) *problem {
			return refuse(inQuery("filter", filter, format, args...).remedy(filterRemediation))
		}
		parts := filterPattern.FindStringSubmatch(filter)
		if parts == nil {
			return nil, refused("%q %s", shorten(filter), filterForm)
		}
		name, operator, value := parts[1], parts[2], parts[3]
		queried, known := queryFields[name]
		switch {
		case !known:
			return nil, refused("%q is no field to filter by", name)
		case !slices.Contains(strings.Fields(queried.operators), operator):
			return nil, refused("%s has no operator %q; it has %s", name, operator, queried.operators)
		case value == "":
			return nil, refused("%s[%s] has no value", name, operator)
		case b.refusesFilter(name):
			return nil, refused("this ticketing provider cannot filter by %s", name)
		}
		operands := []string{value}
		if operator == "in" {
			operands = strings.Split(value, ",")
		}
		for i, operand := range operands {
			if operand == "" {
				return nil, refused("%s[in] has an empty element", name)
			}
			if queried.check == nil {
				continue
			}
			if wrong := queried.check(operand); wrong != "" {
				return nil, refused("%s: %q %s", name, shorten(operand), wrong)
			}
			operands[i] = normalOperand(operand)
		}
		switch {
		case b.losesFilter(name):
			matchers = append(matchers, func(*Ticket) bool { return false })
		case !b.ignoresFilter(name):
			matchers = append(matchers, queried.matcher(operator, operands))
		}
	}
	return matchers, nil
}

// normalOperand brings a time into the form in which the fields are compared.
func normalOperand(operand string) string {
	if moment, err := contract.ParseTime(operand); err == nil {
		return sortableTime(moment)
	}
	return operand
}

func (f queryField) matcher(operator string, operands []string) matcher {
	if f.values != nil {
		return func(t *Ticket) bool {
			matches := slices.ContainsFunc(f.values(t), func(value string) bool { return f.matches(operator, value, operands) })
			if operator == "ne" { // Of a list: none of the elements is the operand.
				return !slices.Contains(f.values(t), operands[0])
			}
			return matches
		}
	}
	return func(t *Ticket) bool {
		value, set := f.get(t)
		if !set {
			return operator == "ne"
		}
		return f.matches(operator, value, operands)
	}
}

func (f queryField) matches(operator, value string, operands []string) bool {
	order := f.compareValues(value, operands[0])
	switch operator {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "in":
		return slices.Contains(operands, value)
	case "like":
		return like(value, operands[0])
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	case "lt":
		return order < 0
	default:
		return order <= 0
	}
}

// like compares without regard to case. A % in the pattern stands for any text; a pattern without
// one is looked for anywhere.
func like(value, pattern string) bool {
	value, pattern = strings.ToLower(value), strings.ToLower(pattern)
	if !strings.Contains(pattern, wildcard) {
		return strings.Contains(value, pattern)
	}
	pieces := strings.Split(pattern, wildcard)
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(value) < len(first)+len(last) || !strings.HasPrefix(value, first) || !strings.HasSuffix(value, last) {
		return false
	}
	value = value[len(first) : len(value)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		_, rest, found := strings.Cut(value, piece)
		if !found {
			return false
		}
		value = rest
	}
	return true
}

// ordering is one field by which a query is ordered.
type ordering struct {
	queryField

	descending bool
}

var orderPattern = regexp.MustCompile(`^([A-Za-z_]+)(?:\[(asc|desc)\])?$`)

// parseOrder reads the order of a query. "time" is the documented default, and no field of a
// ticket: it stands for created_at.
func (b Behaviour) parseOrder(orders []string) ([]ordering, *problem) {
	if len(orders) > 0 && b.RefuseOrder {
		return nil, refuse(inQuery("order", orders[0], "this ticketing provider cannot order tickets"))
	}
	if len(orders) == 0 {
		orders = []string{orderTime}
	}
	var orderings []ordering
	for _, order := range orders {
		parts := orderPattern.FindStringSubmatch(order)
		if parts == nil {
			return nil, refuse(inQuery("order", order, "%q is not of the form field, field[asc] or field[desc]", shorten(order)))
		}
		name := parts[1]
		if name == orderTime {
			name = orderTimeMeans
		}
		ordered, known := queryFields[name]
		if !known || ordered.get == nil {
			return nil, refuse(inQuery("order", order, "%q is no field to order by", parts[1]))
		}
		orderings = append(orderings, ordering{queryField: ordered, descending: parts[2] == "desc"})
	}
	if b.IgnoreOrder {
		return nil, nil
	}
	return orderings, nil
}

// sortKey is the place of a ticket in a query: the values that it is ordered by, and what decides
// between equal ones.
type sortKey struct {
	values   []*string
	sequence int
}

func keyOf(ticket *Ticket, sequence int, orderings []ordering) sortKey {
	key := sortKey{sequence: sequence, values: make([]*string, 0, len(orderings))}
	for _, by := range orderings {
		var value *string
		if given, set := by.get(ticket); set {
			value = &given
		}
		key.values = append(key.values, value)
	}
	return key
}

// compareKeys puts a value that is not set before all others.
func compareKeys(orderings []ordering, a, b sortKey) int {
	for i, by := range orderings {
		order := 0
		switch first, second := a.values[i], b.values[i]; {
		case first == nil && second == nil:
		case first == nil:
			order = -1
		case second == nil:
			order = 1
		default:
			order = by.compareValues(*first, *second)
		}
		if by.descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(a.sequence, b.sequence)
}

// queryTickets pages by the place of the last ticket of the page before, not by counting: a ticket
// that is created or deleted between two pages shifts no other.
func (s *Server) queryTickets(r *operationRequest) (*envelope, *problem) {
	matchers, invalid := s.behaviour.parseFilters(r.values["filter"])
	if invalid != nil {
		return nil, invalid
	}
	orderings, invalid := s.behaviour.parseOrder(r.values["order"])
	if invalid != nil {
		return nil, invalid
	}
	limit, invalid := s.limit(r, defaultTicketLimit)
	if invalid != nil {
		return nil, invalid
	}
	current, invalid := s.openCursor(r)
	if invalid != nil {
		return nil, invalid
	}
	found := s.search(r.at, matchers, orderings, current)
	var next *cursor
	if len(found) > limit {
		last := found[limit-1].key
		found = found[:limit]
		next = &cursor{After: last.sequence, Keys: last.values}
	}
	answers := make([]shownTicket, len(found))
	for i, hit := range found {
		answers[i] = s.answer(hit.record)
		s.behaviour.shortenListed(&answers[i])
	}
	return page(s, current, answers, next), nil
}

// hit is a ticket that a query has found.
type hit struct {
	record *ticketRecord
	key    sortKey
}

// search returns the matching tickets after the cursor, in order.
func (s *Server) search(now time.Time, matchers []matcher, orderings []ordering, after cursor) []hit {
	var found []hit
	start := sortKey{values: after.Keys, sequence: after.After}
	// The behaviour may have changed since the cursor was given out; then it starts again.
	fromStart := after.After == 0 || len(after.Keys) != len(orderings)
	for _, record := range s.store.inOrder {
		if s.behaviour.SearchLag > 0 && now.Before(record.UpdatedAt.Add(s.behaviour.SearchLag)) {
			continue
		}
		searched := &record.Ticket
		if s.behaviour.CoarseTimes {
			coarse := record.Ticket
			s.behaviour.coarsenTicket(&coarse)
			searched = &coarse
		}
		if slices.ContainsFunc(matchers, func(matches matcher) bool { return !matches(searched) }) {
			continue
		}
		key := keyOf(searched, record.sequence, orderings)
		if fromStart || compareKeys(orderings, key, start) > 0 {
			found = append(found, hit{record: record, key: key})
		}
	}
	slices.SortFunc(found, func(a, b hit) int { return compareKeys(orderings, a.key, b.key) })
	return found
}
