// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

const (
	defaultTicketLimit  = 100
	defaultProjectLimit = 50
	maxLimit            = 1000
	cursorMACBytes      = 12
)

// cursor says where the next page of a list starts. It is signed, so that one that is made up is
// refused, and belongs to one list: the same operation and path, with the same filters and order.
// The limit may change from page to page.
type cursor struct {
	// List identifies the list.
	List string `json:"list"`
	// After is the sequence number of the last item of the page before.
	After int `json:"after"`
	// Keys are the values of the fields that a query is ordered by, of that same item, null where
	// it has none.
	Keys []*string `json:"keys,omitempty"`
	// Lap counts how often an endless list has started again.
	Lap int `json:"lap,omitempty"`
}

func (s *Server) sealCursor(next cursor) string {
	payload, err := json.Marshal(next)
	if err != nil {
		return "" // Strings and numbers always encode.
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(s.cursorMAC(payload))
}

// openCursor reads the cursor of a request. Without one, or with an empty one, the list starts at
// its beginning.
func (s *Server) openCursor(r *operationRequest) (cursor, *problem) {
	start := cursor{List: listIdentity(r)}
	sealed := r.values.Get("cursor")
	if sealed == "" {
		return start, nil
	}
	invalid := func(reason string) *problem {
		return refuse(inQuery("cursor", sealed, "%s", reason).remedy("Send the cursor of the page before, or none for the first page."))
	}
	encodedPayload, encodedMAC, _ := strings.Cut(sealed, ".")
	payload, errPayload := base64.RawURLEncoding.Strict().DecodeString(encodedPayload)
	mac, errMAC := base64.RawURLEncoding.Strict().DecodeString(encodedMAC)
	if errPayload != nil || errMAC != nil || !hmac.Equal(mac, s.cursorMAC(payload)) {
		return cursor{}, invalid("is none that this integration has given out")
	}
	var opened cursor
	if err := json.Unmarshal(payload, &opened); err != nil {
		return cursor{}, invalid("cannot be read")
	}
	if opened.List != start.List {
		return cursor{}, invalid("belongs to another list, filter or order")
	}
	return opened, nil
}

func (s *Server) cursorMAC(payload []byte) []byte {
	mac := hmac.New(sha256.New, s.cursorKey)
	mac.Write(payload)
	return mac.Sum(nil)[:cursorMACBytes]
}

func listIdentity(r *operationRequest) string {
	selection := url.Values{"filter": r.values["filter"], "order": r.values["order"]}
	digest := sha256.Sum256([]byte(r.method + " " + r.path + "?" + selection.Encode()))
	return base64.RawURLEncoding.EncodeToString(digest[:cursorMACBytes])
}

// limit reads how many items a page has at most.
func (s *Server) limit(r *operationRequest, standard int) (int, *problem) {
	limit := standard
	if given, found := r.values["limit"]; found {
		parsed, err := strconv.Atoi(given[0])
		if err != nil || parsed < 1 || parsed > maxLimit {
			return 0, refuse(inQuery("limit", given[0], "is %q and must be a whole number from 1 to %d", shorten(given[0]), maxLimit))
		}
		limit = parsed
	}
	if s.behaviour.PageSize > 0 {
		limit = min(limit, s.behaviour.PageSize)
	}
	return limit, nil
}

// page makes the answer of a list from its items on this page, with the cursor of the next one.
// next is nil on the last page.
func page[T any](s *Server, current cursor, items []T, next *cursor) *envelope {
	if s.behaviour.DuplicateItems && len(items) > 0 {
		items = append(items[:len(items):len(items)], items[0])
	}
	if next == nil && s.behaviour.EndlessCursor {
		next = &cursor{Lap: current.Lap + 1}
	}
	sealed := ""
	if next != nil {
		next.List, next.Lap = current.List, max(next.Lap, current.Lap)
		sealed = s.sealCursor(*next)
	}
	if items == nil {
		items = []T{}
	}
	result := object(items)
	result.Cursor = &sealed
	return result
}

// listNumbered pages through items whose IDs are numbers that grow, so that a deletion between two
// pages shifts nothing.
func listNumbered[T any](s *Server, r *operationRequest, items []T, id func(T) string) (*envelope, *problem) {
	return list(s, r, items, maxLimit, func(index int) int {
		number, _ := strconv.Atoi(id(items[index])) // The store makes the IDs.
		return number
	})
}

// list pages through items by a number that grows from item to item.
func list[T any](s *Server, r *operationRequest, items []T, standard int, number func(index int) int) (*envelope, *problem) {
	current, invalid := s.openCursor(r)
	if invalid != nil {
		return nil, invalid
	}
	limit, invalid := s.limit(r, standard)
	if invalid != nil {
		return nil, invalid
	}
	first := 0
	for first < len(items) && number(first) <= current.After {
		first++
	}
	end := min(len(items), first+limit)
	var next *cursor
	if end < len(items) {
		next = &cursor{After: number(end - 1)}
	}
	return page(s, current, items[first:end], next), nil
}
