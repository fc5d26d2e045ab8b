// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// incidentAudit is what an auditor writes down of Incidents, who knows how the alerts really are.
type incidentAudit struct {
	*alertWorld
	// told is what was told last about an Incident: which alerts fire.
	told map[types.UID]string
	// removals counts the objects that were removed, and removedAt says when an Incident was last,
	// by group.
	removals  int
	removedAt map[string]removal
	// stored are the notifications that were answered with 200 since then, by group.
	stored map[string][]notification
	// resolved are Incidents that have resolved since their latest Ticket was created.
	resolved map[types.UID]bool
	// decided are the remote tickets that people closed, or whose status they chose, and deleted
	// the Tickets that they deleted.
	decided map[string]bool
	deleted map[types.UID]bool
	// receiverDeleted: a person has deleted the AlertReceiver.
	receiverDeleted bool
}

// removal is when something was removed; the zero value of what never was.
type removal struct {
	revision int64
	at       time.Time
}

// isRecent reports whether a cache may still show what was removed. A notification that says
// nothing new to that cache counts as one that came before the removal.
func (r removal) isRecent() bool { return r.revision > 0 && time.Since(r.at) <= longestLag }

func newIncidentAudit(of *alertWorld) *incidentAudit {
	return &incidentAudit{
		alertWorld: of, told: map[types.UID]string{}, removedAt: map[string]removal{}, stored: map[string][]notification{}, resolved: map[types.UID]bool{},
		decided: map[string]bool{}, deleted: map[types.UID]bool{},
	}
}

// The statuses in which a remote ticket counts as closed here.
var closedStatuses = []string{"Done", "Closed", wontDo}

func isClosed(shown simulator.Ticket) bool { return slices.Contains(closedStatuses, shown.Status) }

// changed is called after each write to the cluster.
func (a *incidentAudit) changed(change memoryapi.Change) {
	object := change.Object()
	switch {
	case change.After == nil:
		a.removed(change)
		return
	case ownerUID(object) == "" && len(object.GetOwnerReferences()) == 0:
	case change.Before == nil:
		a.world.declare(referenceTo(object))
		a.world.deleted[referenceTo(object)] = false
		if a.removals > 0 {
			// Its owner may be gone, which the cache of its maker did not show.
			a.world.inTime(time.Second, a.world.api.CollectGarbage)
		}
	case object.GetDeletionTimestamp() != nil && kindNamed(referenceTo(object).kind) != nil:
		a.world.deleted[referenceTo(object)] = true
	}
	byIncident := a.world.acting != nil && a.world.acting.of.kind == "Incident"
	switch o := object.(type) {
	case *v1alpha1.Incident:
		a.incidentChanged(change.Before, o)
	case *v1alpha1.Ticket:
		if ownerUID(o) != "" && change.Before == nil {
			a.ticketCreated(o)
		} else if byIncident {
			a.ticketPatched(change.Before.(*v1alpha1.Ticket), o)
		}
	case *v1alpha1.TicketComment:
		if ownerUID(o) != "" && change.Before == nil {
			a.commentCreated(o)
		}
	}
}

// removed has what belongs to the object collected some time later. What an Incident's remote
// tickets say stays.
func (a *incidentAudit) removed(change memoryapi.Change) {
	object := change.Before
	if len(object.GetOwnerReferences()) > 0 && kindNamed(referenceTo(object).kind) != nil {
		a.world.ledger.forgotten[object.GetUID()] = true
		a.world.deleted[referenceTo(object)] = true
	}
	if incident, isIncident := object.(*v1alpha1.Incident); isIncident {
		group := incident.Spec.GroupLabels["alertname"]
		a.removedAt[group] = removal{change.Revision, time.Now()}
		delete(a.stored, group)
	}
	a.removals++
	a.world.inTime(time.Second, a.world.api.CollectGarbage)
}

func (a *incidentAudit) incidentChanged(before client.Object, after *v1alpha1.Incident) {
	known, existed := before.(*v1alpha1.Incident)
	if existed && !slices.Equal(known.Status.Told, after.Status.Told) {
		a.told[after.UID] = strings.Join(after.Status.Told, ",")
	}
	if after.Status.Phase == v1alpha1.IncidentResolved {
		a.resolved[after.UID] = true
	}
}

