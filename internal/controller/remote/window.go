// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// clockTolerance is how far the provider's clock may be from the remote API's.
	clockTolerance = 30 * time.Second
	// clockDoubt is how far the clock of another node, or of the API server, may be from the remote
	// API's: beyond that, certificates and tokens cease to work.
	clockDoubt = time.Hour
)

// Window is when an attempt can have created something, by the remote API's clock.
type Window struct {
	// From and Until are the bounds. A zero From is not known; a zero Until is none.
	From, Until time.Time
	// Approximate: the bounds are by a clock of which nobody knows how far it was from the remote
	// API's.
	Approximate bool
}

// Holds reports whether something that was created at a time can have come from the attempt. A time
// that is missing, or cannot be read, does not tell.
func (w Window) Holds(created synqly.Timestamp) Verdict {
	switch {
	case created.Time.IsZero() || w.From.IsZero():
		return Unclear
	case w.within(created.Time, clockTolerance):
		return Yes
	case w.Approximate && w.within(created.Time, clockDoubt):
		return Unclear
	}
	return No
}

func (w Window) within(moment time.Time, tolerance time.Duration) bool {
	return !moment.Before(w.From.Add(-tolerance)) && (w.Until.IsZero() || !moment.After(w.Until.Add(tolerance)))
}

// StartsAfter reports whether everything that the attempt can have created is newer than something
// that was created at a time.
func (w Window) StartsAfter(created synqly.Timestamp) bool {
	return !created.Time.IsZero() && !w.From.IsZero() && w.Holds(created) == No && created.Time.Before(w.From)
}

// String writes the window as an interval of ISO 8601, and of ISO 8601-2 what is open or
// approximate: "2026-03-01T12:00:00Z/2026-03-01T12:02:30Z", "2026-03-01T12:00:00Z~/..".
func (w Window) String() string {
	if w.From.IsZero() {
		return ""
	}
	bound := func(moment time.Time) string {
		text := moment.UTC().Format(time.RFC3339)
		if w.Approximate {
			text += "~"
		}
		return text
	}
	until := ".."
	if !w.Until.IsZero() {
		until = bound(w.Until)
	}
	return bound(w.From) + "/" + until
}

// parseWindow reads what String has written. What it cannot read is a window that is not known.
func parseWindow(text string) Window {
	from, until, _ := strings.Cut(text, "/")
	var window Window
	var err error
	from, window.Approximate = strings.CutSuffix(from, "~")
	if window.From, err = time.Parse(time.RFC3339, from); err != nil {
		return Window{}
	}
	if until == ".." {
		return window
	}
	if window.Until, err = time.Parse(time.RFC3339, strings.TrimSuffix(until, "~")); err != nil {
		return Window{}
	}
	return window
}

// windowFrom is the window of an attempt that this process has begun at a time.
func (r *Reconciler[O, R]) windowFrom(s *state[O, R], started time.Time) Window {
	from := s.connection.RemoteTime(started)
	return Window{
		From: from, Until: from.Add(s.connection.RequestTimeout() + s.connection.SettlePeriod()),
		Approximate: !s.connection.RemoteClockKnown(),
	}
}

// window is that of the recorded attempt. The time that the attempt was recorded at is read by the
// clock of the process that wrote it, and by no other.
func (r *Reconciler[O, R]) window(s *state[O, R]) Window {
	recorded := s.intent
	made := r.attempts.intentOf(s.name, s.object.GetUID())
	switch {
	case !recorded.window.From.IsZero() && !recorded.window.Approximate:
		return recorded.window
	case made.attempt == recorded.attempt && made.key == recorded.key:
		return r.windowFrom(s, made.started)
	case !recorded.window.From.IsZero():
		return recorded.window
	case recorded.started.IsZero():
		return Window{}
	}
	// Recorded by a version of the operator that wrote no window.
	return Window{
		From: recorded.started, Until: recorded.started.Add(s.connection.RequestTimeout() + s.connection.SettlePeriod()),
		Approximate: true,
	}
}
