// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// patchCustomFields sets the named custom fields one by one, so that those that the spec does not
// name stay. The API documents that a ticket's custom_fields can be null. Nothing can be added to
// that, so then they are set as a whole.
func patchCustomFields(spec *v1alpha1.TicketSpec, names []string, seen *synqly.Ticket) ([]synqly.PatchOperation, error) {
	changed := map[string]json.RawMessage{}
	for _, name := range names {
		key, isCustom := strings.CutPrefix(name, customFieldPrefix)
		value, isSet := spec.CustomFields[key]
		shown := seen != nil && seen.Readable("custom_fields") && hashJSON(seen.CustomFields[key]) == hashJSON(value.Raw)
		if isCustom && isSet && !shown {
			changed[key] = value.Raw
		}
	}
	if len(changed) > 0 && seen != nil && seen.CustomFields == nil && seen.Readable("custom_fields") {
		operation, err := synqly.Add("/custom_fields", changed)
		return []synqly.PatchOperation{operation}, err
	}
	var patch []synqly.PatchOperation
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		// add sets a member whether or not it is there (RFC 6902, section 4.1).
		operation, err := synqly.Add("/custom_fields/"+synqly.EscapePointer(key), changed[key])
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	return patch, nil
}

// hashJSON is the hash of a JSON value however it is written. No value at all counts as null.
func hashJSON(raw []byte) string {
	var value any
	// Whole numbers keep all their digits, which IDs have many of.
	if len(raw) > 0 && utiljson.Unmarshal(raw, &value) != nil {
		return remote.Hash(string(raw))
	}
	return remote.Hash(value)
}

// checkCustomFieldNames refuses a custom field without a name. The schema leaves the names open.
func checkCustomFieldNames(operation string, fields map[string]apiextensionsv1.JSON) error {
	for name := range fields {
		if strings.TrimSpace(name) == "" {
			return &synqly.InvalidRequestError{Operation: operation, Err: errors.New("customFields has a blank name: remove it, or write the name of a field of the provider")}
		}
	}
	return nil
}

// wireCustomFields are the spec's custom fields as the API takes them.
func wireCustomFields(fields map[string]apiextensionsv1.JSON) map[string]json.RawMessage {
	if len(fields) == 0 {
		return nil
	}
	wire := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		wire[name] = value.Raw
	}
	return wire
}

// namesFirstCustomField reports whether custom fields are to be written to a ticket that has been
// given none yet.
func namesFirstCustomField(fields []string, applied map[string]string) bool {
	isCustom := func(name string) bool { return strings.HasPrefix(name, customFieldPrefix) }
	for name := range applied {
		if isCustom(name) {
			return false
		}
	}
	return slices.ContainsFunc(fields, isCustom)
}