// ticketCreated: a further ticket comes after a resolution, or because a person wants it so.
func (a *incidentAudit) ticketCreated(ticket *v1alpha1.Ticket) {
	owner := ownerUID(ticket)
	if !strings.HasSuffix(ticket.Name, "-1") && !a.resolved[owner] && a.receiver.Spec.ClosedWhileFiring != v1alpha1.ClosedWhileFiringNewTicket {
		a.world.violate("incidents: the Ticket %s is created though a person has decided, and the incident has not resolved since", ticket.Name)
	}
	delete(a.resolved, owner)
	a.told[owner] = ticket.Annotations[v1alpha1.ToldAnnotation]
}

// ticketPatched: the latest ticket alone is touched, and a person's decision stands.
func (a *incidentAudit) ticketPatched(before, after *v1alpha1.Ticket) {
	var list v1alpha1.TicketList
	a.world.each(&list, func(other client.Object) {
		if ownerUID(other) == ownerUID(after) && number(other) > number(after) {
			a.world.violate("incidents: the Ticket %s is changed, and %s is a later one", after.Name, other.GetName())
		}
	})
	if before.Spec.Status == after.Spec.Status {
		return
	}
	if remote := before.Status.Remote; remote != nil && remote.Status == wontDo {
		a.world.violate("incidents: the status of the Ticket %s is set to %q though people want none", after.Name, after.Spec.Status)
	}
	setFor := after.Annotations[v1alpha1.StatusSetForAnnotation]
	if strings.HasPrefix(setFor, "closed/") && a.receiver.Spec.ClosedWhileFiring != v1alpha1.ClosedWhileFiringReopen {
		a.world.violate("incidents: the Ticket %s, which a person closed, is reopened", after.Name)
	}
}

// number is how many digits of a Ticket's name say which one of its Incident it is, and these.
func number(ticket client.Object) string {
	name := ticket.GetName()
	digits := name[strings.LastIndex(name, "-")+1:]
	return strings.Repeat("0", 10-min(len(digits), 10)) + digits
}

// commentCreated: nothing is told twice.
func (a *incidentAudit) commentCreated(comment *v1alpha1.TicketComment) {
	owner, told := ownerUID(comment), comment.Annotations[v1alpha1.ToldAnnotation]
	if a.told[owner] == told {
		a.world.violate("incidents: the TicketComment %s tells once more that %q fires", comment.Name, told)
	}
	a.told[owner] = told
	ticket := &v1alpha1.Ticket{}
	a.world.each(&v1alpha1.TicketList{}, func(other client.Object) {
		if ownerUID(other) == owner && (ticket.Name == "" || number(other) > number(ticket)) {
			ticket = other.(*v1alpha1.Ticket)
		}
	})
	if on := comment.Spec.TicketRef.Name; on != ticket.Name && ticket.Name != "" {
		a.world.violate("incidents: the TicketComment %s is on %s, and the latest ticket is %s", comment.Name, on, ticket.Name)
	}
}

// checkSingle: a remote ticket is made while no other one of the same Incident is open, unless that
// is about to be closed, or a person has deleted its object.
func (a *incidentAudit) checkSingle(made creation) {
	incident := a.incidentBehind(made)
	if made.kind != "ticket" || incident == "" {
		return
	}
	a.checkRoom()
	for _, other := range a.world.ledger.creations {
		if other.kind != "ticket" || other.id == made.id || a.incidentBehind(other) != incident || a.deleted[other.uid] {
			continue
		}
		shown, found := a.world.remote.Ticket(other.id)
		ticket, exists := a.world.get(other.owner).(*v1alpha1.Ticket)
		closing := exists && ticket.Spec.Status == a.receiver.Spec.Resolve.Status
		if found && !isClosed(shown) && !closing {
			a.world.violate("incidents: the remote tickets %s and %s of one incident are open", other.id, made.id)
		}
	}
}

