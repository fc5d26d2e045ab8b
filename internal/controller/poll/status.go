// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import "github.com/synqly/ticketing-operator/api/v1alpha1"

// pollingStatus is what status.polling of the Integration says.
func (s *state) pollingStatus(tickets []*v1alpha1.Ticket) v1alpha1.PollingStatus {
	ours, others := map[v1alpha1.PollingMethod]int{}, map[v1alpha1.PollingMethod]int{}
	for _, ticket := range tickets {
		switch method := s.methodFor(ticket); {
		case isMissing(ticket):
		case s.isOurs(ticket):
			ours[method]++
		default:
			others[method]++
		}
	}
	status := v1alpha1.PollingStatus{
		Method: mostUsed(ours), OtherMethod: mostUsed(others),
		TagFilter: s.capabilities[tagFilter], ProjectFilter: s.capabilities[projectFilter],
		UpdatedAtFilter: s.capabilities[updatedAtFilter], Order: s.capabilities[ordering],
	}
	if status.Method == "" {
		status.Method = s.capabilities.expectedMethod()
	}
	return status
}

// methodFor is how a ticket is polled.
func (s *state) methodFor(ticket *v1alpha1.Ticket) v1alpha1.PollingMethod {
	in := s.scannedIn(ticket)
	known := s.scopes[in]
	return methodOf(in, known != nil && s.narrows(known, updatedAtFilter))
}

// methodOf is how the tickets of a scope are polled: byChange where the provider filters by time of
// change.
func methodOf(in scope, byChange bool) v1alpha1.PollingMethod {
	switch {
	case in.tag != "" && byChange:
		return v1alpha1.PollingChangedSince
	case in.tag != "":
		return v1alpha1.PollingOurs
	case in.project != "":
		return v1alpha1.PollingProjects
	}
	return v1alpha1.PollingTickets
}

// expectedMethod is how tickets with the group tag would be polled, as far as that is known.
func (c capabilities) expectedMethod() v1alpha1.PollingMethod {
	switch {
	case c[tagFilter] == "":
		return ""
	case c.works(tagFilter) && c.works(updatedAtFilter):
		return v1alpha1.PollingChangedSince
	case c.works(tagFilter):
		return v1alpha1.PollingOurs
	case c.usable(projectFilter):
		return v1alpha1.PollingProjects
	}
	return v1alpha1.PollingTickets
}

// mostUsed is the method of most tickets; empty where there are none.
func mostUsed(counts map[v1alpha1.PollingMethod]int) v1alpha1.PollingMethod {
	var most v1alpha1.PollingMethod
	for _, method := range []v1alpha1.PollingMethod{v1alpha1.PollingChangedSince, v1alpha1.PollingOurs, v1alpha1.PollingProjects, v1alpha1.PollingTickets} {
		if counts[method] > counts[most] {
			most = method
		}
	}
	return most
}
