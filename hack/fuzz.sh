#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Runs each fuzz test of the project for the given time: fuzz.sh 10s
# One after the other, because go test fuzzes one function of one package at a time.
set -eu

duration=$1
cd "$(dirname "$0")/.."
go=${GO:-go}

targets=$(find . -name '*_test.go' -not -path './bin/*' -exec grep -H '^func Fuzz' {} + |
	sed 's|^\(.*\)/[^/]*_test\.go:func \(Fuzz[A-Za-z0-9_]*\).*|\1 \2|')
if [ -z "$targets" ]; then
	echo "fuzz: there are no fuzz tests" >&2
	exit 1
fi
echo "$targets" | while read -r package name; do
	echo "fuzz: $name in $package for $duration"
	"$go" test -run='^$' -fuzz="^$name\$" -fuzztime="$duration" "$package"
done
