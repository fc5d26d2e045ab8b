// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Indexes that every kind of remote object has in the cache.
const (
	// IndexRemoteID finds objects by the remote object that they stand for; its
	// values are made by RemoteIDIndexValue.
	IndexRemoteID = "remoteID"
	// IndexCreateKey finds objects by the create key in their annotations.
	IndexCreateKey = "createKey"
)

// RemoteIDIndexValue is the value of IndexRemoteID. Its parts are separated by a
// byte that no ID from JSON text in a status contains.
func RemoteIDIndexValue(integration, ticketID, id string) string {
	return integration + "\x00" + ticketID + "\x00" + id
}

// CreateKeyIndex extracts the values of IndexCreateKey.
func CreateKeyIndex(object client.Object) []string {
	if key := object.GetAnnotations()[v1alpha1.CreateKeyAnnotation]; key != "" {
		return []string{key}
	}
	return nil
}
