// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command synqly-simulator serves the ticketing part of the Synqly Connector API from memory, for
// trying manifests without an account. See docs/simulator.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	// programRequestLog is less than a test wants: the program may run for weeks.
	programRequestLog = 1000
	// shutdownGrace is how long requests under way may take to end.
	shutdownGrace     = time.Second
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
)

// version is set when the program is linked.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "synqly-simulator:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, arguments []string, output, errorOutput io.Writer) error {
	settings, err := parseFlags(arguments, errorOutput)
	if err != nil {
		return err
	}
	if settings.showVersion {
		if _, err := fmt.Fprintln(output, "synqly-simulator", version); err != nil {
			return fmt.Errorf("printing the version: %w", err)
		}
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", settings.listen, err)
	}
	simulated := simulator.New(simulator.Options{
		Token: settings.token, Admin: settings.admin, Seed: settings.seed, RequestLog: programRequestLog,
		Log: settings.logger(errorOutput),
	})
	simulated.SetBehaviour(settings.behaviour)
	for _, fault := range settings.faults {
		simulated.Inject(fault)
	}
	announce(output, "http://"+listener.Addr().String(), settings)
	return serve(ctx, listener, simulated)
}

func serve(ctx context.Context, listener net.Listener, simulated *simulator.Server) error {
	server := &http.Server{Handler: simulated, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	simulated.Close()
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(graceful); err != nil {
		// A client holds its connection; there is nothing here worth waiting for.
		_ = server.Close()
	}
	return nil
}

// announce says where the simulator is and how to reach it. A token that was given is not shown.
func announce(output io.Writer, address string, settings settings) {
	token := "as given by --token or --token-file"
	if settings.usesDefaultToken {
		token = defaultToken
	}
	lines := fmt.Sprintf("Synqly simulator\n  API      %s (spec.baseURL of an Integration)\n  token    %s\n", address, token)
	if settings.admin {
		lines += fmt.Sprintf("  tickets  %s/\n  admin    %s/simulator/ (no token needed)\n", address, address)
	}
	for _, fault := range settings.faults {
		lines += fmt.Sprintf("  fault    %s\n", fault)
	}
	_, _ = io.WriteString(output, lines) // A closed output is no reason not to serve.
}

func (s settings) logger(output io.Writer) *slog.Logger {
	if s.quiet {
		return nil
	}
	return slog.New(slog.NewTextHandler(output, nil))
}
