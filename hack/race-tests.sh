#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Runs every test with the race detector, and beside that one suite once more without it:
#
#	race-tests.sh <package of the suite> go test -json [flags]
#
# It prints the events of both, for gotestsum to count them together: those of the first run as
# they come, and then those of the second one, so that no line of the one stands in a line of
# the other. The exit code is not 0 when either run fails.
set -eu

suite=$1
shift
cd "$(dirname "$0")/.."
second_events=$(mktemp)
second_run=

end_second_run() {
	[ -z "$second_run" ] || kill "$second_run" 2>/dev/null || true
	rm -f "$second_events"
}
trap end_second_run EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP PIPE

# It can do with less of the machine: see the Makefile.
nice -n 5 "$@" "$suite" >"$second_events" &
second_run=$!

code=0
"$@" -race ./... || code=$?
# A signal ended it, or nobody reads its output any more.
[ "$code" -le 128 ] || exit "$code"

wait "$second_run" || code=$?
second_run=
# Under a name of its own: to gotestsum it would be the package of the first run again.
sed 's/"Package":"\([^"]*\)"/"Package":"\1 (without the race detector)"/' "$second_events"
exit "$code"
