// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"fmt"
	"slices"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// allTickets reads all tickets, newest first where the provider can order them, and returns those
// that match. It ends early where the order has been seen to hold and the rest is older than the
// attempt.
func allTickets(ctx context.Context, call call, matches func(*synqly.Ticket) *found) ([]found, error) {
	all, err := scanNewestFirst(ctx, call, matches)
	if synqly.IsRefused(err) {
		all, err = scan(ctx, call, nil, matches, func(*synqly.Page[synqly.Ticket]) (bool, error) { return false, nil })
	}
	if err != nil {
		return nil, fmt.Errorf("searching all tickets: %w", err)
	}
	return all, nil
}

// scan reads the pages of a query until the end, or until a page is the last that matters.
func scan(ctx context.Context, call call, order []string, matches func(*synqly.Ticket) *found, isLast func(*synqly.Page[synqly.Ticket]) (bool, error)) ([]found, error) {
	collected := matching{matches: matches, by: []string{"tags", "name", "created_at"}}
	for page, err := range call.Connection.QueryTickets(ctx, synqly.TicketQuery{Order: order}) {
		if err != nil {
			return nil, err
		}
		collected.take(&page)
		if page.Cursor == "" {
			break
		}
		last, err := isLast(&page)
		if err != nil {
			return nil, err
		}
		if last {
			break
		}
	}
	return collected.result()
}

func scanNewestFirst(ctx context.Context, call call, matches func(*synqly.Ticket) *found) ([]found, error) {
	newest := sequence{holds: true}
	checked := false
	return scan(ctx, call, []string{"created_at[desc]"}, matches, func(page *synqly.Page[synqly.Ticket]) (bool, error) {
		newest.add(page, func(before, after *synqly.Ticket) bool { return !after.CreatedAt.Time.After(before.CreatedAt.Time) })
		if !newest.holds || checked || len(newest.tickets) < 2 || !call.Window.StartsAfter(newest.last().CreatedAt) {
			return false, nil
		}
		checked = true
		return orderIsKept(ctx, call, &newest)
	})
}

// orderIsKept sees whether the provider orders tickets, and does not just happen to show some of
// them in the order that was asked for: in the opposite order it has to show others first, and none
// of those that it has shown.
func orderIsKept(ctx context.Context, call call, newest *sequence) (bool, error) {
	oldest := sequence{holds: true}
	for page, err := range call.Connection.QueryTickets(ctx, synqly.TicketQuery{Order: []string{"created_at"}}) {
		if synqly.IsRefused(err) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("testing the order of tickets: %w", err)
		}
		oldest.add(&page, func(before, after *synqly.Ticket) bool { return !after.CreatedAt.Time.Before(before.CreatedAt.Time) })
		break // the first page tells
	}
	if !oldest.holds || len(oldest.tickets) == 0 || oldest.last().CreatedAt.Time.After(newest.last().CreatedAt.Time) {
		return false, nil
	}
	return !slices.ContainsFunc(oldest.tickets, newest.has), nil
}

// sequence is what a query in an order has shown so far.
type sequence struct {
	tickets []synqly.Ticket
	// holds: all of it is in the order, and the provider has not remarked on the query.
	holds bool
}

func (s *sequence) add(page *synqly.Page[synqly.Ticket], inOrder func(before, after *synqly.Ticket) bool) {
	s.holds = s.holds && len(page.Messages) == 0
	for i := 0; i < len(page.Items) && s.holds; i++ {
		ticket := &page.Items[i]
		s.holds = !ticket.CreatedAt.Time.IsZero() && (len(s.tickets) == 0 || inOrder(s.last(), ticket))
		s.tickets = append(s.tickets, synqly.Ticket{ID: ticket.ID, CreatedAt: ticket.CreatedAt})
	}
}

func (s *sequence) last() *synqly.Ticket { return &s.tickets[len(s.tickets)-1] }

func (s *sequence) has(ticket synqly.Ticket) bool {
	return slices.ContainsFunc(s.tickets, func(other synqly.Ticket) bool { return other.ID == ticket.ID })
}
