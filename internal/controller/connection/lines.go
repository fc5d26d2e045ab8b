// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"container/list"
	"time"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

const (
	// lateness is how long a request is kept for somebody who does not come when it is his turn.
	lateness = time.Second
	// absence and mostAbsent bound for how long, and in a line for how many, the places of those
	// are kept.
	absence    = time.Minute
	mostAbsent = 64
)

// Waiter is somebody who asks for his first request.
type Waiter struct {
	// Class is what the request is for.
	Class priority.Class
	// Namespace is the one of the object. Those of one class have their turns one after the other.
	Namespace string
	// Name is what he is recognised by when he comes again. Nothing is kept for somebody without.
	Name string
}

// lines are where those stand who found the bucket empty: a line for each class and namespace.
// Nobody is called. Each has been told when to come again, and when he does, a request is his
// unless it is needed for others who are before him and are about to come.
type lines struct {
	turns   priority.Turns
	classes [priority.Classes]classLines
	// named has those with a name.
	named map[string]*place
}

// classLines are the lines of one class, by namespace.
type classLines struct {
	lines map[string]*line
	// served is how many requests the class has had. waiting is how many wait.
	served  uint64
	waiting int
}

// line is where the objects of one namespace wait, in the order in which they came.
type line struct {
	class  priority.Class
	places list.List // of *place
	// joined is how many have joined it, and late how many of those who wait are late.
	joined, late int
	// servedAt is what served was when the namespace had its latest request, or else when the line
	// was begun.
	servedAt uint64
	// silent: somebody did not come at his time, and nobody else has since. Nothing is kept for the
	// line: it may be one of objects that are gone.
	silent bool
}

// place is that of somebody in a line.
type place struct {
	Waiter
	line    *line
	element *list.Element
	number  int
	// until is when he was told to come, and late that he is not there a while after that.
	until time.Time
	late  bool
}

func newLines() lines {
	l := lines{named: map[string]*place{}}
	for class := range l.classes {
		l.classes[class].lines = map[string]*line{}
	}
	return l
}

// enter returns the place of somebody who has come: the one that he has, or a new one at the end of
// his line.
func (l *lines) enter(waiter Waiter) *place {
	if known := l.named[waiter.Name]; known != nil {
		if known.Waiter == waiter {
			known.isLate(false)
			known.line.silent = false
			return known
		}
		l.leave(known) // He has come for something else.
	}
	class := &l.classes[waiter.Class]
	own := class.lines[waiter.Namespace]
	if own == nil {
		own = &line{class: waiter.Class, servedAt: class.served}
		class.lines[waiter.Namespace] = own
	}
	own.silent = false
	own.joined++
	class.waiting++
	entered := &place{Waiter: waiter, line: own, number: own.joined}
	entered.element = own.places.PushBack(entered)
	if waiter.Name != "" {
		l.named[waiter.Name] = entered
	}
	return entered
}

// leave gives a place up.
func (l *lines) leave(left *place) {
	class := &l.classes[left.Class]
	class.waiting--
	left.isLate(false)
	left.line.places.Remove(left.element)
	if left.Name != "" {
		delete(l.named, left.Name)
	}
	if left.line.places.Len() == 0 {
		delete(class.lines, left.Namespace)
	}
}

// serve gives somebody his request, and his place up.
func (l *lines) serve(served *place) {
	class := &l.classes[served.Class]
	class.served++
	served.line.servedAt = class.served
	l.leave(served)
	l.turns.Served(served.Class, func(class priority.Class) bool { return l.classes[class].waiting > 0 })
}

// isLate notes whether somebody is late.
func (p *place) isLate(late bool) {
	if p.late == late {
		return
	}
	if p.late = late; late {
		p.line.late++
	} else {
		p.line.late--
	}
}

// callRoll finds out who has not come at his time.
func (l *lines) callRoll(now time.Time) {
	for class := range l.classes {
		for _, line := range l.classes[class].lines {
			l.callLine(line, now)
		}
	}
}

func (l *lines) callLine(line *line, now time.Time) {
	var next *list.Element
	for element := line.places.Front(); element != nil; element = next {
		next = element.Next()
		waiter := element.Value.(*place)
		switch {
		case waiter.Name == "" && !waiter.until.After(now), now.After(waiter.until.Add(absence)), waiter.late && line.late > mostAbsent:
			line.silent = line.silent || waiter.Name != ""
			l.leave(waiter)
		case now.After(waiter.until.Add(lateness)):
			line.silent = line.silent || !waiter.late
			waiter.isLate(true)
		default:
			return
		}
	}
}

// expectedBefore counts those who are before a place and are to come until a time; limit is as far
// as it needs to count.
func (l *lines) expectedBefore(own *place, until time.Time, limit int) int {
	count := own.line.expected(own, until, limit)
	for class := range l.classes {
		for _, other := range l.classes[class].lines {
			if count < limit && other != own.line && !other.silent && l.before(other, own.line) {
				count += other.expected(nil, until, limit-count)
			}
		}
	}
	return count
}

// before reports whether one line has its turn before the other: the class decides, and in a class
// the one that has had none for longer.
func (l *lines) before(one, other *line) bool {
	if one.class != other.class {
		return l.turns.Before(one.class, other.class)
	}
	return one.servedAt < other.servedAt
}

// ahead is how many requests others have at least, as it looks now, before it is the turn of a
// place. That can become more, when others come who are before it.
func (l *lines) ahead(own *place) int {
	position := own.line.position(own)
	inClass, higher := position, 0
	for _, other := range l.classes[own.Class].lines {
		if other != own.line && !other.silent {
			inClass += min(other.places.Len()-other.late, position+1)
		}
	}
	for class := range own.Class {
		for _, other := range l.classes[class].lines {
			if !other.silent {
				higher += other.places.Len() - other.late
			}
		}
	}
	if within, ok := l.turns.Within(own.Class, inClass+1); ok {
		return min(inClass+higher, within)
	}
	return inClass + higher
}

// waiting counts those with a name whose time has not come.
func (l *lines) waiting(now time.Time) int {
	count := 0
	for _, waiter := range l.named {
		if waiter.until.After(now) {
			count++
		}
	}
	return count
}

// expected counts those with a name who are to come until a time, and are not late, from the head
// of the line up to the place that is given.
func (l *line) expected(end *place, until time.Time, limit int) int {
	count := 0
	for element := l.places.Front(); element != nil && count < limit; element = element.Next() {
		waiter := element.Value.(*place)
		if waiter == end || waiter.until.After(until) {
			break
		}
		if waiter.Name != "" && !waiter.late {
			count++
		}
	}
	return count
}

// position is how many stand before a place in its line, without those who are late. Where some
// have left from the middle it is less than this.
func (l *line) position(own *place) int {
	for element := l.places.Front(); element != nil; element = element.Next() {
		if first := element.Value.(*place); !first.late {
			return max(0, min(own.number-first.number, l.places.Len()-l.late-1))
		}
	}
	return 0
}
