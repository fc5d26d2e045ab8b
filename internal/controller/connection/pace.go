// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

const (
	// firstRate and firstBurst are the parts of what is allowed that a new connection begins with.
	firstRate  = 0.5
	firstBurst = 0.25
	// slowdown is what a 429 leaves of the rate, slowest the least of what is allowed, and
	// leastBurst what it leaves of the burst that is allowed.
	slowdown   = 0.5
	slowest    = 0.01
	leastBurst = 0.05
	// stepsUp is how many answers it takes to regain what a 429 has taken: enough for the next 429
	// to be one in hundreds of requests.
	stepsUp = 200
	// burstStep is how much larger an answer makes the bucket.
	burstStep = 0.1
)

// pace is how fast a provider is sent requests: additive up with each answer, multiplicative down
// with a 429, below what rateLimit allows. A 429 says nothing about which of the two was too much
// for the provider, so it ends bursts as well: from then on requests go out nearly one by one.
type pace struct {
	rate, burst               float64
	allowedRate, allowedBurst float64
	// step is how much faster an answer makes it.
	step float64
}

func newPace(allowedRate, allowedBurst float64) pace {
	return pace{rate: allowedRate, burst: allowedBurst, allowedRate: allowedRate, allowedBurst: allowedBurst, step: allowedRate / stepsUp}
}

// begin is for a provider of which nothing is known.
func (p *pace) begin() {
	p.rate, p.burst = firstRate*p.allowedRate, max(1, firstBurst*p.allowedBurst)
}

// allow changes what is allowed, and keeps the part of it that the provider takes.
func (p *pace) allow(allowedRate, allowedBurst float64) {
	factor := allowedRate / p.allowedRate
	p.rate, p.step = p.rate*factor, p.step*factor
	p.burst = max(1, p.burst*allowedBurst/p.allowedBurst)
	p.allowedRate, p.allowedBurst = allowedRate, allowedBurst
}

// slowDown is for a 429.
func (p *pace) slowDown() {
	p.rate, p.burst = max(p.rate*slowdown, p.allowedRate*slowest), max(1, p.allowedBurst*leastBurst)
	p.step = p.rate / stepsUp
}

// speedUp is for an answer. It reports whether that changed anything.
func (p *pace) speedUp() bool {
	if p.rate == p.allowedRate && p.burst == p.allowedBurst {
		return false
	}
	p.rate = min(p.rate+p.step, p.allowedRate)
	p.burst = min(p.burst+burstStep, p.allowedBurst)
	return true
}

// duration is how long so many requests take where all of them are answered, so that each makes the
// following ones faster.
func (p *pace) duration(requests int) time.Duration {
	left, seconds := float64(requests), 0.0
	if missing := p.allowedRate - p.rate; missing > 0 {
		faster := min(left, missing/p.step)
		seconds += math.Log1p(faster*p.step/p.rate) / p.step
		left -= faster
	}
	return time.Duration(math.Round((seconds + left/p.allowedRate) * float64(time.Second)))
}

func (p *pace) limit() rate.Limit { return rate.Limit(p.rate) }

func (p *pace) size() int { return max(1, int(p.burst)) }
