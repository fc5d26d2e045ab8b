// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/utils/clock"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// importPageSize is the API's default.
	importPageSize = 100
	// progressEvery is after how many tickets the user is told of the progress.
	progressEvery = 1000
	// A provider that asks to slow down is asked again, so often in a row, if it asks to wait for
	// no longer than longestPause. People look on, so a longer one is theirs to decide about.
	mostPauses   = 10
	longestPause = 5 * time.Minute
)

// ticketReader reads the tickets of a provider page by page.
type ticketReader struct {
	remote   *synqly.Client
	filters  []string
	limit    int
	clock    clock.Clock
	progress io.Writer

	read, pauses int
}

// each uses every ticket. It fails where there are more than the limit: a part of the tickets must
// not be taken for all of them. That bounds a list without an end as well.
func (r *ticketReader) each(ctx context.Context, use func(context.Context, *synqly.Ticket) error) error {
	cursor := ""
	return r.patiently(ctx, "reading tickets", func() (err error) {
		cursor, err = r.pages(ctx, cursor, use)
		return err
	})
}

// get reads one ticket.
func (r *ticketReader) get(ctx context.Context, id string) (ticket *synqly.Ticket, err error) {
	err = r.patiently(ctx, "reading the ticket "+oneLine(id), func() (err error) {
		ticket, err = r.remote.GetTicket(ctx, id)
		return err
	})
	return ticket, err
}

// patiently repeats what the provider refuses because there is too much of it.
func (r *ticketReader) patiently(ctx context.Context, doing string, do func() error) error {
	for {
		err := do()
		switch {
		case err == nil:
			return nil
		case synqly.ClassOf(err) != synqly.Throttled || r.pauses == mostPauses:
			return describeRemoteError(err, doing)
		}
		asked := synqly.RetryAfterOf(err)
		if asked > longestPause {
			return tooLongToWait(err, doing, asked)
		}
		if err := r.pause(ctx, asked); err != nil {
			return err
		}
	}
}

// pages reads from the cursor on. With an error it returns where to go on.
func (r *ticketReader) pages(ctx context.Context, cursor string, use func(context.Context, *synqly.Ticket) error) (string, error) {
	query := synqly.TicketQuery{Filters: r.filters, Limit: importPageSize, Cursor: cursor}
	for page, err := range r.remote.QueryTickets(ctx, query) {
		if err != nil {
			return cursor, err
		}
		// A ticket that cannot be read is missing in Git, which somebody should know.
		if err := page.CheckComplete(); err != nil {
			return cursor, err
		}
		for _, message := range page.Messages {
			_, _ = fmt.Fprintln(r.progress, "The provider warns:", oneLine(message.Message))
		}
		before := r.read
		if r.read += len(page.Items); r.read > r.limit {
			return cursor, fmt.Errorf("there are more than %d tickets: narrow them with --filter, or raise --limit; nothing was written", r.limit)
		}
		r.pauses = 0
		for i := range page.Items {
			if err := use(ctx, &page.Items[i]); err != nil {
				return cursor, err
			}
		}
		if r.read/progressEvery != before/progressEvery {
			_, _ = fmt.Fprintf(r.progress, "%d tickets read …\n", r.read)
		}
		cursor = page.Cursor
	}
	return cursor, nil
}

// tooLongToWait says what to do about a pause that import does not wait for. It may be longer than
// known: the client takes no longer one than an hour for true.
func tooLongToWait(err error, doing string, asked time.Duration) error {
	return fmt.Errorf("%s: the provider asks to wait for at least %s, and import waits for %s at most; nothing was written: "+
		"run it again after that time, from the start, or narrow the tickets with --filter: %w", doing, asked, longestPause, err)
}

// pause waits as long as the provider asks for, a second where it does not say.
func (r *ticketReader) pause(ctx context.Context, asked time.Duration) error {
	r.pauses++
	pause := max(asked, time.Second)
	_, _ = fmt.Fprintf(r.progress, "The provider asks to slow down: going on in %s.\n", pause)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.clock.After(pause):
		return nil
	}
}
