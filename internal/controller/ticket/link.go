// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// longestURL is the longest address that the status takes. A longer one is left out, because a
	// part of it leads nowhere.
	longestURL = 2048
	// idInTemplate is what the ID takes the place of.
	idInTemplate = "{id}"
)

// ShowLink puts the address of the remote ticket into the status. What the Integration says goes
// before what the provider sends, because somebody has chosen it.
func (adapter) ShowLink(ticket *v1alpha1.Ticket, integration connection.Integration) string {
	ticket.Status.URL = linkOf(&ticket.Status, integration.ConnectionSpec().TicketURLTemplate)
	return ticket.Status.URL
}

func linkOf(status *v1alpha1.TicketStatus, template string) string {
	switch {
	case status.ID == "":
		return ""
	case template != "":
		return linkFrom(template, status.ID)
	case status.Remote != nil:
		return status.Remote.URL
	}
	return ""
}

// LinkTo is the address of a remote ticket that no object stands for: empty where neither the
// Integration nor the provider tells.
func LinkTo(shown *synqly.Ticket, integration connection.Integration) string {
	if template := integration.ConnectionSpec().TicketURLTemplate; template != "" {
		return linkFrom(template, shown.ID)
	}
	return shownLink(shown)
}

// linkFrom is the address that a template makes of an ID. The ID is escaped so that it means itself
// in a path, in a query and in a fragment.
func linkFrom(template, id string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
	link := strings.ReplaceAll(template, idInTemplate, escaped)
	if len(link) > longestURL {
		return ""
	}
	return link
}

// pageMembers are where providers have the address of a ticket's page among what the API does not
// model. Members such as url and self are mostly addresses of their API.
var pageMembers = []string{"html_url", "web_url"}

// shownLink is the address that the provider sends with a ticket, or empty.
func shownLink(shown *synqly.Ticket) string {
	for _, member := range pageMembers {
		var text string
		if err := json.Unmarshal(shown.Unmapped[member], &text); err != nil {
			continue
		}
		if link := webAddress(text); link != "" {
			return link
		}
	}
	return ""
}

// webAddress is a text in the form of a web address without credentials, or empty for any other.
func webAddress(text string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Hostname() == "" || address.User != nil {
		return ""
	}
	if link := address.String(); len(link) <= longestURL {
		return link
	}
	return ""
}
