// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "errors"

var errNoCores = errors.New("cores of its own for the control plane: only Linux has a way to do it")

// availableCores is for Linux.
func availableCores() ([]int, error) { return nil, errNoCores }

// useCores is for Linux.
func useCores([]int) error { return errNoCores }