// checkRoom: there are at most as many open tickets as the AlertReceiver allows. Of two leaders
// each may take the last room.
func (a *incidentAudit) checkRoom() {
	open, most := 0, int(a.receiver.Spec.MaxOpenTickets)
	for _, made := range a.world.ledger.creations {
		shown, found := a.world.remote.Ticket(made.id)
		if made.kind == "ticket" && found && !isClosed(shown) && a.incidentBehind(made) != "" {
			open++
		}
	}
	if most > 0 && open > most && a.world.strike == nil {
		a.world.violate("incidents: there are %d open tickets, and may be %d", open, most)
	}
}

// incidentBehind is the Incident that a remote ticket was made for.
func (a *incidentAudit) incidentBehind(made creation) types.UID {
	for _, version := range a.world.api.History(made.owner.kind, made.owner.key()) {
		if version.GetUID() == made.uid {
			return ownerUID(version)
		}
	}
	return ""
}

// checkStored: what was answered with 200 is in the API server, unless the Incident was removed
// meanwhile.
func (a *incidentAudit) checkStored(said notification, since int64) {
	incident := a.incidentOf(said.group)
	if incident != nil && a.removedAt[said.group].revision <= since {
		a.stored[said.group] = append(a.stored[said.group], said)
	}
	for name, each := range said.alerts {
		switch stored := storedAlert(incident, said.group, name); {
		case a.removedAt[said.group].revision > since, a.removedAt[said.group].isRecent(), incident == nil && !each.fires:
		case stored == nil && (each.fires || incident != nil && len(said.alerts) == len(incident.Spec.Alerts)):
			a.world.violate("incidents: a notification about %s/%s was answered with 200 and is not stored", said.group, name)
		case stored != nil && changedAt(stored).Before(each.changedAt().Truncate(time.Microsecond)):
			a.world.violate("incidents: a notification about %s/%s was answered with 200, and what is stored is older", said.group, name)
		}
	}
}

func storedAlert(incident *v1alpha1.Incident, group, name string) *v1alpha1.Alert {
	if incident == nil {
		return nil
	}
	for i := range incident.Spec.Alerts {
		if each := &incident.Spec.Alerts[i]; each.Fingerprint == group+"/"+name {
			return each
		}
	}
	return nil
}

func changedAt(stored *v1alpha1.Alert) time.Time {
	if stored.Status == v1alpha1.AlertResolved && stored.EndsAt != nil {
		return stored.EndsAt.Time
	}
	return stored.StartsAt.Time
}

// follows reports whether what is planned for an Incident is a periodic check.
func (a *incidentAudit) follows(incident *v1alpha1.Incident) bool {
	status := incident.Status
	if !a.world.exists(reference{"AlertReceiver", receiverName}) {
		return true
	}
	if status.ObservedGeneration != incident.Generation {
		return false
	}
	switch status.Phase {
	case v1alpha1.IncidentResolved:
		return len(status.Told) == 0
	case v1alpha1.IncidentFiring:
		return status.ResolvedAt == nil && slices.Equal(status.Told, hashesOf(incident))
	case v1alpha1.IncidentSuppressed, v1alpha1.IncidentWaiting:
		return status.ResolvedAt == nil
	}
	return false
}

// hashesOf are the alerts of an Incident that fire, as its status names them.
func hashesOf(incident *v1alpha1.Incident) []string {
	var hashes []string
	for _, each := range incident.Spec.Alerts {
		if each.Status == v1alpha1.AlertFiring {
			sum := sha256.Sum256([]byte(each.Fingerprint))
			hashes = append(hashes, hex.EncodeToString(sum[:8]))
		}
	}
	slices.Sort(hashes)
	return hashes
}

// unmet says what of the Incidents is not as it should be in the end.
func (a *incidentAudit) unmet(fail func(string, ...any)) {
	for _, by := range a.pair {
		if len(by.waiting) > 0 {
			fail("%d notifications are not stored", len(by.waiting))
		}
	}
	if a.receiverDeleted {
		for _, incident := range a.incidents() {
			fail("the Incident %s is there, and its AlertReceiver is gone", incident.Name)
		}
		return
	}
	for name, group := range a.groups {
		incident := a.incidentOf(name)
		if incident != nil && a.wasTold(group) {
			a.unmetAlerts(group, incident, fail)
			a.unmetIncident(group, incident, fail)
		} else if incident == nil && group.fires() && a.removedAt[name].revision == 0 {
			fail("alerts of %s fire, and there is no Incident", name)
		}
	}
}

