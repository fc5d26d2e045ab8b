// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package faultsuite

// oneIn says how many of the cases are run: all.
const oneIn = 1
