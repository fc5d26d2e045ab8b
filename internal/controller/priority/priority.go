// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package priority says which kind of work goes before which: the higher class first, but for a
// share that each class has.
package priority

// Class is a kind of work; the lowest number goes first.
type Class int

const (
	// NewTicket is for a ticket that does not exist remotely yet.
	NewTicket Class = iota
	// Change is for something that exists remotely.
	Change
	// Addition is for a comment, a note or the like that does not exist remotely yet.
	Addition
	// Deletion is for an object that is being deleted.
	Deletion
	// Poll is for looking what others have changed remotely.
	Poll
	// Classes is how many there are.
	Classes int = iota
)

// whole is what the shares are parts of.
const whole = 16

// shares are what the classes below the highest have at least while they have work, whatever waits
// above them. That leaves half to new tickets.
var shares = [Classes]int{Change: 4, Addition: 2, Deletion: 1, Poll: 1}

// Turns remembers what each class is owed. The zero value owes nothing.
type Turns struct {
	// credit is how much of a turn a class has saved up.
	credit [Classes]int
}

// Owed reports whether a class has its next turn before the higher ones.
func (t *Turns) Owed(class Class) bool { return t.credit[class] >= whole }

// Before reports whether one class has its turn before the other.
func (t *Turns) Before(one, other Class) bool {
	if t.Owed(one) != t.Owed(other) {
		return t.Owed(one)
	}
	return one < other
}

// Served notes that a class has had a turn, and then comes nearer to its next one, as do the others
// of which something waits. The rest has nothing to save up for.
func (t *Turns) Served(class Class, waits func(Class) bool) {
	t.credit[class] = max(-shares[class], t.credit[class]-whole)
	for each := range Class(Classes) {
		if waits(each) {
			t.credit[each] = min(t.credit[each]+shares[each], whole)
		} else {
			t.credit[each] = 0
		}
	}
}

// Within is the number of turns, of all classes, before a class has its n-th from now at the
// latest. It is false for the highest class, which has no share because it needs none.
func (t *Turns) Within(class Class, n int) (turns int, ok bool) {
	share := shares[class]
	if share == 0 {
		return 0, false
	}
	return max(0, (n*whole-t.credit[class]+share-1)/share), true
}
