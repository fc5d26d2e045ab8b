#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints the folder that holds etcd, kube-apiserver, kubectl and kube-controller-manager,
# and provides them first where they are missing. The programs come from the first of
#   1. KUBEBUILDER_ASSETS, when all four are there;
#   2. bin/k8s, where an earlier call left them;
#   3. setup-envtest's download (which has no kube-controller-manager: that one is built);
#   4. a build from the published Go modules that go.mod beside this file pins.
# Only the folder goes to standard output; what is being done goes to standard error.
# Needs Go and a POSIX shell. GO names the go command (default: go).
set -eu

programs="etcd kube-apiserver kubectl kube-controller-manager"
# How long the index of setup-envtest may take to answer, and then the download, in seconds.
index_seconds=10
download_seconds=180
# How long to wait for another call that is providing the same programs, in seconds.
other_call_seconds=1500

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
go=${GO:-go}

main() {
	if assets_are_given; then
		echo "$KUBEBUILDER_ASSETS"
		return
	fi
	version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes v\([0-9.]*\).*|\1|p' "$here/go.mod")
	platform=$("$go" env GOHOSTOS)-$("$go" env GOHOSTARCH)
	store=$root/bin/k8s
	target=$store/$version-$platform
	pins=$(cat "$here/go.mod" "$here/go.sum" | cksum)
	if ! target_is_complete; then
		mkdir -p "$store"
		take_turn
		# The call that was waited for may have done everything.
		target_is_complete || provide
	fi
	echo "$target"
}

say() {
	echo "control-plane: $*" >&2
}

assets_are_given() {
	[ -n "${KUBEBUILDER_ASSETS:-}" ] || return 1
	for program in $programs; do
		if [ ! -x "$KUBEBUILDER_ASSETS/$program" ]; then
			say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS is not used: it has no $program"
			return 1
		fi
	done
}

# The stamp is written last, so it vouches for all four programs.
target_is_complete() {
	[ -f "$target/.pins" ] && [ "$(cat "$target/.pins")" = "$pins" ]
}

# Of several calls at the same time one works and the others wait. This only saves work:
# a call that goes ahead alone still writes to a folder of its own and renames at the end.
take_turn() {
	lock=$store/.lock
	waited=0
	until mkdir "$lock" 2>/dev/null; do
		holder=$(cat "$lock/pid" 2>/dev/null || true)
		if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
			say "the call that was at work (process $holder) is gone, going ahead"
			break
		fi
		if [ "$waited" -ge "$other_call_seconds" ]; then
			say "waited $waited s for another call, going ahead"
			break
		fi
		[ "$waited" -gt 0 ] || say "waiting for another call that is providing the programs"
		sleep 1
		waited=$((waited + 1))
		! target_is_complete || return 0
	done
	mkdir -p "$lock"
	echo $$ >"$lock/pid"
	work=$store/.work-$$
	trap 'rm -rf "$work" "$lock"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

provide() {
	mkdir -p "$work/programs" "$target"
	download || true
	build
	for program in $programs; do
		mv -f "$work/programs/$program" "$target/$program"
	done
	echo "$pins" >"$work/pins"
	mv -f "$work/pins" "$target/.pins"
	say "ready in $target"
}

# Runs a command in the background and ends it after so many seconds.
within() {
	remaining=$1
	shift
	"$@" &
	child=$!
	while [ "$remaining" -gt 0 ] && kill -0 "$child" 2>/dev/null; do
		sleep 1
		remaining=$((remaining - 1))
	done
	kill "$child" 2>/dev/null || true
	wait "$child"
}

# The archives of setup-envtest exist for some patch releases only, so any patch release
# of the same minor version will do.
download() {
	series=${version%.*}.x
	if ! (cd "$here/../tools" && GOWORK=off CGO_ENABLED=0 "$go" build -trimpath \
		-o "$work/setup-envtest" sigs.k8s.io/controller-runtime/tools/setup-envtest) >&2; then
		say "setup-envtest does not build, so the programs are built"
		return 1
	fi
	if ! within "$index_seconds" "$work/setup-envtest" list --bin-dir "$work/envtest" "$series" \
		>"$work/index" 2>"$work/setup-envtest.log" || ! grep -q available "$work/index"; then
		say "setup-envtest's index is unreachable or has no Kubernetes $series, so the programs are built"
		return 1
	fi
	say "downloading Kubernetes $series with setup-envtest"
	if ! within "$download_seconds" "$work/setup-envtest" use --bin-dir "$work/envtest" --print path "$series" \
		>"$work/path" 2>"$work/setup-envtest.log"; then
		say "setup-envtest's download failed or took more than $download_seconds s, so the programs are built"
		return 1
	fi
	downloaded=$(cat "$work/path")
	for program in $programs; do
		if [ -x "$downloaded/$program" ]; then
			mv "$downloaded/$program" "$work/programs/$program"
		fi
	done
}

package_of() {
	case $1 in
	etcd) echo go.etcd.io/etcd/server/v3 ;;
	*) echo "k8s.io/kubernetes/cmd/$1" ;;
	esac
}

# What the release builds of Kubernetes stamp: without it the programs call themselves v0.0.0-master.
version_flags() {
	major=${version%%.*}
	minor=${version#*.}
	minor=${minor%%.*}
	for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		printf ' -X %s=%s' \
			"$package.gitVersion" "v$version" \
			"$package.gitMajor" "$major" \
			"$package.gitMinor" "$minor" \
			"$package.gitCommit" unknown \
			"$package.gitTreeState" clean \
			"$package.buildDate" 1970-01-01T00:00:00Z
	done
}

build() {
	for program in $programs; do
		[ ! -x "$work/programs/$program" ] || continue
		say "building $program for Kubernetes v$version (minutes, once)"
		(cd "$here" && GOWORK=off CGO_ENABLED=0 GOOS='' GOARCH='' "$go" build -trimpath -ldflags "-s -w$(version_flags)" \
			-o "$work/programs/$program" "$(package_of "$program")") >&2
	done
}

main
