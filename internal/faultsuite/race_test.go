// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package faultsuite

// oneIn says how many of the cases are run: with the race detector, which makes everything many
// times slower, one in so many. All of them are run without it.
const oneIn = 100
