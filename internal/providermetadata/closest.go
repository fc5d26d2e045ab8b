// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

import (
	"unicode/utf8"

	edlib "github.com/hbollon/go-edlib"
)

const (
	// typosAmong is how many characters there are for each that may be wrong in what was written.
	typosAmong = 3
	// longestMisspelled is the longest text, in characters, that is compared with what is known.
	longestMisspelled = 128
)

// closest is the candidate with the fewest differences from a text, empty where all have too many.
// A difference in the case counts for less than any other.
func closest(text string, candidates []string) string {
	length := utf8.RuneCountInString(text)
	if length > longestMisspelled {
		return ""
	}
	most := max(1, length/typosAmong)
	best, fewest, fewestWithCase := "", most+1, 0
	for _, candidate := range candidates {
		if difference := utf8.RuneCountInString(candidate) - length; difference > most || -difference > most {
			continue
		}
		differences := edlib.OSADamerauLevenshteinDistance(fold(text), fold(candidate))
		if differences > fewest || differences > most {
			continue
		}
		withCase := edlib.OSADamerauLevenshteinDistance(text, candidate)
		if differences < fewest || withCase < fewestWithCase || withCase == fewestWithCase && candidate < best {
			best, fewest, fewestWithCase = candidate, differences, withCase
		}
	}
	return best
}
