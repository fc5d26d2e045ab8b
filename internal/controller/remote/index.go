// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"hash/fnv"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

const (
	// IndexRemoteID finds objects by the remote object that they stand for, or claim to; its values
	// are the buckets of those of RemoteIDIndex. Every kind has it.
	IndexRemoteID = "remoteID"
	// IndexCreateKey finds objects by the bucket of the create key in their annotations, or of
	// KeyLost. Every kind has it.
	IndexCreateKey = "createKey"
	// IndexAdoptID finds objects by the remote object that their spec names, whether or not they
	// have it; its values are those of RemoteIDIndex. Kinds that adopt have it.
	IndexAdoptID = "adoptID"
	// IndexIntegration finds objects by the Integration that they use, as Kind.Integration names
	// it: empty where only another object tells. Every kind has it.
	IndexIntegration = "integration"
	// IndexWaiting finds, under the value Waiting, the objects that wait for something. Every kind
	// has it.
	IndexWaiting = "waiting"
	// IndexSharing finds, under the value Sharing, the objects that name a remote object of a
	// connection that several namespaces share. Every kind has it.
	IndexSharing = "sharing"
)

// Waiting and Sharing are the one value of IndexWaiting and of IndexSharing.
const (
	Waiting = "true"
	Sharing = "true"
)

// KeyLost stands in IndexCreateKey for the key of an object whose status says that there was one,
// and whose annotations have it no more. The key itself takes the installation to compute.
const KeyLost = "lost"

// Index is an index of the cache over the objects of one kind.
type Index struct {
	Name    string
	Extract func(client.Object) []string
}

// NewIndex returns an index whose values come from objects of type O.
func NewIndex[O client.Object](name string, extract func(O) []string) Index {
	return Index{Name: name, Extract: func(object client.Object) []string { return extract(object.(O)) }}
}

// buckets is how many values there are of an index that has buckets.
const buckets = 4096

// Bucket stands for many values of an index. Where nearly every object has a value of its own, an
// index with those values takes as much memory as a fifth of the objects; with buckets it takes a
// tenth of that, and whoever looks something up tells from the few objects of a bucket which of
// them are meant.
func Bucket(value string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(value)) // A hash takes everything.
	return strconv.FormatUint(uint64(hash.Sum32()%buckets), 36)
}

func bucketsOf(values []string) []string {
	for i := range values {
		values[i] = Bucket(values[i])
	}
	return values
}

// commonIndexes are those that every kind has.
func commonIndexes[O Object, R any](adapter Adapter[O, R]) []Index {
	return []Index{
		NewIndex(IndexCreateKey, func(object O) []string { return bucketsOf(createKeyIndex(object)) }),
		NewIndex(IndexRemoteID, func(object O) []string { return bucketsOf(RemoteIDIndex(adapter.RemoteIDs(object))) }),
		NewIndex(IndexIntegration, func(object O) []string { return []string{integrationUsedBy(adapter, object)} }),
		NewIndex(IndexWaiting, waitingIndex[O]),
		NewIndex(IndexSharing, func(object O) []string { return sharingIndex(adapter, object) }),
	}
}

// integrationUsedBy is the Integration that an object uses, or will.
func integrationUsedBy[O Object, R any](adapter Adapter[O, R], object O) string {
	if recorded := object.RemoteStatus().Integration; recorded != "" {
		return recorded
	}
	// One whose create was refused has recorded it with the attempt alone.
	if attempted := readIntent(object).place.Integration; attempted != "" {
		return attempted
	}
	return adapter.Integration(object)
}

// waitingIndex extracts the values of IndexWaiting.
func waitingIndex[O Object](object O) []string {
	if isWaiting(object) {
		return []string{Waiting}
	}
	return nil
}

// sharingIndex extracts the values of IndexSharing.
func sharingIndex[O Object, R any](adapter Adapter[O, R], object O) []string {
	used := connection.NameOf(object.GetNamespace(), integrationUsedBy(adapter, object))
	if adapter.Policy(object).AdoptID != "" && connection.IsCluster(used) {
		return []string{Sharing}
	}
	return nil
}

// createKeyIndex extracts what the buckets of IndexCreateKey stand for.
func createKeyIndex(object Object) []string {
	if key := object.GetAnnotations()[v1alpha1.CreateKeyAnnotation]; key != "" {
		return []string{key}
	}
	if recorded := object.RemoteStatus(); max(recorded.SettledAttempt, recorded.OpenAttempt) > 0 {
		return []string{KeyLost}
	}
	return nil
}

// RemoteID names a remote object.
type RemoteID struct {
	Place
	ID string
}

// IndexValue is what a bucket of IndexRemoteID stands for. Its parts are separated by a byte that
// no text in a Kubernetes object contains.
func (id RemoteID) IndexValue() string {
	return id.Integration + "\x00" + id.TicketID + "\x00" + id.ID
}

// RemoteIDs are the remote objects that an object stands for, at the place that its status records,
// or claims.
func RemoteIDs(object Object, recorded Place) []RemoteID {
	var ids []RemoteID
	if id := object.RemoteStatus().ID; id != "" {
		ids = append(ids, RemoteID{Place: recorded, ID: id})
	}
	claim := object.GetAnnotations()[v1alpha1.CreateClaimAnnotation]
	if claim == "" {
		return ids
	}
	if attempt := readIntent(object); attempt.attempt > object.RemoteStatus().SettledAttempt {
		ids = append(ids, RemoteID{Place: attempt.place, ID: claim})
	}
	return ids
}

// RemoteIDIndex extracts the values of IndexAdoptID, and what the buckets of IndexRemoteID stand
// for.
func RemoteIDIndex(ids []RemoteID) []string {
	var values []string
	for _, id := range ids {
		values = append(values, id.IndexValue())
	}
	return values
}
