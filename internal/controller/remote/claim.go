// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
)

// claim makes sure that of all objects that could take a remote object for theirs, in this process
// or in another one that believes it leads as well, at most one does. It writes the claim down
// first and then asks the API server itself, not the cache, who else claims the same. Of two
// objects that both do so at least the later one sees the other; whoever sees another claim
// withdraws and looks again later.
func (r *Reconciler[O, R]) claim(ctx context.Context, s *state[O, R], found Found[R]) error {
	id := r.adapter.ID(&found.Remote)
	err := r.updateMetadata(ctx, s, "claiming the remote "+r.adapter.Noun(), func(object O) {
		annotations := object.GetAnnotations()
		if annotations == nil { // They were removed, and recoverIntent does not write them back here.
			annotations = map[string]string{}
		}
		annotations[v1alpha1.CreateClaimAnnotation] = id
		// From here on it is this installation's, and needs no --former-installations.
		annotations[v1alpha1.CreateInstallationAnnotation] = r.Installation
		packRecord(annotations)
		object.SetAnnotations(annotations)
	})
	if err != nil {
		return err
	}
	rival, err := r.rival(ctx, s, found)
	if err != nil || rival == "" {
		return err
	}
	err = r.updateMetadata(ctx, s, "withdrawing the claim on the remote "+r.adapter.Noun(), func(object O) {
		annotations := object.GetAnnotations()
		delete(annotations, v1alpha1.CreateClaimAnnotation)
		object.SetAnnotations(annotations)
	})
	if err != nil {
		return err
	}
	return &UnconfirmedError{
		Noun: r.adapter.Noun(), Err: fmt.Errorf("%s claims the same remote %s", rival, r.adapter.Noun()),
		LookAgain: time.Second + time.Duration(rand.Int64N(int64(4*time.Second))), // #nosec G404 -- breaks a tie, guards nothing
	}
}

// claimsPerPage bounds what is read at once of the objects that the API server has: all of a
// namespace, because it cannot be asked for those with an ID or an annotation alone.
const claimsPerPage = 500

// rival describes another object that stands for the remote object, or claims to.
func (r *Reconciler[O, R]) rival(ctx context.Context, s *state[O, R], found Found[R]) (string, error) {
	claimed := RemoteID{Place: s.place, ID: r.adapter.ID(&found.Remote)}
	for next := ""; ; {
		list := r.adapter.NewList()
		// The first page fixes the state that all pages show, and comes after the claim.
		err := r.APIReader.List(ctx, list, client.InNamespace(s.place.Namespaces(s.name.Namespace)), client.Limit(claimsPerPage), client.Continue(next))
		if err != nil {
			return "", &kubernetesError{fmt.Errorf("looking for other claims on the remote %s: %w", r.adapter.Noun(), err)}
		}
		var claimants []O
		err = lister.EachItem(list, func(other O) {
			if other.GetUID() != s.object.GetUID() && slices.Contains(r.adapter.RemoteIDs(other), claimed) {
				claimants = append(claimants, other)
			}
		})
		if err != nil {
			return "", err
		}
		for _, other := range claimants {
			if counts, err := r.counts(ctx, s, other, claimed, found.Marked); err != nil || counts {
				return DescribeOther(s.object, other, r.adapter.Kind()), err
			}
		}
		if next = list.GetContinue(); next == "" {
			return "", nil
		}
	}
}