// wasTold reports whether senders have said how the alerts of a group really are. What they said
// before a person deleted the Incident went with it.
func (a *incidentAudit) wasTold(group *alertGroup) bool {
	for name, each := range group.alerts {
		if !slices.ContainsFunc(a.stored[group.name], func(said notification) bool {
			told, isTold := said.alerts[name]
			return isTold && told.changedAt().Equal(each.changedAt())
		}) {
			return false
		}
	}
	return true
}

func (g *alertGroup) fires() bool {
	for _, each := range g.alerts {
		if each.fires {
			return true
		}
	}
	return false
}

// unmetAlerts compares the alerts of an Incident with how they really are.
func (a *incidentAudit) unmetAlerts(group *alertGroup, incident *v1alpha1.Incident, fail func(string, ...any)) {
	for name, each := range group.alerts {
		stored := storedAlert(incident, group.name, name)
		switch {
		case stored == nil && each.fires && a.removedAt[group.name].revision == 0:
			fail("the Incident %s does not know of %s", incident.Name, name)
		case stored != nil && each.fires != (stored.Status == v1alpha1.AlertFiring):
			fail("the alert %s of the Incident %s is %s, and it is not so", name, incident.Name, stored.Status)
		}
	}
}

// unmetIncident compares the ticket of an Incident with its alerts.
func (a *incidentAudit) unmetIncident(group *alertGroup, incident *v1alpha1.Incident, fail func(string, ...any)) {
	status, ticket := incident.Status, a.ticketOf(incident)
	if !a.follows(incident) {
		fail("the Incident %s is %q and not at rest: told %v, resolvedAt %v", incident.Name, status.Phase, status.Told, status.ResolvedAt)
	}
	if status.ObservedGeneration > incident.Generation {
		fail("observedGeneration of the Incident %s is ahead of its generation", incident.Name)
	}
	shown, found := simulator.Ticket{}, false
	byPerson := ticket == nil
	if ticket != nil {
		shown, found = a.world.remote.Ticket(ticket.Status.ID)
		byPerson = a.decided[ticket.Status.ID] || a.world.ledger.removedByPerson[ticket.Status.ID]
	}
	switch {
	case !group.fires() && status.Phase != v1alpha1.IncidentResolved:
		fail("no alert of the Incident %s fires, and it is %q", incident.Name, status.Phase)
	case !group.fires() && !byPerson && a.receiver.Spec.Resolve.Status != shown.Status:
		fail("no alert of the Incident %s fires, and its ticket %s is %q", incident.Name, shown.ID, shown.Status)
	case !group.fires():
	case status.Phase == v1alpha1.IncidentFiring && ticket == nil:
		fail("the Incident %s fires and has no Ticket", incident.Name)
	case status.Phase == v1alpha1.IncidentFiring && found && isClosed(shown):
		fail("the Incident %s fires, and its ticket %s is %q", incident.Name, shown.ID, shown.Status)
	case status.Phase == v1alpha1.IncidentFiring && !found && !byPerson:
		fail("the Incident %s fires, and its Ticket %s has no remote ticket", incident.Name, ticket.Name)
	case status.Phase == v1alpha1.IncidentSuppressed && !byPerson:
		fail("the Incident %s is suppressed, which nobody has asked for", incident.Name)
	case status.Phase == v1alpha1.IncidentWaiting && a.receiver.Spec.MaxOpenTickets == 0:
		fail("the Incident %s waits for room, and there is some", incident.Name)
	}
}

// waitsInVain reports whether an object is a comment that was made for a ticket that a person had
// deleted a moment ago.
func (a *incidentAudit) waitsInVain(object client.Object) bool {
	comment, isComment := object.(*v1alpha1.TicketComment)
	if !isComment || comment.Status.ID != "" {
		return false
	}
	ticket, exists := a.world.get(reference{"Ticket", comment.Spec.TicketRef.Name}).(*v1alpha1.Ticket)
	return !exists || a.world.ledger.removedByPerson[ticket.Status.ID]
}
