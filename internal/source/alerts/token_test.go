// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// rotate replaces the token in the Secret.
func (e *endpoint) rotate(t *testing.T, key, token string) {
	t.Helper()
	var secret corev1.Secret
	if err := e.api.Get(t.Context(), types.NamespacedName{Namespace: "monitoring", Name: "alertmanager-token"}, &secret); err != nil {
		t.Fatal(err)
	}
	secret.Data = map[string][]byte{key: []byte(token)}
	if err := e.api.Update(t.Context(), &secret); err != nil {
		t.Fatal(err)
	}
}

func TestAStormOfNotificationsReadsTheTokenOnce(t *testing.T) {
	e := newEndpoint(t)
	for range 100 {
		e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	}
	if got := len(e.since("live get")); got != 1 {
		t.Errorf("the API server was read %d times, want once", got)
	}
	e.later(tokenLifetime)
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	if got := len(e.since("live get")); got != 1 {
		t.Errorf("a token that is too old was read %d times, want once", got)
	}
}

func TestAStormWithoutTheTokenReadsItOnceASecond(t *testing.T) {
	for name, receiver := range map[string]types.NamespacedName{"a receiver": platform, "no receiver": {Namespace: "monitoring", Name: "other"}} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			for range 100 {
				e.expectCode(t, http.StatusUnauthorized, e.post(receiver, hook(), token("wrong")))
				e.later(10 * time.Millisecond)
			}
			if got := len(e.since("live get")); got != 1 {
				t.Errorf("the API server was read %d times in a second, want once", got)
			}
		})
	}
}

// Senders do not repeat a 401, so a new token must be good at once.
func TestATokenThatWasChangedIsGoodAtOnce(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	e.later(rereadAfter)
	e.rotate(t, "token", "new-token")
	e.expectCode(t, http.StatusOK, e.post(platform, hook(), token("new-token")))
	e.expectCode(t, http.StatusUnauthorized, e.post(platform, hook()))
}

func TestAReceiverWithoutATokenTakesNone(t *testing.T) {
	for name, change := range map[string]func(*endpoint, *testing.T){
		"the key is missing":  func(e *endpoint, t *testing.T) { e.rotate(t, "other", canaryToken) },
		"the token is empty":  func(e *endpoint, t *testing.T) { e.rotate(t, "token", "\n") },
		"there is no Secret":  func(e *endpoint, t *testing.T) { e.deleteSecret(t) },
		"the token is spaces": func(e *endpoint, t *testing.T) { e.rotate(t, "token", "  ") },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			change(e, t)
			for _, presented := range []string{"", " ", canaryToken} {
				e.expectCode(t, http.StatusUnauthorized, e.post(platform, hook(), token(presented)))
			}
		})
	}
}

func (e *endpoint) deleteSecret(t *testing.T) {
	t.Helper()
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = "monitoring", "alertmanager-token"
	if err := e.api.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
}

// A receiver that was made a moment ago may not be in the cache yet.
func TestAReceiverThatTheCacheLacksIsLookedFor(t *testing.T) {
	e := newEndpoint(t)
	e.fail = times(1, "cached get AlertReceiver", apierrors.NewNotFound(corev1.Resource("alertreceivers"), "platform"))
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
}

func TestStrangersDoNotHoldUpThoseWithAToken(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	e.later(tokenLifetime)
	codes := map[int]int{}
	for i := range 2 * tokenReadBurst {
		stranger := types.NamespacedName{Namespace: "monitoring", Name: fmt.Sprintf("guess-%d", i)}
		codes[e.post(stranger, hook()).Code]++
	}
	if codes[http.StatusUnauthorized] != tokenReadBurst || codes[http.StatusServiceUnavailable] != tokenReadBurst {
		t.Errorf("the strangers got %v, want as many reads as there may be at once", codes)
	}
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	// Nobody learns from the answer that there is such a receiver.
	e.expectCode(t, http.StatusServiceUnavailable, e.post(platform, hook(), token("wrong")))
}

func TestWhatIsRememberedOfStrangersIsBounded(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	for i := range maxStrangers + 100 {
		e.post(types.NamespacedName{Namespace: "monitoring", Name: fmt.Sprintf("guess-%d", i)}, hook())
		e.later(time.Second / tokenReadsPerSecond)
	}
	if got := len(e.tokens.strangers); got != maxStrangers {
		t.Errorf("%d strangers are remembered, want %d", got, maxStrangers)
	}
	if _, remembered := e.tokens.known[platform]; !remembered {
		t.Error("strangers made the operator forget a receiver")
	}
}

// With --watch-namespaces, the operator may read nothing of other namespaces.
func TestANamespaceThatIsNotWatchedHasNoReceivers(t *testing.T) {
	e := newEndpoint(t)
	e.fail = times(1, "cached get AlertReceiver", errors.New("unable to get: monitoring/platform because of unknown namespace for the cache"))
	e.expectCode(t, http.StatusUnauthorized, e.post(platform, hook()))
	if reads := e.since("live get"); len(reads) != 0 {
		t.Errorf("it read %v", reads)
	}
}

func TestAReceiverThatMayNotBeReadIsNone(t *testing.T) {
	e := newEndpoint(t)
	e.fail = times(1, "live get AlertReceiver", apierrors.NewForbidden(corev1.Resource("alertreceivers"), "other", errors.New("no role")))
	e.expectCode(t, http.StatusUnauthorized, e.post(types.NamespacedName{Namespace: "other", Name: "other"}, hook()))
}
