// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import "fmt"

// Bounds of an answer. An empty object takes three bytes of the answer and several hundred where it
// is kept, and whoever may create an Integration chooses the server.
const (
	// maxObjects is far more than a page of tickets has, with all that is in them, or one of
	// fields.
	maxObjects = 100_000
	// maxValues bounds all values, and the names of members do not count.
	maxValues = 1_000_000
	// countedFrom is the size, in bytes, of the smallest answer that is looked at: the values of a
	// smaller one take no memory that matters.
	countedFrom = 256 << 10
)

// tooManyValues says what an answer has too many of, or nothing. It looks at no more than the
// brackets, commas and texts, so it may be wrong about what is no JSON, which is refused later.
func tooManyValues(body []byte) string {
	if len(body) < countedFrom {
		return ""
	}
	objects, values := 0, 0
	inText, isEscaped := false, false
	for _, char := range body {
		switch {
		case isEscaped:
			isEscaped = false
		case inText && char == '\\':
			isEscaped = true
		case char == '"':
			inText = !inText
		case inText:
		case char == '{':
			objects++
			values++
		case char == '[', char == ',':
			values++
		}
	}
	switch {
	case objects > maxObjects:
		return fmt.Sprintf("it has more than %d objects", maxObjects)
	case values > maxValues:
		return fmt.Sprintf("it has more than %d values", maxValues)
	}
	return ""
}
