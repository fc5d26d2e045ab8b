// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Indexes that every kind of remote object has in the cache.
const (
	// IndexRemoteID finds objects by the remote object that they stand for, or claim
	// to; its values are those of RemoteIDIndex.
	IndexRemoteID = "remoteID"
	// IndexAdoptID finds objects by the remote object that their spec names, whether or
	// not they have it; its values are those of RemoteIDIndex.
	IndexAdoptID = "adoptID"
	// IndexCreateKey finds objects by the create key in their annotations.
	IndexCreateKey = "createKey"
)

// RemoteID names a remote object.
type RemoteID struct {
	Place
	ID string
}

// indexValue is the value of IndexRemoteID. Its parts are separated by a byte that
// no text in a Kubernetes object contains.
func (id RemoteID) indexValue() string {
	return id.Integration + "\x00" + id.TicketID + "\x00" + id.ID
}

// RemoteIDs are the remote objects that an object stands for, at the place that its
// status records, or claims.
func RemoteIDs(object Object, recorded Place) []RemoteID {
	var ids []RemoteID
	if id := object.RemoteStatus().ID; id != "" {
		ids = append(ids, RemoteID{Place: recorded, ID: id})
	}
	claim := object.GetAnnotations()[v1alpha1.CreateClaimAnnotation]
	attempt := readIntent(object)
	if claim != "" && attempt.attempt > object.RemoteStatus().SettledAttempt {
		ids = append(ids, RemoteID{Place: attempt.place, ID: claim})
	}
	return ids
}

// RemoteIDIndex extracts the values of IndexRemoteID.
func RemoteIDIndex(ids []RemoteID) []string {
	var values []string
	for _, id := range ids {
		values = append(values, id.indexValue())
	}
	return values
}

// CreateKeyIndex extracts the values of IndexCreateKey.
func CreateKeyIndex(object client.Object) []string {
	if key := object.GetAnnotations()[v1alpha1.CreateKeyAnnotation]; key != "" {
		return []string{key}
	}
	return nil
}
