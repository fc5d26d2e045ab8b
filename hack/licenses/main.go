// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command licenses fails when a program contains a module whose license is not allowed, and writes
// the licenses of all modules to a file that is given to users together with the program:
//
//	licenses [-notices file] package...
//
// The modules are those that are compiled into the programs for any of the platforms of a release,
// or, where GOOS is set, for that platform alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	notices := flag.String("notices", "", "the file to write the licenses to")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: licenses [-notices file] package...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *notices, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, notices string, packages []string) error {
	modules, err := compiledModules(ctx, packages)
	if err != nil {
		return err
	}
	if err := classify(modules); err != nil {
		return err
	}
	if err := checkAllowed(modules); err != nil {
		return err
	}
	if notices != "" {
		if err := writeNotices(notices, modules); err != nil {
			return err
		}
	}
	fmt.Printf("licenses: %d modules in %s have allowed licenses\n", len(modules), strings.Join(packages, ", "))
	return nil
}
