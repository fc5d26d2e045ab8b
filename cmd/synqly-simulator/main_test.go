// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// program is the command, running.
type program struct {
	output  string // What it printed before it served.
	address string
	stop    func() error // Ends it as SIGTERM does, and returns its error.
}

func start(t *testing.T, arguments ...string) program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"--listen", "127.0.0.1:0", "--quiet"}, arguments...), writer, io.Discard)
	}()
	buffer := make([]byte, 4096) // The announcement is one write, and so one read.
	count, err := reader.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	output := string(buffer[:count])
	address := regexp.MustCompile(`http://127\.0\.0\.1:[1-9]\d*`).FindString(output)
	if address == "" {
		t.Fatalf("no address in %q", output)
	}
	stop := func() error {
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = reader.Close(); cancel() })
	return program{output: output, address: address, stop: stop}
}

func (p program) get(t *testing.T, path, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestServesWithTheDefaultToken(t *testing.T) {
	running := start(t)
	if !strings.Contains(running.output, "demo-token") {
		t.Errorf("the default token is not stated: %s", running.output)
	}
	for path, want := range map[string]int{"/v1/ticketing/projects": 200, "/": 200, "/simulator/behaviour": 200} {
		if got := running.get(t, path, "demo-token"); got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	if err := running.stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestTokenIsNeverPrinted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("canary-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string][]string{
		"by flag": {"--token", "canary-token"}, "by file": {"--token-file", file},
	} {
		t.Run(name, func(t *testing.T) {
			running := start(t, arguments...)
			if strings.Contains(running.output, "canary") {
				t.Errorf("the output shows the token: %s", running.output)
			}
			for token, want := range map[string]int{"canary-token": 200, "demo-token": 401} {
				if got := running.get(t, "/v1/ticketing/projects", token); got != want {
					t.Errorf("%s: status %d, want %d", token, got, want)
				}
			}
			if err := running.stop(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestStopsWhileRequestsAreUnderWay(t *testing.T) {
	running := start(t, "--fault", "operation=CreateTicket,latency=1h")
	if !strings.Contains(running.output, "operation=CreateTicket,latency=1h0m0s") {
		t.Errorf("the fault is not stated: %s", running.output)
	}
	sent, answered := make(chan struct{}), make(chan error, 1)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, running.address+"/v1/ticketing/tickets", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer demo-token")
	go func() {
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		answered <- err
	}()
	<-sent
	if err := running.stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
}

func TestPrintsItsVersion(t *testing.T) {
	var output strings.Builder
	// Nothing can listen on this address.
	err := run(t.Context(), []string{"--version", "--listen=nowhere.invalid:x"}, &output, io.Discard)
	if want := "synqly-simulator dev\n"; err != nil || output.String() != want {
		t.Errorf("--version printed %q (%v), want %q", output.String(), err, want)
	}
}

func TestFlags(t *testing.T) {
	got, err := parseFlags([]string{
		"--listen=:1", "--token=t", "--admin=false", "--quiet", "--seed=7", "--fault=status=500", "--fault=lose", "--normalise",
		"--rewrite", "--lower-case-tags", "--drop-tags", "--split-tags", "--shorten-lists", "--closed-tickets-refuse", "--map-priority=URGENT=P1", "--map-priority=LOW=P4",
		"--ignore-filter=status,name", "--refuse-filter=tags", "--refuse-filter=id", "--lose-filter=updated_at,created_at", "--comment-count", "--coarse-times", "--ignore-order", "--refuse-order",
		"--search-lag=3s", "--page-size=2", "--endless-cursor", "--duplicate-items", "--unsupported=GetTicket", "--require-creator",
		"--read-only=status", "--rate-limit=1.5", "--burst=3",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		listen: ":1", token: "t", quiet: true, seed: 7, faults: []simulator.Fault{{Status: 500}, {Lose: true}},
		behaviour: simulator.Behaviour{
			NormaliseText: true, RewriteEverything: true, LowerCaseTags: true, DropTags: true, SplitTags: true, ShortenLists: true, ClosedTicketsRefuse: true,
			MapPriority: map[string]string{"URGENT": "P1", "LOW": "P4"}, IgnoreFilters: []string{"status", "name"},
			RefuseFilters: []string{"tags", "id"}, LoseFilters: []string{"updated_at", "created_at"},
			CommentCount: true, CoarseTimes: true, IgnoreOrder: true, RefuseOrder: true, SearchLag: 3 * time.Second, PageSize: 2,
			EndlessCursor: true, DuplicateItems: true, Unsupported: []string{"GetTicket"}, RequireCreator: true,
			ReadOnlyFields: []string{"status"}, RateLimit: 1.5, Burst: 3,
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFlagsRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string][]string{
		"both tokens":      {"--token=canary", "--token-file=x"},
		"empty token":      {"--token="},
		"empty token file": {"--token-file", empty},
		"no token file":    {"--token-file", filepath.Join(t.TempDir(), "none")},
		"argument":         {"serve"},
		"unknown fault":    {"--fault=nope"},
		"unknown filter":   {"--ignore-filter=nope"},
		"bad mapping":      {"--map-priority=URGENT"},
		"bad address":      {"--listen=nowhere.invalid:x"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), append([]string{"--quiet"}, arguments...), io.Discard, io.Discard)
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("error %v", err)
			}
		})
	}
	if err := run(t.Context(), []string{"--help"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}
