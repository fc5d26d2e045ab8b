#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds a program of Alertmanager, at the version that go.mod beside this file pins:
#
#	build.sh <alertmanager|amtool> <file>
#
# The published module lacks the pages of its web interface, which are generated, and does not
# build without them. So a copy of it is built, with empty pages in their place. GO names the go
# command (default: go).
set -eu

program=$1
output=$2
here=$(cd "$(dirname "$0")" && pwd)
go=${GO:-go}
module=github.com/prometheus/alertmanager
export GOWORK=off CGO_ENABLED=0 GOOS='' GOARCH=''

work=$(mktemp -d)
# What is copied of the module cache cannot be written.
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd "$here"
"$go" mod download "$module"
source=$("$go" list -m -f '{{.Dir}}' "$module")
version=$("$go" list -m -f '{{.Version}}' "$module")
cp -R "$source" "$work/source"
chmod -R u+w "$work/source"
for interface in elm mantine; do
	mkdir -p "$work/source/ui/app/dist/$interface"
	echo '<!DOCTYPE html>' >"$work/source/ui/app/dist/$interface/index.html"
done

cp go.mod go.sum "$work"
cd "$work"
"$go" mod edit -replace "$module=./source"
echo "building $program $version, once" >&2
"$go" build -trimpath -buildvcs=false \
	-ldflags "-s -w -X github.com/prometheus/common/version.Version=${version#v}" \
	-o "$output.new" "$module/cmd/$program"
mv -f "$output.new" "$output"
