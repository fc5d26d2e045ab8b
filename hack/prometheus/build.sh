#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds a program of Prometheus, at the version that go.mod beside this file pins:
#
#	build.sh <prometheus|promtool> <file>
#
# Service discoveries, which need the libraries of all clouds, are left out, and so are the pages of
# the web interface, which the published module lacks. GO names the go command (default: go).
set -eu

program=$1
output=$2
here=$(cd "$(dirname "$0")" && pwd)
go=${GO:-go}
module=github.com/prometheus/prometheus
export GOWORK=off CGO_ENABLED=0 GOOS='' GOARCH=''

cd "$here"
version=$("$go" list -m -f '{{.Version}}' "$module")
echo "building $program $version, once" >&2
"$go" build -trimpath -buildvcs=false -tags remove_all_sd \
	-ldflags "-s -w -X github.com/prometheus/common/version.Version=${version#v}" \
	-o "$output.new" "$module/cmd/$program"
mv -f "$output.new" "$output"
