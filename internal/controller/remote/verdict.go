// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

// Verdict is how far something tells that an attempt has made a remote object.
type Verdict int

const (
	// No: the attempt cannot have made it.
	No Verdict = iota
	// Unclear: the attempt may have made it, or somebody else.
	Unclear
	// Yes: it is what the attempt would have made.
	Yes
)
