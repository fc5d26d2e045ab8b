// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	defaultListen = "127.0.0.1:8085"
	defaultToken  = "demo-token"
)

// settings are what the flags say.
type settings struct {
	listen           string
	token            string
	usesDefaultToken bool
	admin            bool
	quiet            bool
	showVersion      bool
	seed             uint64
	faults           []simulator.Fault
	behaviour        simulator.Behaviour
}

// parseFlags reads the command line. Errors of the flag package name the flag; none names a token.
func parseFlags(arguments []string, output io.Writer) (settings, error) {
	var parsed settings
	var tokenFile string
	flags := flag.NewFlagSet("synqly-simulator", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&parsed.listen, "listen", defaultListen, "address to listen on; port 0 picks a free one, which is printed")
	flags.Func("token", "bearer token to accept (default \""+defaultToken+"\"); visible in the process list, unlike --token-file",
		func(value string) error { parsed.token = value; return nil })
	flags.StringVar(&tokenFile, "token-file", "", "file that holds the bearer token to accept")
	flags.BoolVar(&parsed.admin, "admin", true, "serve the page at / and the paths below /simulator/ without a token")
	flags.BoolVar(&parsed.quiet, "quiet", false, "do not log requests")
	flags.BoolVar(&parsed.showVersion, "version", false, "print the version and exit")
	flags.Uint64Var(&parsed.seed, "seed", 0, "seed for faults that have a probability")
	flags.Func("fault", "fault to inject, such as operation=CreateTicket,status=503,times=2,after-commit; repeatable",
		func(description string) error {
			fault, err := simulator.ParseFault(description)
			parsed.faults = append(parsed.faults, fault)
			return err
		})
	addBehaviourFlags(flags, &parsed.behaviour)
	if err := flags.Parse(arguments); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := parsed.behaviour.Validate(); err != nil {
		return settings{}, err
	}
	if err := parsed.chooseToken(given(flags, "token"), tokenFile); err != nil {
		return settings{}, err
	}
	return parsed, nil
}

// given tells whether the flag is on the command line, if only with an empty value.
func given(flags *flag.FlagSet, name string) bool {
	found := false
	flags.Visit(func(set *flag.Flag) { found = found || set.Name == name })
	return found
}

func (s *settings) chooseToken(tokenGiven bool, tokenFile string) error {
	switch {
	case tokenGiven && tokenFile != "":
		return errors.New("--token and --token-file cannot be used together")
	case tokenFile != "":
		content, err := os.ReadFile(tokenFile)
		if err != nil {
			return fmt.Errorf("reading --token-file: %w", err)
		}
		s.token = strings.TrimSpace(string(content))
	case !tokenGiven:
		s.token, s.usesDefaultToken = defaultToken, true
	}
	if s.token == "" {
		return errors.New("the token is empty")
	}
	return nil
}

func addBehaviourFlags(flags *flag.FlagSet, behaviour *simulator.Behaviour) {
	list := func(name, usage string, target *[]string) {
		flags.Func(name, usage+"; repeat the flag or separate values with commas", func(value string) error {
			*target = append(*target, strings.Split(value, ",")...)
			return nil
		})
	}
	flags.BoolVar(&behaviour.NormaliseText, "normalise", false, "return descriptions, comments and notes with changed markdown and line endings")
	flags.BoolVar(&behaviour.RewriteEverything, "rewrite", false, "return a changed value for every field")
	flags.BoolVar(&behaviour.LowerCaseTags, "lower-case-tags", false, "convert tags to lower case")
	flags.BoolVar(&behaviour.DropTags, "drop-tags", false, "drop tags without an error")
	flags.BoolVar(&behaviour.SplitTags, "split-tags", false, "make several tags of one with spaces or colons in it")
	flags.BoolVar(&behaviour.ShortenLists, "shorten-lists", false, "cut the descriptions of tickets in lists")
	flags.BoolVar(&behaviour.ClosedTicketsRefuse, "closed-tickets-refuse", false, "refuse changes of the comments and notes of a closed ticket")
	flags.Func("map-priority", "replace a priority, such as URGENT=CRITICAL; repeatable", func(value string) error {
		from, to, found := strings.Cut(value, "=")
		if !found {
			return errors.New("must have the form FROM=TO")
		}
		if behaviour.MapPriority == nil {
			behaviour.MapPriority = map[string]string{}
		}
		behaviour.MapPriority[from] = to
		return nil
	})
	flags.BoolVar(&behaviour.CommentCount, "comment-count", false, "return the number of comments with each ticket; a change of that number then changes updated_at")
	flags.BoolVar(&behaviour.CoarseTimes, "coarse-times", false, "store created_at and updated_at in whole seconds")
	list("ignore-filter", "field whose filters have no effect, * for all fields", &behaviour.IgnoreFilters)
	list("refuse-filter", "field whose filters are refused, * for all fields", &behaviour.RefuseFilters)
	list("lose-filter", "field whose filters make a query find nothing, * for all fields", &behaviour.LoseFilters)
	flags.BoolVar(&behaviour.IgnoreOrder, "ignore-order", false, "ignore the order that a query asks for and use the order of creation")
	flags.BoolVar(&behaviour.RefuseOrder, "refuse-order", false, "refuse queries that ask for an order")
	flags.DurationVar(&behaviour.SearchLag, "search-lag", 0, "time after a change during which queries do not find the ticket")
	flags.IntVar(&behaviour.PageSize, "page-size", 0, "maximum number of items per page; 0 to use the limit of the request")
	flags.BoolVar(&behaviour.EndlessCursor, "endless-cursor", false, "start each list again after its last page")
	flags.BoolVar(&behaviour.DuplicateItems, "duplicate-items", false, "repeat the first item of each page at the end of the page")
	list("unsupported", "operation to answer with 501", &behaviour.Unsupported)
	flags.BoolVar(&behaviour.RequireCreator, "require-creator", false, "refuse tickets and comments without a creator")
	list("read-only", "field of a ticket that cannot be written", &behaviour.ReadOnlyFields)
	flags.Float64Var(&behaviour.RateLimit, "rate-limit", 0, "average number of requests per second; 0 for no limit")
	flags.IntVar(&behaviour.Burst, "burst", 0, "requests that can be sent at once with --rate-limit (default: the value of --rate-limit)")
}
