// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"testing"
)

// everySituation calls visit with each combination of what a decision rests on.
func everySituation(visit func(situation)) {
	const facts = 15
	for bits := range 1 << facts {
		fact := func(number int) bool { return bits>>number&1 == 1 }
		s := situation{
			policy:      Policy{Observe: fact(0), Enforce: fact(1), RemoveOnDelete: fact(2)},
			hasID:       fact(3),
			attemptOpen: fact(4), replacedLeft: fact(5), finalizerMissing: fact(6),
			refreshAsked: fact(7), refreshed: fact(8), differs: fact(9), drifted: fact(10), expired: fact(12) && fact(3),
			historyUnknown: fact(13) && !fact(3) && !fact(4), gone: fact(14) && fact(12) && fact(8) && fact(3),
		}
		if fact(11) {
			s.policy.AdoptID = "10023"
		}
		visit(s)
	}
}

func TestDecisionsKeepTheRules(t *testing.T) {
	remoteWrite := func(do step) bool { return do == create || do == update || do == removeReplaced }
	outOfStep := func(s situation) bool { return s.differs || (s.policy.Enforce && s.drifted) }
	rules := map[string]func(s situation, do step) (broken bool){
		"nothing is created for an object that has a remote object": func(s situation, do step) bool {
			return do == create && s.hasID
		},
		"nothing is created while an attempt is open": func(s situation, do step) bool {
			return do == create && s.attemptOpen
		},
		"nothing is created where the spec names what to adopt": func(s situation, do step) bool {
			return do == create && s.policy.AdoptID != ""
		},
		"an observed object is never written to": func(s situation, do step) bool {
			return s.policy.Observe && remoteWrite(do)
		},
		"an open attempt is settled, or decided by an adoption, before anything else": func(s situation, do step) bool {
			return s.attemptOpen && do != settle && do != adopt && do != ensureFinalizer
		},
		"only an open attempt is settled": func(s situation, do step) bool {
			return do == settle && !s.attemptOpen
		},
		"nothing is created before its history is known": func(s situation, do step) bool {
			return do == create && s.historyUnknown
		},
		"only an unknown history is searched": func(s situation, do step) bool {
			return do == search && (!s.historyUnknown || s.hasID || s.policy.Observe)
		},
		"what the spec names is adopted, once": func(s situation, do step) bool {
			return (do == adopt) != (!s.hasID && s.policy.AdoptID != "")
		},
		"a remote object that is not known is not touched": func(s situation, do step) bool {
			return !s.hasID && (do == refresh || do == update || do == removeReplaced || do == expire || (do == ensureFinalizer && !s.attemptOpen))
		},
		"the finalizer is there before a remote object that exists is written to": func(s situation, do step) bool {
			return s.finalizerMissing && (do == update || do == removeReplaced)
		},
		"the finalizer is put on only where it is missing": func(s situation, do step) bool {
			return do == ensureFinalizer && !s.finalizerMissing
		},
		"a remote object is looked at when asked, and once": func(s situation, do step) bool {
			return do == refresh && (!(s.refreshAsked || s.expired) || s.refreshed)
		},
		"a refresh comes before a write": func(s situation, do step) bool {
			return s.hasID && s.refreshAsked && !s.refreshed && remoteWrite(do)
		},
		"an object whose time has come is removed, but only after a refresh, and when all is written that can be": func(s situation, do step) bool {
			return do == expire && (!s.expired || !s.refreshed || s.attemptOpen || (!s.policy.Observe && !s.gone && (outOfStep(s) || s.replacedLeft)))
		},
		"a remote object that is gone is not written to": func(s situation, do step) bool {
			return s.gone && remoteWrite(do)
		},
		"only what differs is written": func(s situation, do step) bool {
			return do == update && !outOfStep(s)
		},
		"remote changes are written back under Enforce only": func(s situation, do step) bool {
			return do == update && s.drifted && !s.differs && !s.policy.Enforce
		},
		"only what is left of a replacement is removed": func(s situation, do step) bool {
			return do == removeReplaced && !s.replacedLeft
		},
		"nothing is left to do in sync": func(s situation, do step) bool {
			left := s.attemptOpen || (s.hasID && s.finalizerMissing) || (s.hasID && s.refreshAsked && !s.refreshed) || s.expired
			leftToWrite := !s.hasID || outOfStep(s) || s.replacedLeft
			return do == inSync && (left || (leftToWrite && !s.policy.Observe))
		},
	}
	for rule, broken := range rules {
		t.Run(rule, func(t *testing.T) {
			everySituation(func(s situation) {
				if do := decide(s); !t.Failed() && broken(s, do) {
					t.Errorf("broken by step %d in %+v", do, s)
				}
			})
		})
	}
}

// after returns the situations that a successful step can lead to.
func after(s situation, do step) []situation {
	next := s
	switch do {
	case adopt:
		next.hasID, next.attemptOpen = true, false
	case settle:
		next.attemptOpen = false
		found := next
		found.hasID, found.replacedLeft = true, s.hasID
		edited := found
		edited.differs = true
		return []situation{next, found, edited}
	case search:
		next.historyUnknown = false
		made := next
		made.attemptOpen, made.finalizerMissing = true, false // it is written with the annotations
		return []situation{next, made}
	case create:
		next.hasID, next.finalizerMissing, next.differs, next.drifted = true, false, false, false
	case ensureFinalizer:
		next.finalizerMissing = false
	case refresh:
		next.refreshed, next.drifted = true, false
		drifted, reopened, gone := next, next, next
		drifted.drifted = true
		reopened.expired = false
		gone.gone = s.expired
		return []situation{next, drifted, reopened, gone}
	case update:
		next.differs, next.drifted = false, false
		replaced := next
		replaced.replacedLeft = true
		return []situation{next, replaced}
	case removeReplaced:
		next.replacedLeft = false
	}
	return []situation{next}
}

func TestEveryRoadEndsInSync(t *testing.T) {
	// The last of the steps that a reconcile may take is the decision that nothing is left to do.
	var travel func(s situation, road []step) error
	travel = func(s situation, road []step) error {
		do := decide(s)
		if len(road) == maxSteps {
			return fmt.Errorf("still not in sync after the steps %v", road)
		}
		if do == inSync || do == expire {
			return nil
		}
		for _, next := range after(s, do) {
			if err := travel(next, append(road[:len(road):len(road)], do)); err != nil {
				return err
			}
		}
		return nil
	}
	everySituation(func(s situation) {
		if err := travel(s, nil); err != nil && !t.Failed() {
			t.Errorf("from %+v: %v", s, err)
		}
	})
}
