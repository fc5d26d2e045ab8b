// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// result is what a run has measured. Times are seconds, memory is in MB (10^6 bytes); what the
// system does not tell is null.
type result struct {
	Machine       machine   `json:"machine"`
	Finished      time.Time `json:"finished"`
	Tickets       int       `json:"tickets"`
	InSync        int       `json:"inSyncBefore"`
	RemoteLatency string    `json:"remoteLatency"`
	RateLimit     int       `json:"rateLimit"`
	ManagerFlags  []string  `json:"managerFlags,omitempty"`
	// ControlPlaneCores are those that etcd and kube-apiserver had for themselves.
	ControlPlaneCores int `json:"controlPlaneCores"`

	// Bare are the runs without the operator: before it creates tickets, and after.
	Bare bareRuns `json:"withoutOperator"`

	SecondsToApply float64 `json:"secondsToApply"`
	SecondsToReady float64 `json:"secondsToReady"`
	ReadyPerSecond float64 `json:"readyPerSecond"`
	ReadyP50       float64 `json:"readyP50"`
	ReadyP99       float64 `json:"readyP99"`

	RemotePerTicket       float64 `json:"remoteRequestsPerTicket"`
	ObjectWritesPerTicket float64 `json:"objectWritesPerTicket"`
	EventsPerTicket       float64 `json:"eventsPerTicket"`
	// CPUPerTicket is while the operator creates tickets.
	CPUPerTicket cpuTimes `json:"cpuPerTicket"`
	StatusBytes  int      `json:"statusBytes"`
	ObjectBytes  int      `json:"objectBytes"`

	PeakMemory    *float64 `json:"peakMemory"`
	RestingMemory *float64 `json:"restingMemory"`

	// PollAfterBurst is a poll while the tickets that were created last are the newest change that
	// is known, and Poll one while that is a single later change.
	PollAfterBurst pollCost `json:"pollAfterBurst"`
	Poll           pollCost `json:"poll"`

	Backlog     int     `json:"backlog"`
	BacklogLeft int     `json:"backlogAfterProbes"`
	BehindP50   float64 `json:"newBehindBacklogP50"`
	BehindMax   float64 `json:"newBehindBacklogMax"`
	BesideP50   float64 `json:"otherTenantP50"`
	BesideMax   float64 `json:"otherTenantMax"`

	RestartSeconds    float64  `json:"restartSeconds"`
	RestartRemote     int      `json:"restartRemoteRequests"`
	RestartRequests   requests `json:"restartRequests"`
	RestartWrites     int      `json:"restartObjectWrites"`
	RestartCPU        *float64 `json:"restartManagerCPU"`
	RestartPeakMemory *float64 `json:"restartPeakMemory"`
	RestartMemory     *float64 `json:"restartRestingMemory"`
}

// bareRun is a time in which the bench writes by itself what the operator writes.
type bareRun struct {
	Tickets int      `json:"tickets"`
	Seconds float64  `json:"seconds"`
	CPU     cpuTimes `json:"cpu"`
}

type bareRuns []bareRun

// perSecond is how many tickets the API server takes in a second, in all runs.
func (runs bareRuns) perSecond() float64 {
	tickets, seconds := 0, 0.0
	for _, run := range runs {
		tickets += run.Tickets
		seconds += run.Seconds
	}
	return float64(tickets) / seconds
}

// String is the rate of all runs, and that of each.
func (runs bareRuns) String() string {
	each := make([]string, 0, len(runs))
	for i := range runs {
		each = append(each, fmt.Sprintf("%.1f", runs[i:i+1].perSecond()))
	}
	return fmt.Sprintf("%.1f (%s)", runs.perSecond(), strings.Join(each, "; "))
}

// cpuPerTicket of each run.
func (runs bareRuns) cpuPerTicket() string {
	each := make([]string, 0, len(runs))
	for _, run := range runs {
		cpu := run.CPU.per(run.Tickets)
		each = append(each, joined(cpu.APIServer, cpu.Etcd, cpu.Bench))
	}
	return strings.Join(each, ", and ")
}

// pollCost is what a poll costs.
type pollCost struct {
	Requests float64  `json:"remoteRequests"`
	Writes   float64  `json:"objectWrites"`
	CPU      *float64 `json:"managerCPU"`
	// Operations are the requests of all polls that were measured.
	Operations requests `json:"operations"`
}

func (p pollCost) String() string {
	return fmt.Sprintf("%.1f; %.1f; %s", p.Requests, p.Writes, milliseconds(p.CPU))
}

// sizesOf are the bytes of a Ticket's status, and of all of it, as JSON.
func sizesOf(ticket *v1alpha1.Ticket) (status, object int) {
	statusJSON, _ := json.Marshal(ticket.Status) // What came as JSON can become JSON.
	objectJSON, _ := json.Marshal(ticket)
	return len(statusJSON), len(objectJSON)
}

// row is a line of the table.
type row struct{ what, value, goal string }

// memoryGoal is what the memory at rest is to stay below, in MB; 0 where nothing is said.
func memoryGoal(tickets int) float64 {
	switch {
	case tickets <= 10_000:
		return 150
	case tickets <= 100_000:
		return 700
	}
	return 0
}

