// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "errors"

// useCores is for Linux.
func useCores(int, int) error {
	return errors.New("cores of its own for the control plane: only Linux has a way to do it")
}
