// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import "fmt"

// Bounds of an answer. An empty object takes three bytes of the answer and several hundred where it
// is kept, and whoever may create an Integration chooses the server.
const (
	// largeFrom is the size, in bytes, of the largest answer that is not large
	// (Options.AdmitLarge). A page of 100 tickets has a fraction of it.
	largeFrom = 512 << 10
	// manyObjects is the number of objects from which an answer of few bytes is large.
	manyObjects = 2_000
	// maxObjects is far more than a page of tickets has, with all that is in them, or one of
	// fields.
	maxObjects = 100_000
	// maxValues bounds all values, and the names of members do not count.
	maxValues = 1_000_000
	// smallestObject is the least, in bytes, that an object and its comma take.
	smallestObject = len("{},")
)

// isLarge reports whether a body, or what is read of it, takes much memory when it is decoded.
func isLarge(body []byte) bool {
	switch {
	case len(body) <= manyObjects*smallestObject:
		return false
	case len(body) > largeFrom:
		return true
	}
	objects, _ := countValues(body)
	return objects > manyObjects
}

// tooManyValues says what an answer has too many of, or nothing.
func tooManyValues(body []byte) string {
	if len(body) <= maxObjects*smallestObject {
		return "" // Most answers: there is no need to count.
	}
	switch objects, values := countValues(body); {
	case objects > maxObjects:
		return fmt.Sprintf("it has more than %d objects", maxObjects)
	case values > maxValues:
		return fmt.Sprintf("it has more than %d values", maxValues)
	}
	return ""
}

// countValues counts the objects and all values of a document. It looks at no more than the
// brackets, commas and texts, so it may be wrong about what is no JSON, which is refused later.
func countValues(body []byte) (objects, values int) {
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
	return objects, values
}
