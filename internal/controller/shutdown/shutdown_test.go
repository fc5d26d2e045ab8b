// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shutdown

import (
	"context"
	"errors"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestOnlyWhatFailsWithTheManagerIsNoError(t *testing.T) {
	failure := errors.New("reading the Secret: context canceled")
	working := t.Context()
	ending, end := context.WithCancel(working)
	end()
	for name, test := range map[string]struct {
		ctx       context.Context
		err, want error
		after     time.Duration
	}{
		"a failure":                        {working, failure, failure, 0},
		"a failure while the manager ends": {ending, failure, nil, 0},
		"a success":                        {working, nil, nil, time.Minute},
		"a success while the manager ends": {ending, nil, nil, time.Minute},
	} {
		reconciler := Quietly(reconcile.Func(func(context.Context, ctrl.Request) (ctrl.Result, error) {
			return ctrl.Result{RequeueAfter: test.after}, test.err
		}))
		result, err := reconciler.Reconcile(test.ctx, ctrl.Request{})
		if !errors.Is(err, test.want) || err == nil && test.want != nil || result.RequeueAfter != test.after {
			t.Errorf("%s: %v, %v", name, result, err)
		}
	}
}
