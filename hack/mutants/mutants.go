// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// mutant is one small change of the source that breaks the protocol.
type mutant struct {
	// name is what its marker names as well, where it needs one; what says in a line what is
	// broken.
	name, what string
	// folder, from the module's root, and the function in it that is changed: a method has the type
	// of its receiver before it.
	folder, function string
	// change breaks the function. Where the names of the function and of what it calls do not say
	// the place, a marker in the source does.
	change change
	// caughtBy is a pattern, as go test -run takes it below TestFaults, of cases that are known to
	// catch the mutant: scenario/operation/fault. They are tried first, and the others only when
	// these pass. Operations are left open, as their numbers change.
	caughtBy string
}

const (
	lifecycle  = "internal/controller/remote"
	children   = "internal/controller/child"
	tickets    = "internal/controller/ticket"
	files      = "internal/controller/attachment"
	connection = "internal/controller/connection"
	apiClient  = "internal/synqly"
	incidents  = "internal/controller/incident"
	endpoint   = "internal/source/alerts"
)

var mutants = []mutant{
	{
		"drop-resource-version", "the intent is written without the resourceVersion, so a stale cache goes unnoticed",
		lifecycle, "Reconciler.updateMetadata", withoutLastArgument(call("MergeFromWithOptions")),
		"^ticket_created$//^frozen_before_for_10s$",
	},
	{
		"retry-the-post", "a create that failed is sent again at once",
		lifecycle, "Reconciler.attempt", repeatOnError(call("send")),
		"^ticket_created$//^Secret_rotated_a_minute_after_the_token$",
	},
	{
		"skip-settle-period", "an empty look-up is enough, however early",
		lifecycle, "Reconciler.foundNothing", never(marked(condition)),
		"^ticket_created$//^frozen_after_for_10s$",
	},
	{
		"forget-claim-check", "remote objects of other custom resources are adopted",
		lifecycle, "Reconciler.ownerOf", returnAtOnce(`"", nil`),
		"^two_comments_that_say_the_same$//^frozen_after_for_10m0s$",
	},
	{
		"unconfirmed-is-not-committed", "every create that failed counts as not committed",
		lifecycle, "Reconciler.attempt", always(conditionOf("CommitmentOf")),
		"^ticket_created$//^504_committed$",
	},
	{
		"post-before-intent", "the attempt is not recorded before the request",
		lifecycle, "Reconciler.recordIntent", skip(call("updateMetadata")),
		"^ticket_created$//^500$",
	},
	{
		"attempts-not-counted", "a further attempt has the number of the one before",
		lifecycle, "Reconciler.recordIntent", replace(call("max"), "max($arguments, 1) - 1"),
		"^comment_edited_while_it_is_created$//^500$",
	},
	{
		"no-finalizer", "comments, notes and attachments are created without a finalizer",
		lifecycle, "Reconciler.addFinalizer", never(condition),
		"^comment_on_a_remote_ticket$//^object_deleted$",
	},
	{
		"forget-the-replaced", "an edit of a comment leaves the old one behind",
		lifecycle, "Reconciler.replace", leaveOut(statementOf("append")),
		"^comment_edited_while_it_is_created$//^500$",
	},
	{
		"adopt-the-wrong-hash", "what an unconfirmed attempt sent counts as applied although the spec was edited since",
		lifecycle, "Reconciler.created", always(conditionOf("fieldsHash")),
		"^restored_from_a_backup$//^spec_edited$",
	},
	{
		"release-early", "the finalizer goes before the remote object does",
		lifecycle, "Reconciler.removeRemote", alsoBefore(marked(statement), statementOf("remainingIDs")),
		"^everything_deleted_with_its_manifests$//^500$",
	},
	{
		"delete-without-settling", "an unconfirmed attempt is forgotten when the object is deleted",
		lifecycle, "Reconciler.settleBeforeRemoval", never(conditionOf("attemptOpen")),
		"^restored_from_a_backup$//^object_deleted$",
	},
	{
		"delete-fails-silently", "a failed delete counts as done",
		lifecycle, "Reconciler.removeOne", ignoreError(call("Remove")),
		"^everything_deleted_with_its_namespace$//^token_revoked$",
	},
	{
		"recreate-the-missing", "a remote object that a person deleted is created again",
		lifecycle, "Reconciler.refresh", replace(marked(condition), "$left"),
		"^ticket_created$//^remote_deleted_by_a_person$",
	},
	{
		"patch-everything", "an update writes all fields and not those that changed",
		lifecycle, "Reconciler.update", replace(call("Diff"), "Changed($owner.Fields($arguments), nil)"),
		"^note$//^500$",
	},
	{
		"any-comment-will-do", "the text of a comment is not compared",
		children, "ByWords", replace(call("MatchText"), "remote.Yes"),
		"^ticketRef_corrected$//^request_lost_and_a_person_says_it_with_other_signs$",
	},
	{
		"ignore-retry-after", "requests go out during a hold",
		connection, "Budget.held", never(condition),
		"^ticket_edited_while_it_is_created$//^429_with_Retry-After$",
	},
	{
		"copies-by-the-cache", "an object that the cache still shows makes a restored one a copy",
		lifecycle, "Reconciler.stillExists", returnAtOnce("true, nil"),
		"^restored_from_a_backup$//^cache_behind_for_10_seconds$",
	},
	{
		"believe-a-copied-status", "an object that was copied with its status stands for the original's remote object",
		lifecycle, "Reconciler.forgetCopied", returnAtOnce("nil"),
		"^objects_copied_with_their_status$",
	},
	{
		"annotations-not-recovered", "annotations that were replaced with the manifest are missed",
		lifecycle, "Reconciler.recoverIntent", returnAtOnce("nil"),
		"^ticket_replaced_while_it_is_created$",
	},
	{
		"closing-comment-once-more", "an unconfirmed closing comment is posted again at once",
		lifecycle, "Reconciler.comment", never(conditionOf("closingOpen")),
		"^ticket_closed_while_it_is_created$//^frozen_after_for_10s$",
	},
	{
		"forget-what-was-sent", "a lost comment is looked for by the present spec",
		children, "Adapter.Find", replace(valueOf("Text"), "$self.Fingerprint($owner.Object)"),
		"^restored_from_a_backup$//^spec_edited$",
	},
	{
		"delete-the-unverified", "what was found by its words alone is deleted with its object",
		lifecycle, "Reconciler.removeOne", never(conditionOf("IsUnverified")),
		"^comment_on_a_remote_ticket$//^request_lost_and_a_person_says_the_same$",
	},
	{
		"replace-the-unverified", "what was found by its words alone is deleted when it is replaced",
		lifecycle, "Reconciler.replace", replace(call("IsUnverified"), "false"),
		"^comment$//^request_lost_and_a_person_says_the_same$",
	},
	{
		"everything-is-proven", "whoever wrote it, what has the words counts as the operator's",
		children, "Creators.isOwn", returnAtOnce("true"),
		"^comment_on_a_remote_ticket$//^request_lost_and_a_person_says_the_same$",
	},
	{
		"times-do-not-count", "what was said at any other time counts as well",
		lifecycle, "Window.Holds", returnAtOnce("Yes"),
		"^a_person_said_the_same_before$//^frozen_after_for_10s$",
	},
	{
		"signs-do-not-count", "letters and digits alone are compared",
		lifecycle, "normalForm", returnAtOnce("lettersAndDigits([]string{text})"),
		"^ticketRef_corrected_while_the_comment_is_created_which_stays$//^request_lost_and_a_person_says_it_with_other_signs$",
	},
	{
		"markup-counts", "a text is recognised only where it is spelled as it was sent",
		lifecycle, "withoutMarkup", returnAtOnce("text"),
		"^comment_spelled_as_markdown$//^response_lost$",
	},
	{
		"trust-any-order", "a page that happens to be ordered ends a look-up of all tickets",
		tickets, "orderIsKept", returnAtOnce("true, nil"),
		"^ticket_among_others_whose_order_misleads$//^response_lost$",
	},
	{
		"believe-a-borrowed-status", "a status that was restored over an object's own is believed",
		lifecycle, "Reconciler.returnBorrowed", returnAtOnce("nil"),
		"^the_status_of_others_restored_late$//^response_lost$",
	},
	{
		"another-clock", "the start of an attempt is read by the clock of another node",
		lifecycle, "Reconciler.window", returnAtOnce("r.windowFrom(s, s.intent.started)"),
		"^comment$//^crash_while_a_request_is_on_its_way_a_successor_whose_clock_is_5m0s_ahead$",
	},
	{
		"requests-are-lost", "a request to look counts as served before it was",
		lifecycle, "Reconciler.refresh", alsoBefore(statementOf("syncRequest"), statementOf("Get")),
		"^drift_enforced$//^Secret_rotated_a_minute_after_the_token$",
	},
	{
		"patch-again-unseen", "an update without an answer is sent again without a look",
		lifecycle, "Reconciler.update", never(marked(condition)),
		"^ticket_updated$//^response_lost_then_edited_by_a_person$",
	},
	{
		"close-first", "a ticket is closed before what is being deleted with it",
		lifecycle, "Reconciler.waitForLeaving", returnAtOnce("nil"),
		"^everything_deleted_where_closed_tickets_refuse_changes$",
	},
	{
		"wait-for-a-closed-ticket", "an object whose ticket is closed, and refuses its removal, never ends",
		children, "explainRemoval", returnAtOnce("err"),
		"^comment_deleted_from_a_closed_ticket$",
	},
	{
		"send-while-paused", "a deletion goes on while the Integration is paused",
		lifecycle, "Reconciler.connect", never(conditionOf("IsPaused")),
		"^deleted_while_its_Integration_is_paused$",
	},
	{
		"believe-lists", "what a list shows of a managed field counts without a look",
		lifecycle, "Reconciler.applyObservation", never(conditionOf("contradicts")),
		"^lists_shorten_texts$",
	},
	{
		"keep-the-old-place", "after a create that failed, a corrected reference is not followed",
		lifecycle, "Reconciler.place", never(conditionOf("isBound")),
		"^ticketRef_corrected_while_the_comment_is_created_which_stays$//^crash_after_new_leader_with_a_stale_cache$",
	},
	{
		"ignore-misplaced", "an object does not say that its remote object is not where its spec says",
		lifecycle, "Reconciler.checkReferences", returnAtOnce("nil"),
		"^ticketRef_corrected_while_the_comment_is_created_which_stays$//^crash_while_a_request_is_on_its_way_new_leader_with_a_stale_cache$",
	},
	{
		"believe-a-404", "one 404 to a delete lets the finalizer go, whatever the list shows",
		children, "Adapter.Remove", always(conditionOf("As")),
		"^note$//^404_to_each_delete_for_minutes_and_the_list_shows_it$",
	},
	{
		"believe-a-proxy", "the page of a proxy means what its status means of the API's answers",
		apiClient, "APIError.Class", always(marked(condition)),
		"^note$//^404_with_HTML_for_minutes$",
	},
	{
		"any-file-will-do", "files of the same name and size are not compared by their content",
		files, "hasContent", returnAtOnce("true, nil"),
		"^attachment_among_files_of_the_same_name_and_size$//^504_committed$",
	},
	{
		"forget-the-source", "an attempt does not record what it sends of a ConfigMap",
		lifecycle, "Reconciler.fingerprint", never(condition),
		"^attachment_whose_source_changes_while_it_is_created$",
	},
	{
		"believe-the-source-is-the-same", "a source that has changed is not uploaded when somebody asks for it",
		files, "adapter.IsSent", returnAtOnce("true"),
		"^attachment_whose_source_changes_while_it_is_created$",
	},
	{
		"forget-the-hash", "the status does not say what was uploaded, so that it is uploaded again when somebody asks to look",
		files, "adapter.RecordSent", returnAtOnce(""),
		"^attachment_whose_source_changes_while_it_is_created$",
	},
	{
		"recreate-without-a-search", "a ticket is created again although the search still shows it",
		lifecycle, "Reconciler.handleMissing", ignoreError(call("ConfirmMissing")),
		"^ticket_created_again$//^404_to_each_get_for_minutes_and_the_search_shows_it$",
	},
	{
		"forget-lost-keys", "an original that has lost its annotations counts as the copy of its copy",
		lifecycle, "hasBetterClaim", replace(call("keyOf"), "one.GetAnnotations()[v1alpha1.CreateKeyAnnotation]"),
		"^originals_of_copies_with_their_status$//^object_replaced_by_its_manifest$",
	},
	{
		"names-by-chance", "a Ticket of an Incident has another name each time",
		incidents, "ticketName", returnAtOnce(`fmt.Sprintf("%s-%d-%d", incident.Name, number, time.Now().UnixNano())`),
		"^alerts_fire_again$",
	},
	{
		"comment-once-more", "a comment has another name each time, so what was told before a crash is told again",
		incidents, "commentName", returnAtOnce(`fmt.Sprintf("%s-%d", ticketName(incident, incident.Status.Generation), time.Now().UnixNano())`),
		"^alerts_join_and_resolve$//^crash_after_new_leader$",
	},
	{
		"admit-every-namespace", "a ClusterIntegration serves namespaces that its selector does not select",
		lifecycle, "Reconciler.checkAdmission", returnAtOnce("nil"),
		"^a_namespace_that_is_not_admitted_for_a_while$",
	},
	{
		"act-on-the-first-ticket", "an Incident that has had several tickets acts on its first one",
		incidents, "Reconciler.observe", replace(marked(call("ownTicket")), "$callee($butLast, min(1, s.incident.Status.Generation))"),
		"^alerts_fire_again_much_later$",
	},
	{
		"ignore-closed-while-firing", "a ticket that a person closed is replaced, whatever the receiver says",
		incidents, "situation.closedByAPerson", returnAtOnce("s.open()"),
		"^alert_ticket_closed_Keep$",
	},
	{
		"reopen-the-unwanted", "a ticket is reopened although people want none",
		incidents, "situation.refired", never(marked(condition)),
		"^alert_ticket_set_to_a_suppressed_status$",
	},
	{
		"closed-in-vain", "a ticket that an older process closed for a resolution that did not hold stays closed",
		incidents, "situation.closedInVain", returnAtOnce("false"),
		"^alerts_fire_again_while_their_ticket_is_closed$//^frozen_before_for_10s$",
	},
	{
		"unlocked-ticket", "the Ticket of an Incident is changed without its resourceVersion",
		incidents, "Reconciler.patch", withoutLastArgument(call("MergeFromWithOptions")),
		"^alerts_fire_again_while_their_ticket_is_closed$//^crash_after_new_leader_with_a_stale_cache$",
	},
	{
		"open-without-room", "maxOpenTickets is not looked at",
		incidents, "Reconciler.hasRoom", returnAtOnce("true, nil"),
		"^too_many_open_tickets$",
	},
	{
		"answer-before-the-write", "a sender is told that its notification is stored when it is not",
		endpoint, "Server.receive", ignoreError(call("keep")),
		"^alerts_fire_again$//^500$",
	},
	{
		"merge-by-arrival", "what arrives last counts, and not what happened last",
		endpoint, "compareAge", returnAtOnce("1"),
		"^an_Alertmanager_is_late$",
	},
}