func (r *result) rows() []row {
	atRest := "-"
	if most := memoryGoal(r.Tickets); most > 0 {
		atRest = fmt.Sprintf("at most %.0f MB", most)
	}
	rate := r.ReadyPerSecond / r.Bare.perSecond()
	cpu := r.CPUPerTicket
	return []row{
		{"Tickets a second that the API server allows (before; after)", r.Bare.String(), "-"},
		{"Tickets a second that become Ready", fmt.Sprintf("%.1f (%.0f %%)", r.ReadyPerSecond, 100*rate), "at least 90 %"},
		{"Time until all are applied; until all are Ready", fmt.Sprintf("%.1f s; %.1f s", r.SecondsToApply, r.SecondsToReady), "-"},
		{"From apply to Ready, all applied at once: p50; p99", fmt.Sprintf("%.1f s; %.1f s", r.ReadyP50, r.ReadyP99), "-"},
		{"Remote requests per ticket", fmt.Sprintf("%.2f", r.RemotePerTicket), "1.00"},
		{"Writes of objects per ticket; Events", fmt.Sprintf("%.2f; %.2f", r.ObjectWritesPerTicket, r.EventsPerTicket), "2.00; 1.00"},
		{"CPU per ticket: manager; API server; etcd; simulator; bench", joined(cpu.Manager, cpu.APIServer, cpu.Etcd, cpu.Simulator, cpu.Bench), "-"},
		{"The same without the operator: API server; etcd; bench", r.Bare.cpuPerTicket(), "-"},
		{"Size of a status; of its object", fmt.Sprintf("%d bytes; %d bytes", r.StatusBytes, r.ObjectBytes), "-"},
		{"Memory while tickets are created, peak", megabytes(r.PeakMemory), "-"},
		{"Memory at rest", megabytes(r.RestingMemory), atRest},
		{"A poll without changes: remote requests; writes; CPU", r.Poll.String(), "-; 0.0; -"},
		{"The same, right after all were created", r.PollAfterBurst.String(), "-; 0.0; -"},
		{fmt.Sprintf("New ticket behind %d to %d edits, to Ready: p50; max", r.Backlog, r.BacklogLeft), fmt.Sprintf("%.2f s; %.2f s", r.BehindP50, r.BehindMax), "at most 1 s"},
		{"New ticket of another tenant meanwhile: p50; max", fmt.Sprintf("%.2f s; %.2f s", r.BesideP50, r.BesideMax), "at most 1 s"},
		{"Restart with all in sync, until at rest", fmt.Sprintf("%.1f s", r.RestartSeconds), "-"},
		{"Restart: remote requests; writes of objects", fmt.Sprintf("%d; %d", r.RestartRemote, r.RestartWrites), "-; 0"},
		{"Restart: CPU of the manager", milliseconds(r.RestartCPU), "-"},
		{"Restart: memory at peak; at rest", megabytes(r.RestartPeakMemory) + "; " + megabytes(r.RestartMemory), atRest},
	}
}

// joined are readings of CPU time, one after another.
func joined(readings ...*float64) string {
	texts := make([]string, 0, len(readings))
	for _, seconds := range readings {
		texts = append(texts, milliseconds(seconds))
	}
	return strings.Join(texts, "; ")
}

func milliseconds(seconds *float64) string {
	if seconds == nil {
		return "not told by the system"
	}
	return fmt.Sprintf("%.1f ms", *seconds*1000)
}

func megabytes(value *float64) string {
	if value == nil {
		return "not told by the system"
	}
	return fmt.Sprintf("%.0f MB", *value)
}

// report prints the table and writes the results.
func (b *bench) report(out io.Writer) error {
	b.result.Finished = time.Now().UTC().Truncate(time.Second)
	name := fmt.Sprintf("%d.json", b.result.Tickets)
	if err := b.write(name, b.result); err != nil {
		return err
	}
	table, err := tableOf(b.result.rows())
	if err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	machine := &b.result.Machine
	_, err = io.WriteString(out, fmt.Sprintf("\n%d tickets, of which %d were in sync before, %s for each remote request, rateLimit %d, on %d cores, of which the control plane had %d for itself (%s, %s, load %s before)\n\n%s\nWritten to %s\n",
		b.result.Tickets, b.result.InSync, b.result.RemoteLatency, rateLimit, machine.Cores, b.result.ControlPlaneCores, machine.Processor, machine.Memory, machine.LoadBefore, table, filepath.Join(b.folder, name)))
	return err
}

func tableOf(rows []row) (string, error) {
	lines := []string{"\tmeasured\tgoal\n"}
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", row.what, row.value, row.goal))
	}
	var aligned strings.Builder
	table := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(table, strings.Join(lines, "")); err != nil {
		return "", err
	}
	if err := table.Flush(); err != nil {
		return "", err
	}
	return aligned.String(), nil
}

// write puts a value as JSON into the folder for the results.
func (b *bench) write(name string, value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(b.folder, name), append(encoded, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
