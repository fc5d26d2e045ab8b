// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// Hash is a short hash of a value's JSON, for status.applied and status.returned. encoding/json
// sorts the keys of maps, so equal values have equal hashes.
func Hash(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		// Values come from decoded JSON, so they always encode; a raw message that does not is told
		// apart by its text.
		encoded = []byte(err.Error())
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:6])
}

// Changed names, sorted, the fields whose hash differs from what was last applied.
func Changed(fields, applied map[string]string) []string {
	var changed []string
	for name, hash := range fields {
		if applied[name] != hash {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// Drifted names, sorted, the managed fields that the provider shows differently from what it showed
// right after they were last applied. A field of which that is not known is not drift.
func Drifted(returned, shown map[string]string) []string {
	var drifted []string
	for name, hash := range shown {
		if then, known := returned[name]; known && then != hash {
			drifted = append(drifted, name)
		}
	}
	slices.Sort(drifted)
	return drifted
}

// afterWrite is the record of what the provider returned, once the written fields have been
// applied: new for those, as before for the others, whether or not the answer shows them, and
// without the fields that are not managed any more.
func afterWrite(returned, shown, managed map[string]string, written []string) map[string]string {
	after := map[string]string{}
	for name := range managed {
		if then, known := returned[name]; known && !slices.Contains(written, name) {
			after[name] = then
		}
	}
	for name, hash := range shown {
		if then, known := returned[name]; known && !slices.Contains(written, name) {
			hash = then
		}
		after[name] = hash
	}
	return after
}

// fieldsHash is one hash for all managed fields.
func fieldsHash(fields map[string]string) string {
	if len(fields) == 0 {
		return ""
	}
	return Hash(maps.Clone(fields))
}
