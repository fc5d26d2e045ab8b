// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/internal/states"
)

const referenceFolder = "docs/reference"

// statesPageTemplate is filled with a statesPage.
const statesPageTemplate = "<!-- Generated from internal/states by `make generate`. -->" + `
# States of objects

What the condition Ready of an object says, and what the tools that wait for objects make of it: kstatus, which Flux and
cli-utils use, and Argo CD with the health checks of [config/argocd](../../config/argocd). A test runs both for each line.
[GitOps](../gitops.md) tells how to set them up.

| reason of Ready | Ready | Stalled | kstatus | Argo CD | kinds |
|---|---|---|---|---|---|
{{- range .Rows}}
| {{.Reason}} | {{.Ready}} | {{.Stalled}} | {{.KStatus}} | {{.Health}} | {{.Kinds}} |
{{- end}}

An object that the operator has not looked at yet, and one whose latest change waits, for the request budget for example, is
InProgress and Progressing whatever its conditions say: ` + "`status.observedGeneration` is not `metadata.generation`" + `. An object that
is being deleted is Terminating for kstatus, and Progressing for Argo CD, which does not run a health check then.

These conditions are remarks, and change no verdict:

| condition | reasons | kinds |
|---|---|---|
| Synced | those of Ready, and {{.Synced}} | Ticket, TicketNote |
{{- range .Remarks}}
| {{.Condition}} {{.Status}} | {{.Reasons}} | {{.Kinds}} |
{{- end}}
`

type statesPage struct {
	Rows, Remarks []*pageRow
	Synced        string
}

// pageRow is a line of one of the tables.
type pageRow struct {
	Reason, Ready, Stalled, KStatus, Health string
	Condition, Status, Reasons              string
	kinds                                   []string
}

// Kinds are the kinds of a line.
func (r pageRow) Kinds() string { return strings.Join(r.kinds, ", ") }

func generateStatesPage(destination string) error {
	page := statesPage{Synced: "`Synced`"}
	for _, kind := range states.Kinds {
		for _, state := range states.OfKind[kind] {
			page.Rows = addKind(page.Rows, rowOf(state), kind)
		}
		for _, remark := range states.RemarksOf[kind] {
			page.Remarks = addKind(page.Remarks, pageRow{Condition: remark.Condition, Status: string(remark.Status), Reasons: "`" + strings.Join(remark.Reasons, "`, `") + "`"}, kind)
		}
	}
	slices.SortStableFunc(page.Rows, func(a, b *pageRow) int { return strings.Compare(a.Reason, b.Reason) })
	content, err := render(statesPageTemplate, page)
	if err != nil {
		return err
	}
	return write(filepath.Join(destination, referenceFolder), map[string][]byte{"states.md": content})
}

func rowOf(state states.State) pageRow {
	row := pageRow{Reason: "`" + state.Reason + "`", Ready: string(state.Ready), KStatus: string(state.KStatus), Health: string(state.Health)}
	if state.Stalled {
		row.Stalled = "True"
	}
	if state.Recreated {
		row.Reason += ", with `onRemoteMissing: Recreate`"
	}
	return row
}

// addKind adds a kind to the line that says the same, or adds the line.
func addKind(rows []*pageRow, row pageRow, kind string) []*pageRow {
	for _, present := range rows {
		same := *present
		same.kinds = nil
		if same.equals(row) {
			present.kinds = append(present.kinds, kind)
			return rows
		}
	}
	row.kinds = []string{kind}
	return append(rows, &row)
}

func (r pageRow) equals(other pageRow) bool {
	return r.Reason == other.Reason && r.Ready == other.Ready && r.Stalled == other.Stalled && r.KStatus == other.KStatus &&
		r.Health == other.Health && r.Condition == other.Condition && r.Status == other.Status && r.Reasons == other.Reasons
}
