#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fails when a program, built as it is released, contains code with a known vulnerability.
#
#   hack/vulncheck.sh golang.org/x/vulndb@VERSION
#
# The standard library belongs to what is released, so the compiler is the one that go.mod pins,
# whatever is installed. The database is a Go module: it comes from where all others come from,
# and a result stays the same until somebody takes a newer one.
set -eu

cd "$(dirname "$0")/.."
go=${GO:-go}
database=$1
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

toolchain=$(sed -n 's/^toolchain //p' go.mod)
folder=$("$go" mod download -json "$database" | sed -n 's/^.*"Dir": "\(.*\)",*$/\1/p')
[ -d "$folder/data/osv" ] || {
	echo "vulncheck: $database has no folder data/osv" >&2
	exit 1
}
vulnerable=
for program in manager synqly-simulator kubectl-ticketing; do
	GOTOOLCHAIN=$toolchain CGO_ENABLED=0 "$go" build -trimpath -buildvcs=false -ldflags '-s -w' \
		-o "$built/$program" "./cmd/$program"
	echo "vulncheck: $program, built with $toolchain, against $database"
	bin/tools/govulncheck -mode binary -db "file://$folder/data/osv" "$built/$program" ||
		vulnerable="$vulnerable $program"
done
if [ -n "$vulnerable" ]; then
	echo "vulncheck: vulnerable, or not checked:$vulnerable" >&2
	exit 1
fi
