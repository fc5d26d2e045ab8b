// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// mutant is one small change of the source that breaks the protocol.
type mutant struct {
	name, what string
	// file, from the module's root, has old exactly once; new takes its place.
	file, old, new string
	// caughtBy is a pattern, as go test -run takes it below TestFaults, of cases that are
	// known to catch the mutant: scenario/operation/fault. They are tried first, and the
	// others only when these pass. Operations are left open, as their numbers change.
	caughtBy string
}

const (
	createFile   = "internal/controller/remote/create.go"
	decideFile   = "internal/controller/remote/decide.go"
	finalizeFile = "internal/controller/remote/finalize.go"
	passFile     = "internal/controller/remote/pass.go"
	stepsFile    = "internal/controller/remote/steps.go"
	absentFile   = "internal/controller/remote/absent.go"
	closingFile  = "internal/controller/remote/closing_comment.go"
	commentFile  = "internal/controller/ticketcomment_controller.go"
	childFile    = "internal/controller/child.go"
	budgetFile   = "internal/controller/connection/budget.go"
)

var mutants = []mutant{
	{
		"drop-resource-version", "the intent is written without the resourceVersion, so a stale cache goes unnoticed",
		passFile, "	patch := client.MergeFromWithOptions(p.stored, client.MergeFromWithOptimisticLock{})\n	if err := r.Client.Patch(ctx, changed, patch)",
		"	patch := client.MergeFrom(p.stored)\n	if err := r.Client.Patch(ctx, changed, patch)",
		"^ticket_created$//^frozen_before_for_10s$",
	},
	{
		"retry-the-post", "a create that failed is sent again at once",
		createFile, "	err := send(ctx)\n", "	err := send(ctx)\n	if err != nil {\n		err = send(ctx)\n	}\n",
		"^ticket_created$//^Secret_rotated_a_minute_after_the_token$",
	},
	{
		"skip-settle-period", "an empty look-up is enough, however early",
		createFile, "remaining := quiet.Sub(r.Clock.Now()); remaining > 0", "remaining := quiet.Sub(r.Clock.Now()); remaining > 0 && emptyLookups == 0",
		"^ticket_created$//^frozen_after_for_10s$",
	},
	{
		"forget-claim-check", "remote objects of other custom resources are adopted",
		createFile, "		if owner == \"\" {\n", "		if owner != \"\" || owner == \"\" {\n",
		"^two_comments_that_say_the_same$//^frozen_after_for_10m0s$",
	},
	{
		"unconfirmed-is-not-committed", "every create that failed counts as not committed",
		createFile, "	case synqly.CommitmentOf(err) == synqly.NotCommitted:", "	case synqly.CommitmentOf(err) == synqly.NotCommitted || err != nil:",
		"^ticket_created$//^504_committed$",
	},
	{
		"post-before-intent", "the attempt is not recorded before the request",
		createFile, "	err := r.updateMetadata(ctx, p, \"recording the intent to create the remote \"+r.adapter.Noun(), func(object O) {", "	err := error(nil)\n	_ = (func(object O) {",
		"^ticket_created$//^500$",
	},
	{
		"attempts-not-counted", "a further attempt has the number of the one before",
		createFile, "max(p.intent.attempt, p.status.SettledAttempt) + 1,", "max(p.intent.attempt, p.status.SettledAttempt, 1),",
		"^comment_edited_while_it_is_created$//^500$",
	},
	{
		"no-finalizer", "comments and notes are created without a finalizer",
		createFile, "		if p.policy.RemoveOnDelete && !slices", "		if !p.policy.RemoveOnDelete && !slices",
		"^comment_on_a_remote_ticket$//^object_deleted$",
	},
	{
		"forget-the-replaced", "an edit of a comment leaves the old one behind",
		createFile, "		*replaced = append(slices.Clone(*replaced), p.status.ID)\n", "		*replaced = slices.Clone(*replaced)\n",
		"^comment_edited_while_it_is_created$//^500$",
	},
	{
		"adopt-the-wrong-hash", "what an unconfirmed attempt sent counts as applied although the spec was edited since",
		createFile, "	if p.intent.hash == fieldsHash(fields) {", "	if p.intent.hash == fieldsHash(fields) || p.intent.hash != \"\" {",
		"^restored_from_a_backup$//^spec_edited$",
	},
	{
		"release-early", "the finalizer goes before the remote object does",
		finalizeFile, "	for _, id := range r.remainingIDs(p) {\n", "	if err := r.release(ctx, p); err != nil {\n		return err\n	}\n	for _, id := range r.remainingIDs(p) {\n",
		"^everything_deleted_with_its_manifests$//^500$",
	},
	{
		"delete-without-settling", "an unconfirmed attempt is forgotten when the object is deleted",
		finalizeFile, "	for p.attemptOpen() && !r.closingOpen(p) {\n", "	for p.attemptOpen() && !r.closingOpen(p) && p.status.ID != \"\" {\n",
		"^restored_from_a_backup$//^object_deleted$",
	},
	{
		"delete-fails-silently", "a failed delete counts as done",
		finalizeFile, "			return fmt.Errorf(\"removing the remote %s %q: %w\", r.adapter.Noun(), id, err)\n", "			_ = fmt.Errorf(\"removing the remote %s %q: %w\", r.adapter.Noun(), id, err)\n",
		"^everything_deleted_with_its_namespace$//^token_revoked$",
	},
	{
		"recreate-the-missing", "a remote object that a person deleted is created again",
		decideFile, "	case !s.hasID && s.policy.Observe:", "	case s.hasID && s.lookAsked && s.looked:\n		return create\n	case !s.hasID && s.policy.Observe:",
		"^ticket_created$//^404$",
	},
	{
		"patch-everything", "an update writes all fields and not those that changed",
		stepsFile, "r.adapter.Diff(p.object)",
		"func() (all []string) {\n		for name := range r.adapter.Fields(p.object) {\n			all = append(all, name)\n		}\n		return all\n	}()",
		"^note$//^500$",
	},
	{
		"any-comment-will-do", "the text of a comment is not compared",
		childFile, "!matches(&r) || !notBefore", "(!matches(&r) && started.IsZero()) || !notBefore",
		"^everything_deleted_with_its_manifests$//^frozen_after_for_10m0s$",
	},
	{
		"ignore-retry-after", "requests go out during a hold",
		budgetFile, "	if now.Before(b.heldUntil) {\n		return &WaitError", "	if now.Before(b.heldUntil) && b.heldUntil.IsZero() {\n		return &WaitError",
		"^ticket_edited_while_it_is_created$//^429_with_Retry-After$",
	},
	{
		"copies-by-the-cache", "an object that the cache still shows makes a restored one a copy",
		createFile, "		if exists {\n", "		if exists || !exists {\n",
		"^restored_from_a_backup$//^cache_behind_for_10_seconds$",
	},
	{
		"closing-comment-once-more", "an unconfirmed closing comment is posted again at once",
		closingFile, "	if r.closingOpen(p) {\n", "	if r.closingOpen(p) && p.status.ID == \"\" {\n",
		"^ticket_closed_while_it_is_created$//^frozen_after_for_10s$",
	},
	{
		"forget-what-was-sent", "a lost comment is looked for by the present spec",
		commentFile, "fingerprint(comment.Content) == call.Text }", "fingerprint(comment.Content) == fingerprint(call.Object.Spec.Content) }",
		"^restored_from_a_backup$//^spec_edited$",
	},
	{
		"requests-are-lost", "a request to look counts as served before it was",
		stepsFile, "	p.looked = true\n	remote, err := r.adapter.Get", "	p.looked = true\n	p.status.LastSyncRequest = p.syncRequest()\n	remote, err := r.adapter.Get",
		"^drift_enforced$//^Secret_rotated_a_minute_after_the_token$",
	},
	{
		"recreate-at-once", "one 404 is enough to create another remote object",
		absentFile, "	if remaining > 0 || observed.count < requiredAbsences {", "	if observed.count < 1 {",
		"^ticket_created_again$//^404$",
	},
}
