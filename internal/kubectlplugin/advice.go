// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// advice is what happens next to an object that is not Ready, and what a person may do.
type advice struct {
	next, actions []string
}

// retriesSlowly and retriesSoon are the pauses of docs/architecture.md, under Errors.
const (
	retriesSlowly = "The operator tries again every 5 to 6 minutes."
	retriesSoon   = "The operator tries again after a second, and then after pauses that double, up to 5 minutes."
)

// remoteAdvice is the advice for each reason of Ready of an object that stands for a remote object.
var remoteAdvice = map[string]func(*subject) advice{
	v1alpha1.ReasonCreating: func(*subject) advice {
		return advice{next: []string{"The request is sent when it is its turn in the request budget of the Integration."}}
	},
	v1alpha1.ReasonCreateUnconfirmed: (*subject).adviceOnUnconfirmedCreate,
	v1alpha1.ReasonWaitingForTicket:  (*subject).adviceOnWaitingForTicket,
	v1alpha1.ReasonWaitingForIntegration: func(s *subject) advice {
		return advice{next: []string{"It goes on as soon as the Integration is Ready."}, actions: s.integrationActions()}
	},
	v1alpha1.ReasonRejected: func(s *subject) advice {
		return advice{
			next: []string{"Nothing, until the spec or the spec of the Integration changes: the provider would reject the same request again."},
			actions: []string{
				"Correct the spec as the message says.",
				"Where only the ticketing system was at fault, have it tried again: " + s.annotate(v1alpha1.SyncRequestedAnnotation, "$(date +%s)"),
			},
		}
	},
	v1alpha1.ReasonUnauthorized: func(s *subject) advice {
		return advice{
			next:    []string{retriesSlowly + " With a new token it tries at once."},
			actions: append([]string{"Put a valid token with the needed permissions into the Secret of the Integration."}, s.integrationActions()...),
		}
	},
	v1alpha1.ReasonThrottled: func(*subject) advice {
		return advice{
			next:    []string{"The operator goes on when the pause is over that the provider has asked for."},
			actions: []string{"Where this comes often, lower rateLimit of the Integration."},
		}
	},
	v1alpha1.ReasonRemoteUnavailable: func(s *subject) advice {
		return advice{next: []string{retriesSoon}, actions: s.integrationActions()}
	},
	v1alpha1.ReasonRemoteMissing: (*subject).adviceOnMissing,
	v1alpha1.ReasonConflict: func(*subject) advice {
		return advice{
			next: []string{retriesSlowly},
			actions: []string{
				"Delete one of the two objects that stand for the same remote object, or correct the reference that the message names.",
				"An object that is deleted leaves the remote object as it is where another one manages it.",
			},
		}
	},
	v1alpha1.ReasonDrifted: func(*subject) advice {
		return advice{next: []string{"The operator restores the values of the spec when it is its turn in the request budget (managementPolicy Enforce)."}}
	},
	v1alpha1.ReasonDeleting: func(*subject) advice {
		return advice{next: []string{"The object goes when the remote one has been removed or closed."}}
	},
	v1alpha1.ReasonDeleteBlocked: func(s *subject) advice {
		return advice{
			next:    []string{"The deletion goes on when what it needs is there again."},
			actions: append([]string{"Let the object go and keep the remote one: " + s.annotate(v1alpha1.OrphanAnnotation, "true")}, s.integrationActions()...),
		}
	},
	v1alpha1.ReasonWriteRefused: func(*subject) advice {
		return advice{
			next:    []string{retriesSoon},
			actions: []string{"Change what refuses the operator's write to this object: an admission policy, a role, or the size of the object."},
		}
	},
	v1alpha1.ReasonSourceNotFound: func(s *subject) advice {
		return advice{
			next: []string{retriesSoon},
			actions: []string{
				"Create the ConfigMap or the Secret with the key that the message names, or correct the reference.",
				"Have the operator look again at once: " + s.annotate(v1alpha1.SyncRequestedAnnotation, "$(date +%s)"),
			},
		}
	},
	v1alpha1.ReasonInvalidSource: func(s *subject) advice {
		return advice{
			next: []string{"Nothing was sent. A ConfigMap or a Secret is read again every 5 to 6 minutes, content in the spec when that changes."},
			actions: []string{
				"Correct the content as the message says: a file has 1 byte to 1 MiB.",
				"Have a ConfigMap or a Secret read again at once: " + s.annotate(v1alpha1.SyncRequestedAnnotation, "$(date +%s)"),
			},
		}
	},
	v1alpha1.ReasonPaused: (*subject).adviceOnPaused,
}

