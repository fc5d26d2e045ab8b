// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"cmp"
	"fmt"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// connectionTopic is about an Integration or a ClusterIntegration.
type connectionTopic struct {
	*subject

	connection connection.Integration
}

func (t *connectionTopic) ordinaryReason() string { return v1alpha1.ReasonConnected }

func (t *connectionTopic) readyState() string { return oneLine(t.ready.Message) + "." }

func (t *connectionTopic) whenReady() advice {
	return advice{next: []string{
		"The operator checks the connection and looks for remote changes every " + connection.PollInterval(t.connection).String() + " (pollInterval).",
	}}
}

func (t *connectionTopic) whenNotReady() (advice, bool) {
	secret := t.connection.ConnectionSpec().TokenSecretRef
	key := cmp.Or(secret.Key, v1alpha1.DefaultTokenKey)
	newToken := "The Secret is read again every 5 seconds, and a new token is tried at once. The same token is tried every 5 minutes."
	checkNow := "Have the connection checked at once: " + t.annotate(v1alpha1.SyncRequestedAnnotation, "$(date +%s)")
	found, known := map[string]advice{
		v1alpha1.ReasonSecretNotFound: {
			next: []string{"The operator looks for the Secret every 5 seconds."},
			actions: []string{
				fmt.Sprintf("Create the Secret, with the integration token in a file: kubectl create secret generic %s --from-file=%s=token.txt -n %s", secret.Name, key, t.secretNamespace()),
				"Where it is there under another name or key, correct tokenSecretRef. Where the operator may not read it, grant the right to get it.",
			},
		},
		v1alpha1.ReasonInvalidToken: {
			next: []string{newToken},
			actions: []string{
				fmt.Sprintf("Put a valid integration token into the Secret %q, key %q. A token of an organization does not work. The token needs the permission to list projects and fields.", secret.Name, key),
			},
		},
		v1alpha1.ReasonOrganizationDisabled: {
			next:    []string{newToken},
			actions: []string{"Contact the vendor: every request with this token is refused (402)."},
		},
		v1alpha1.ReasonThrottled: {
			next:    []string{"The connection is checked again when the pause is over that the provider has asked for."},
			actions: []string{"Where this comes often, lower rateLimit."},
		},
		v1alpha1.ReasonUnreachable: {
			next: []string{"The connection is checked again about every 2 seconds for 10 minutes, then less often, at least once a minute."},
			actions: []string{
				fmt.Sprintf("Check baseURL (%s) with its path, the network, and the proxy of the operator.", cmp.Or(t.connection.ConnectionSpec().BaseURL, v1alpha1.DefaultBaseURL)),
				checkNow,
			},
		},
		v1alpha1.ReasonInvalidConfiguration: {
			next:    []string{"The connection is checked again when the spec changes, and every 5 minutes."},
			actions: []string{"Correct the spec, or the flags of the operator, as the message says."},
		},
		v1alpha1.ReasonWriteRefused: {
			next:    []string{retriesSlowly},
			actions: []string{"Change what refuses the operator's write to this object: an admission policy or a role."},
		},
		v1alpha1.ReasonPaused: {
			next:    []string{"Nothing, while it is paused: none of the objects that use it sends a request, and deletions wait."},
			actions: []string{"Go on: " + t.annotate(v1alpha1.PausedAnnotation, "")},
		},
	}[t.ready.Reason]
	if known && t.ready.Reason != v1alpha1.ReasonPaused {
		found.next = append(found.next, "Until it is Ready, objects with something to do wait. Objects in sync stay Ready.")
	}
	return found, known
}

// secretNamespace is the namespace of the Secret; of a ClusterIntegration's, where the operator has
// it unless a flag says otherwise.
func (t *connectionTopic) secretNamespace() string {
	return cmp.Or(t.object.GetNamespace(), defaultResourceNamespace)
}

// flag selects the connection in the subcommands that use one; empty for what they use anyway.
func (t *connectionTopic) flag() string {
	switch name := t.object.GetName(); {
	case t.object.GetNamespace() == "":
		return " --integration clusterintegration/" + name
	case name != v1alpha1.DefaultIntegrationName:
		return " --integration " + name
	}
	return ""
}

func (t *connectionTopic) remarks() []string {
	var remarks []string
	known := t.connection.ConnectionStatus()
	if !t.object.GetDeletionTimestamp().IsZero() {
		remarks = append(remarks, "It is being deleted. It stays until no object needs it to remove its remote object: the message of Ready names such objects. "+
			"Delete them, or let them go with the annotation "+v1alpha1.OrphanAnnotation+"=true.")
	}
	switch known.MarkerTags {
	case v1alpha1.MarkerTagsRefused:
		remarks = append(remarks, "The provider refuses the tags by which the operator finds its tickets (markerTags). They are found by name and creation time.")
	case v1alpha1.MarkerTagsDropped:
		remarks = append(remarks, "The provider does not keep the tags by which the operator finds its tickets (markerTags). They are found by name and creation time.")
	}
	if known.ProjectCount > 0 {
		remarks = append(remarks, fmt.Sprintf("The provider has %d projects and %d fields. List them: kubectl ticketing projects%[3]s, kubectl ticketing fields%[3]s.",
			known.ProjectCount, known.RemoteFieldCount, t.flag()))
	}
	return append(remarks, "kubectl ticketing status shows how many objects use it, and how many of them are not Ready.")
}
