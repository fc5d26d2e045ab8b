// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"strings"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// check refuses a request that is not as the contract's document wants it.
func (r *operationRequest) check() *problem {
	if refused := r.checkMediaType(); refused != nil {
		return refused
	}
	values, err := url.ParseQuery(r.query)
	if err != nil {
		return refuse(inQuery("query", r.query, "the query string cannot be read: %v", err))
	}
	r.values = values
	err = contract.CheckRequest(r.operation, contract.Request{
		Method: r.method, Path: r.path, Query: values, ContentType: r.contentType, Body: r.body,
	})
	if err != nil {
		return violates(err)
	}
	return nil
}

// checkMediaType refuses a body that is too large or of the wrong type. It is by hand because both
// have a status of their own.
func (r *operationRequest) checkMediaType() *problem {
	if r.tooLarge {
		return tooLarge(maxBodyBytes)
	}
	if r.operation.Body == nil {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(r.contentType)
	charset, hasCharset := parameters["charset"]
	if err != nil || mediaType != jsonMediaType || (hasCharset && !strings.EqualFold(charset, "utf-8")) {
		return wrongMediaType(r.contentType)
	}
	if r.contentEncode != "" && r.contentEncode != "identity" {
		return wrongMediaType(r.contentType + " in the encoding " + r.contentEncode)
	}
	return nil
}

// violates makes a 400 of what the contract found.
func violates(err error) *problem {
	var found contract.ValidationErrors
	if !errors.As(err, &found) {
		return refuse(inBody("", "%v", err))
	}
	violations := make([]violation, len(found))
	for i, wrong := range found {
		violations[i] = violation{
			parameter: problemParameter{ID: wrong.Parameter, Location: wrong.Location},
			message:   wrong.Message, remediation: wrong.Remedy,
		}
		if value, err := json.Marshal(wrong.Value); err == nil && wrong.Value != nil {
			violations[i] = violations[i].sent(value)
		}
	}
	return refuse(violations...)
}

// namedText is a text member of an object.
type namedText struct{ name, content string }

// refuseBlank refuses texts without content. It is by hand because the documentation allows them,
// and ticketing systems do not.
func refuseBlank(texts ...namedText) *problem {
	var violations []violation
	for _, text := range texts {
		if strings.TrimSpace(text.content) == "" {
			violations = append(violations, inBody("/"+text.name, "%s must not be empty", text.name).sent(quote(text.content)))
		}
	}
	if len(violations) > 0 {
		return refuse(violations...)
	}
	return nil
}

// decodeInto fills target with a document that has been checked already.
func decodeInto(document []byte, target any) *problem {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return refuse(inBody("", "the body cannot be read: %v", err))
	}
	return nil
}
