// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// ask sends the query. An order that the provider refuses is left out, because the tickets can be
// counted without. Where the same is refused without it as well, it is the filters.
func (r *Reconciler) ask(ctx context.Context, spec *v1alpha1.TicketQuerySpec, open *connection.Connection) (result, error) {
	found, err := r.read(ctx, spec, open, spec.Order)
	if spec.Order == "" || !synqly.IsRefused(err) || synqly.IsUnsupported(err) {
		return found, err
	}
	without, errWithout := r.read(ctx, spec, open, "")
	if synqly.IsRefused(errWithout) {
		return found, err
	}
	without.message += "; the provider refuses the order: " + err.Error()
	return without, errWithout
}

// read reads the pages of the query. Where they are too large, it begins again with smaller ones.
func (r *Reconciler) read(ctx context.Context, spec *v1alpha1.TicketQuerySpec, open *connection.Connection, order string) (result, error) {
	pageSize := 0
	for {
		read := newTally(spec.Filters, open.Integration, open.Metadata())
		err := readPages(ctx, spec, open, order, pageSize, read)
		countPages(client.ObjectKeyFromObject(open.Integration), read.pages)
		if smaller, ok := poll.SmallerPages(pageSize); ok && synqly.IsTooLarge(err) {
			pageSize = smaller
			continue
		}
		if synqly.IsTooLarge(err) || synqly.IsEndless(err) {
			read.cut, err = err.Error(), nil
		}
		if err != nil {
			return result{}, err
		}
		return read.result(spec.Order, limitOf(spec)), nil
	}
}

func readPages(ctx context.Context, spec *v1alpha1.TicketQuerySpec, open *connection.Connection, order string, pageSize int, into *tally) error {
	asked := synqly.TicketQuery{Filters: spec.Filters, Limit: pageSize}
	if order != "" {
		asked.Order = []string{order}
	}
	for page, err := range open.QueryTickets(ctx, asked) {
		if err != nil {
			return err
		}
		if !into.addPage(&page, orderField(spec.Order)) {
			return nil
		}
	}
	return nil
}

func limitOf(spec *v1alpha1.TicketQuerySpec) int {
	if spec.Limit == nil {
		return 20
	}
	return int(*spec.Limit)
}
