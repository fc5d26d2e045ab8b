// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// What the subcommand wait can wait for.
const (
	waitForReady   = "ready"
	waitForCreated = "created"
	waitForClosed  = "closed"
)

// waitInterval is how often an object is looked at. To get it takes no other right than the rest of
// the plugin does; a watch would.
const waitInterval = time.Second

// errStalled says that waiting does not help.
var errStalled = errors.New("no retry helps until somebody changes something")

func (p *plugin) waitCommand() *cobra.Command {
	var (
		waitFor string
		timeout time.Duration
	)
	command := &cobra.Command{
		Use:   "wait TICKET",
		Short: "Wait until a Ticket is Ready, created or closed",
		Long: "Wait until a Ticket is Ready for its latest spec, until it has its remote ticket, or until that is closed.\n" +
			"The wait ends at once, with an error, where no retry helps until somebody changes something, unless it is for\n" +
			"closed: a person may still close the ticket. An object that belongs to a ticket can be waited for as well, as\n" +
			"in ticketcomment/NAME.",
		Example:           "  kubectl ticketing wait checkout-latency --timeout=2m && kubectl ticketing open checkout-latency",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.completeOne(remoteKinds()),
		RunE: func(command *cobra.Command, arguments []string) error {
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			kind, name, err := parseName(strings.Join(arguments, "/"), remoteKinds())
			if err != nil {
				return err
			}
			goal, err := goalOf(waitFor, kind)
			if err != nil {
				return err
			}
			object, err := p.await(command.Context(), cluster, kind, client.ObjectKey{Namespace: namespace, Name: name}, timeout, goal)
			if err != nil {
				return fmt.Errorf("waiting for %s/%s to be %s: %w", kind.resources[1], name, waitFor, err)
			}
			_, err = fmt.Fprintf(p.Out, "%s/%s is %s (remote ID %s)\n", kind.resources[1], name, waitFor, oneLine(orDash(object.RemoteStatus().ID)))
			return err
		},
	}
	command.Flags().StringVar(&waitFor, "for", waitForReady, "What to wait for: ready, created (it has a remote ID) or closed")
	command.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "How long to wait")
	mustRegister(command, "for", cobra.FixedCompletions([]string{waitForReady, waitForCreated, waitForClosed}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// goal is what is waited for.
type goal struct {
	reached func(remoteObject) bool
	// despiteStalled: people may bring it about where the operator cannot.
	despiteStalled bool
}

func goalOf(waitFor string, kind kind) (goal, error) {
	switch waitFor {
	case waitForReady:
		return goal{reached: func(object remoteObject) bool {
			ready := meta.FindStatusCondition(object.RemoteStatus().Conditions, v1alpha1.ConditionReady)
			// One that speaks of an earlier spec does not count.
			return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.GetGeneration()
		}}, nil
	case waitForCreated:
		return goal{reached: func(object remoteObject) bool { return object.RemoteStatus().ID != "" }}, nil
	case waitForClosed:
		if kind.name != ticketKind.name {
			return goal{}, fmt.Errorf("--for=closed is for Tickets, and not for a %s", kind.name)
		}
		return goal{func(object remoteObject) bool { return object.(*v1alpha1.Ticket).Status.ClosedAt != nil }, true}, nil
	}
	return goal{}, fmt.Errorf("--for=%s is not known: use ready, created or closed", waitFor)
}

// await looks at an object until what is waited for has come. An object that does not exist yet is
// waited for as well.
func (p *plugin) await(
	ctx context.Context, cluster client.Reader, kind kind, name client.ObjectKey, timeout time.Duration, goal goal,
) (remoteObject, error) {
	var (
		object remoteObject
		latest = errors.New("it does not exist")
	)
	err := wait.PollUntilContextTimeout(ctx, waitInterval, timeout, true, func(ctx context.Context) (bool, error) {
		found, err := kind.get(ctx, cluster, name.Namespace, name.Name)
		switch {
		case apierrors.IsNotFound(err):
			return false, nil
		case err != nil && ctx.Err() != nil:
			return false, ctx.Err() // The error is about that, in whatever words.
		case err != nil:
			return false, err
		}
		object = found.(remoteObject)
		if goal.reached(object) {
			return true, nil
		}
		latest = notReached(object)
		if errors.Is(latest, errStalled) && !goal.despiteStalled {
			return false, latest
		}
		return false, nil
	})
	switch {
	case wait.Interrupted(err) && ctx.Err() == nil:
		return nil, fmt.Errorf("it is not after %s: %w", timeout, latest)
	case err != nil:
		return nil, err
	}
	return object, nil
}

// notReached says where an object stands that is waited for.
func notReached(object remoteObject) error {
	conditions := object.RemoteStatus().Conditions
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return errors.New("the operator has not looked at it yet")
	}
	said := fmt.Sprintf("%s: %s", ready.Reason, oneLine(ready.Message))
	if stalled := meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue && stalled.ObservedGeneration == object.GetGeneration() {
		return fmt.Errorf("%s (%w)", said, errStalled)
	}
	return errors.New(said)
}
