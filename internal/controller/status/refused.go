// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"errors"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// passing are the answers from 400 to 499 that say nothing about what was to be written.
var passing = []int32{
	http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusGone, http.StatusTooManyRequests,
}

// IsRefusedWrite reports whether the API server refuses a write for what it is: an admission policy
// denies it, the object gets too large, a role does not allow it. The same write is refused again
// until somebody changes that.
func IsRefusedWrite(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return false
	}
	code := answer.Status().Code
	return code >= 400 && code <= 499 && !slices.Contains(passing, code)
}
