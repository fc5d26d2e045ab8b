// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/synqly/ticketing-operator/internal/controller/status"
)

func TestIsRefusedWrite(t *testing.T) {
	resource := schema.GroupResource{Group: "ticketing.synqly.com", Resource: "tickets"}
	terminating := apierrors.NewForbidden(resource, "a", errors.New("the namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"denied by a policy":      {apierrors.NewForbidden(resource, "a", errors.New("denied")), true},
		"not valid":               {apierrors.NewInvalid(schema.GroupKind{Kind: "Ticket"}, "a", nil), true},
		"too large":               {apierrors.NewRequestEntityTooLargeError("limit is 3145728"), true},
		"wrapped":                 {fmt.Errorf("writing: %w", apierrors.NewBadRequest("no")), true},
		"a conflict":              {apierrors.NewConflict(resource, "a", errors.New("modified")), false},
		"gone":                    {apierrors.NewNotFound(resource, "a"), false},
		"too many requests":       {apierrors.NewTooManyRequests("slow down", 1), false},
		"the token has expired":   {apierrors.NewUnauthorized("expired"), false},
		"a failure":               {apierrors.NewInternalError(errors.New("no leader")), false},
		"a terminating namespace": {terminating, false},
		"no answer":               {errors.New("connection refused"), false},
		"nothing":                 {nil, false},
	} {
		if got := status.IsRefusedWrite(test.err); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
