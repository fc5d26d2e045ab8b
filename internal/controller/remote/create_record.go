// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// What an attempt has recorded stands in one annotation, so that kubectl describe does not begin
// with a screen of hashes. The names apart are those that others look for: the key and the attempt,
// which users are told of and the index reads, and what is set and removed by itself.

// createPrefix begins the names of all annotations about create attempts.
const createPrefix = "ticketing.synqly.com/create-"

// standsApart has the annotations that are not part of the record.
var standsApart = map[string]bool{
	v1alpha1.CreateKeyAnnotation: true, v1alpha1.CreateAttemptAnnotation: true, v1alpha1.CreateRecordAnnotation: true,
	v1alpha1.CreateClaimAnnotation: true, v1alpha1.CreateAgainAnnotation: true,
}

// unpackRecord returns the annotations with those of the record beside them. One that stands beside
// the record wins: an earlier version of the operator, or claim, has written it since.
func unpackRecord(annotations map[string]string) map[string]string {
	var record map[string]json.RawMessage
	if json.Unmarshal([]byte(annotations[v1alpha1.CreateRecordAnnotation]), &record) != nil {
		return annotations // one that was damaged counts as not there
	}
	all := make(map[string]string, len(annotations)+len(record))
	for name, value := range record {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value) // an object, which the annotation has as JSON
		}
		all[createPrefix+name] = text
	}
	maps.Copy(all, annotations)
	return all
}

// packRecord moves the annotations that do not stand apart into the record.
func packRecord(annotations map[string]string) {
	record := map[string]any{}
	for name, value := range unpackRecord(annotations) {
		detail, isCreate := strings.CutPrefix(name, createPrefix)
		switch {
		case !isCreate || standsApart[name] || value == "":
		case strings.HasPrefix(value, "{") && json.Valid([]byte(value)):
			record[detail] = json.RawMessage(value)
		default:
			record[detail] = value
		}
	}
	packed, err := json.Marshal(record)
	if err != nil {
		return // they stay as they are, and are read like that
	}
	maps.DeleteFunc(annotations, func(name, _ string) bool { return strings.HasPrefix(name, createPrefix) && !standsApart[name] })
	annotations[v1alpha1.CreateRecordAnnotation] = string(packed)
}
