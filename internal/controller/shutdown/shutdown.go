// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shutdown has reconciles end without an error when the manager ends.
package shutdown

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Quietly makes no error of a reconcile that failed because the manager was asked to end meanwhile.
// controller-runtime would log it with a stack trace, although nothing is wrong: the next process
// goes on.
func Quietly(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
		result, err := reconciler.Reconcile(ctx, request)
		if err != nil && ctx.Err() != nil {
			return ctrl.Result{}, nil //nolint:nilerr // as above
		}
		return result, err
	})
}