func (s *subject) adviceOnPaused() advice {
	return advice{
		next:    []string{"Nothing, while it is paused; a deletion waits too."},
		actions: []string{"Go on: " + s.annotate(v1alpha1.PausedAnnotation, "")},
	}
}

// adviceFor looks up the advice for the reason of Ready. It reports whether there is any.
func (s *subject) adviceFor(reasons map[string]func(*subject) advice) (advice, bool) {
	find, known := reasons[s.ready.Reason]
	if !known {
		return advice{}, false
	}
	return find(s), true
}

func (s *subject) adviceOnUnconfirmedCreate() advice {
	wait := "The operator searches for the result of the request. It sends the request again only after requestTimeout and settlePeriod of the Integration, and when two searches have found nothing"
	if at := s.confirmedAt(); !at.IsZero() {
		wait += ": at " + timeText(at) + " at the earliest"
	}
	actions := []string{"Wait; nothing is created twice."}
	if s.kind.name == ticketKind.name {
		actions = append(actions, fmt.Sprintf(
			"Where you can see the ticket in the ticketing system, name it: kubectl patch %s --type=merge -p '{\"spec\":{\"ticketID\":\"ID\"}}'", s.argument()))
	}
	actions = append(actions, "Where you can see that nothing was created: "+s.annotate(v1alpha1.CreateAgainAnnotation, "$(date +%s)")+" (where you are wrong, there will be two)")
	return advice{next: []string{wait + "."}, actions: actions}
}

func (s *subject) adviceOnWaitingForTicket() advice {
	child, isChild := s.object.(childObject)
	advised := advice{next: []string{"It goes on as soon as the Ticket has its remote ticket."}}
	switch {
	case !isChild || child.ParentReference().TicketRef == nil:
	case s.waitsFor == nil:
		advised.actions = []string{fmt.Sprintf("Create the Ticket %q in this namespace, or correct ticketRef.", child.ParentReference().TicketRef.Name)}
	default:
		advised.actions = []string{"See what the Ticket waits for: kubectl ticketing explain " + s.waitsFor.Name + " -n " + s.waitsFor.Namespace}
	}
	return advised
}

func (s *subject) adviceOnMissing() advice {
	again := "Have a new one created: " + s.annotate(v1alpha1.CreateAgainAnnotation, "$(date +%s)")
	ticket, isTicket := s.object.(*v1alpha1.Ticket)
	switch {
	case isTicket && ticket.Spec.OnRemoteMissing == v1alpha1.RemoteMissingRecreate:
		next := "A new remote ticket is created when the old one has been missing for the settlePeriod of the Integration"
		if s.integration != nil {
			next += " (" + connection.SettlePeriod(s.integration).String() + ")"
		}
		return advice{next: []string{next + "."}, actions: []string{again}}
	case isTicket && ticket.Spec.TicketID != "":
		return advice{
			next:    []string{"The operator looks again every 5 to 6 minutes, and creates nothing: the ticket was adopted."},
			actions: []string{"Delete this object, or restore the ticket in the ticketing system."},
		}
	}
	return advice{
		next:    []string{"The operator looks again every 5 to 6 minutes, and creates nothing."},
		actions: []string{"Delete this object, or restore the remote one in the ticketing system.", again},
	}
}

// integrationActions say what is wrong with the Integration.
func (s *subject) integrationActions() []string {
	name := connection.Describe(s.integrationName)
	switch {
	case s.integrationName.Name == "":
		return nil
	case s.integration == nil:
		return []string{"Look at the " + name + ", which does not exist or which you may not read: kubectl ticketing status"}
	}
	ready := meta.FindStatusCondition(s.integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	if ready == nil || meta.IsStatusConditionTrue(s.integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady) {
		return nil
	}
	return []string{fmt.Sprintf("The %s is not Ready (%s): %s", name, ready.Reason, oneLine(ready.Message))}
}

// argument names the object for kubectl.
func (s *subject) argument() string { return argumentOf(s.kind.resources[1], s.object) }

// argumentOf names an object for kubectl.
func argumentOf(resource string, object client.Object) string {
	if object.GetNamespace() == "" {
		return resource + "/" + object.GetName()
	}
	return resource + "/" + object.GetName() + " -n " + object.GetNamespace()
}

// annotate is the command that sets an annotation, and removes it without a value.
func (s *subject) annotate(annotation, value string) string {
	return annotateCommand(s.argument(), annotation, value)
}

func annotateCommand(argument, annotation, value string) string {
	if value == "" {
		return "kubectl annotate " + argument + " " + annotation + "-"
	}
	return "kubectl annotate " + argument + " --overwrite " + annotation + "=" + value
}
