// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxPages bounds one iteration: a hundred thousand tickets at the default of 100 a page.
	maxPages = 1_000
	// maxListBytes bounds the answers of one iteration together: a hundred thousand tickets of some
	// kilobytes. They are not in memory at the same time.
	maxListBytes = 512 << 20
	// maxCollectedBytes bounds the answers of a list that is collected as a whole (All), of which
	// each worker may have one.
	maxCollectedBytes = 16 << 20
	// maxCollectedItems bounds the items of such a list: one that says little takes many times as
	// many bytes of memory as of the answer.
	maxCollectedItems = 20_000
	// maxListTime bounds what the requests of one iteration take together, waits for the Pacer
	// included. What the caller does between two pages is the caller's to bound. It leaves time for
	// many pages of a slow provider, and keeps a list without an end from going on for hours.
	maxListTime = 10 * time.Minute
	// maxCursorBytes bounds a cursor, which becomes part of a URL.
	maxCursorBytes = 4096
)

// Page is one answer of a list.
type Page[T any] struct {
	Items []T
	// Skipped says which objects of the page are not among the Items, one text for each with its
	// index and what is wrong: it is no object, it has no usable ID. After a hundred of them the
	// last text says how many more there are. A page that skips something proves nothing about what
	// it does not show; see CheckComplete.
	Skipped []string
	// Cursor is what to ask the next page with, empty for the last page.
	Cursor string
	// Messages are warnings that came with the page, of a provider that could not do all that was
	// asked, for example.
	Messages []Problem
	// Meta is what meta functions have added (TicketQuery.Meta), nil without.
	Meta json.RawMessage

	operation string
	status    int
	size      int // of the answer, in bytes
}

// CheckComplete returns a *DecodeError when the page leaves objects out (Skipped). It is for those
// who take the absence of an object for a fact: the one they look for may be among those left out.
func (p Page[T]) CheckComplete() error {
	switch len(p.Skipped) {
	case 0:
		return nil
	case 1:
		return p.decodeError(p.Skipped[0])
	default:
		return p.decodeError(p.Skipped[0] + "; other objects cannot be used either")
	}
}

// checkRecognisable returns a *DecodeError when an item of a complete page does not show what
// look-ups recognise it by.
func (p Page[T]) checkRecognisable() error {
	for i := range p.Items {
		item, ok := any(&p.Items[i]).(recognisable)
		if !ok {
			return nil // All items are of one type.
		}
		if hidden := item.hidden(); len(hidden) > 0 {
			return p.decodeError(fmt.Sprintf("result[%d].%s", i, hidden[0]))
		}
	}
	return nil
}

func (p Page[T]) decodeError(text string) error {
	return &DecodeError{Operation: p.operation, StatusCode: p.status, Err: errors.New(text)}
}

// recognisable is a remote object that look-ups know by what it says and when it was created, where
// its ID is not known yet.
type recognisable interface {
	// hidden says which of the fields for that could not be read. The creator is not among them: it
	// is optional in the API, so that look-ups have to do without.
	hidden() []string
}

// PageQuery says where a list starts and how large its pages are.
type PageQuery struct {
	// Limit is the number of items a page, the API's default when 0.
	Limit int
	// Cursor is that of a Page, to go on from there. Empty: from the start.
	Cursor string
}

// All collects the items of all pages. With an error it returns no items at all, so that nobody
// takes a part for the whole. For the same reason it returns a *DecodeError when a page leaves
// something out (Page.Skipped), or when an object does not show what it could be recognised by: the
// name, tags, title, content or created_at is Unreadable. Look-ups take an object that is not among
// the items for one that does not exist. Whoever can do with less iterates over the pages.
func All[T any](pages iter.Seq2[Page[T], error]) ([]T, error) {
	var items []T
	size := 0
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		if size += page.size; size > maxCollectedBytes {
			return nil, &PaginationError{Operation: page.operation, Reason: tooManyBytes(maxCollectedBytes)}
		}
		if err := cmp.Or(page.CheckComplete(), page.checkRecognisable()); err != nil {
			return nil, err
		}
		if len(items)+len(page.Items) > maxCollectedItems {
			return nil, &PaginationError{
				Operation: page.operation, Reason: fmt.Sprintf("its pages have more than %d objects together", maxCollectedItems),
			}
		}
		items = append(items, page.Items...)
	}
	return items, nil
}

// listPages iterates over the pages of a list. Each page is asked for when the one before has been
// used, and each iteration starts anew. It ends after the last page, or after one error, which a
// list that is too long ends with as well. Items are passed on as they come: one that moves while a
// list is read may come twice.
func listPages[T any](ctx context.Context, c *Client, list call, query PageQuery) iter.Seq2[Page[T], error] {
	return func(yield func(Page[T], error) bool) {
		endless := func(reason string) {
			yield(Page[T]{}, &PaginationError{Operation: list.operation, Reason: reason})
		}
		cursor, size, timeLeft := query.Cursor, 0, maxListTime
		seen := map[[sha256.Size]byte]bool{} // Digests, for the server chooses how long its cursors are.
		for range c.maxPages {
			seen[sha256.Sum256([]byte(cursor))] = true
			asked := time.Now()
			page, err := listPageWithin[T](ctx, timeLeft, c, list, PageQuery{Limit: query.Limit, Cursor: cursor})
			timeLeft -= time.Since(asked)
			switch size += page.size; {
			case err != nil:
				yield(Page[T]{}, err)
				return
			case size > c.maxListBytes:
				endless(tooManyBytes(c.maxListBytes))
				return
			}
			if !yield(page, nil) || page.Cursor == "" {
				return
			}
			if seen[sha256.Sum256([]byte(page.Cursor))] {
				endless("the server sent the same cursor twice")
				return
			}
			cursor = page.Cursor
		}
		endless(fmt.Sprintf("there are more than %d pages", c.maxPages))
	}
}

// errListTime is why the context of a page ends when its list has taken too long.
var errListTime = fmt.Errorf("it takes longer than %s", maxListTime)

// listPageWithin reads a page of a list whose requests have so much time left.
func listPageWithin[T any](
	ctx context.Context, timeLeft time.Duration, c *Client, list call, query PageQuery,
) (Page[T], error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeLeft, errListTime)
	defer cancel()
	page, err := listPage[T](ctx, c, list, query)
	if err != nil && errors.Is(context.Cause(ctx), errListTime) {
		return Page[T]{}, &PaginationError{Operation: list.operation, Reason: errListTime.Error()}
	}
	return page, err
}

func tooManyBytes(limit int) string {
	return fmt.Sprintf("its pages have more than %d MiB together", limit>>20)
}

func listPage[T any](ctx context.Context, c *Client, list call, query PageQuery) (Page[T], error) {
	if query.Limit < 0 {
		err := fmt.Errorf("the limit of %d items per page is negative", query.Limit)
		return Page[T]{}, &InvalidRequestError{Operation: list.operation, Err: err}
	}
	if len(query.Cursor) > maxCursorBytes {
		reason := fmt.Sprintf("the server's cursor is longer than %d bytes", maxCursorBytes)
		return Page[T]{}, &PaginationError{Operation: list.operation, Reason: reason}
	}
	parameters := url.Values{}
	maps.Copy(parameters, list.query)
	if query.Limit > 0 {
		parameters.Set("limit", strconv.Itoa(query.Limit))
	}
	if query.Cursor != "" {
		parameters.Set("cursor", query.Cursor)
	}
	list.query = parameters
	return callForPage[T](ctx, c, list)
}
