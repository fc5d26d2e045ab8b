// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// There may be very many objects of an Integration, so what they show of creators is asked of an
// index, one question after the other, and answered by one object each.

const (
	// indexPlace finds the objects whose remote objects belong to a remote ticket.
	indexPlace = "place"
	// indexCreator finds objects that show what the provider makes of creators.
	indexCreator = "creator"
)

// placeValue is the value of indexPlace. Its parts are separated as those of a RemoteID.
func placeValue(place remote.Place) string { return place.Integration + "\x00" + place.TicketID }

// evidence is what an object shows of creators. The zero value stands for that its remote object
// has any.
type evidence struct {
	// named: the spec names a creator.
	named bool
	// echoed: the provider shows the creator that the spec names.
	echoed bool
	// own: the operator has certainly made it, and the spec names no creator.
	own bool
	// creator that the provider shows; empty for any.
	creator string
}

// value is the value of indexCreator.
func (e evidence) value(integration string) string {
	return fmt.Sprintf("%s\x00%t %t %t\x00%s", integration, e.named, e.echoed, e.own, strings.ToLower(e.creator))
}

// evidence is what an object shows.
func (s sibling) evidence() []evidence {
	if s.shown == "" {
		return nil
	}
	named := s.wanted != ""
	shows := []evidence{{named: named}, {named: named, creator: s.shown}}
	if named && strings.EqualFold(s.wanted, s.shown) {
		shows = append(shows, evidence{named: true, echoed: true})
	}
	if !named && s.proven {
		shows = append(shows, evidence{own: true, creator: s.shown})
	}
	return shows
}

// indexes are those that the look-up needs.
func (a Adapter[O, R]) indexes() []remote.Index {
	return []remote.Index{
		remote.NewIndex(indexPlace, func(object O) []string {
			shown := object.RemoteChildStatus()
			if shown.ID == "" {
				return nil
			}
			return []string{placeValue(remote.Place{Integration: shown.Integration, TicketID: shown.TicketID})}
		}),
		remote.NewIndex(indexCreator, func(object O) []string {
			var values []string
			for _, shows := range a.asSibling(object).evidence() {
				values = append(values, shows.value(object.RemoteChildStatus().Integration))
			}
			return values
		}),
	}
}

// asSibling is what an object shows of creators; nothing while it has no remote object.
func (a Adapter[O, R]) asSibling(object O) sibling {
	shown := object.RemoteChildStatus()
	if shown.ID == "" {
		return sibling{}
	}
	return sibling{wanted: a.Creator(object), shown: shown.Creator, proven: !remote.IsUnverified(&shown.RemoteObjectStatus)}
}

// siblings are objects that were created through the same Integration: as many as are needed to say
// of each of the creators whether the remote object can have it.
func (a Adapter[O, R]) siblings(ctx context.Context, call remote.Call[O, R], creators []string) ([]sibling, error) {
	if len(creators) == 0 {
		return nil, nil
	}
	named := a.Creator(call.Object) != ""
	questions := []evidence{{named: named}}
	if named {
		questions = append(questions, evidence{named: true, echoed: true})
	}
	for _, creator := range creators {
		if creator != "" {
			questions = append(questions, evidence{named: named, creator: creator}, evidence{own: true, creator: creator})
		}
	}
	var siblings []sibling
	for _, question := range questions {
		answer, err := a.siblingWith(ctx, call, question)
		if err != nil {
			return nil, err
		}
		siblings = append(siblings, answer...)
	}
	return siblings, nil
}

// siblingWith is one other object of the Integration that shows something; none where no object
// does.
func (a Adapter[O, R]) siblingWith(ctx context.Context, call remote.Call[O, R], shows evidence) ([]sibling, error) {
	list := a.NewObjects()
	// One that is not the object itself will do.
	err := call.Reader.List(ctx, list, client.InNamespace(call.Place.Namespaces(call.Object.GetNamespace())),
		client.MatchingFields{indexCreator: shows.value(call.Place.Integration)}, client.Limit(2), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("looking for other %ss of the Integration: %w", a.KindName, err)
	}
	var found []sibling
	err = lister.EachItem(list, func(other O) {
		if other.GetUID() != call.Object.GetUID() && len(found) == 0 {
			found = append(found, a.asSibling(other))
		}
	})
	return found, err
}
