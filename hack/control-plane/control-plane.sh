#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints the folder that holds the programs of a Kubernetes control plane, and provides those
# that are missing first:
#
#	control-plane.sh [program...]
#
# Without arguments these are etcd, kube-apiserver, kubectl and kube-controller-manager. They
# come from the first of
#   1. KUBEBUILDER_ASSETS, when all that are wanted are there;
#   2. bin/k8s, where an earlier call left them;
#   3. setup-envtest's download (which has no kube-controller-manager: that one is built);
#   4. a build from the published Go modules that go.mod beside this file pins.
# Only the folder goes to standard output; what is being done goes to standard error.
# Needs Go and a POSIX shell. GO names the go command (default: go).
set -eu

every_program="etcd kube-apiserver kubectl kube-controller-manager"
downloaded_programs="etcd kube-apiserver kubectl"
# How long the index of setup-envtest may take to answer, and then the download, in seconds.
index_seconds=10
download_seconds=180
# How long to wait for another call that is providing the same programs, in seconds.
other_call_seconds=1500

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
go=${GO:-go}

main() {
	wanted=${*:-$every_program}
	for program in $wanted; do
		if ! contains "$every_program" "$program"; then
			say "there is no program $program, only $every_program"
			exit 2
		fi
	done
	if assets_are_given; then
		echo "$KUBEBUILDER_ASSETS"
		return
	fi
	version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes v\([0-9.]*\).*|\1|p' "$here/go.mod")
	platform=$("$go" env GOHOSTOS)-$("$go" env GOHOSTARCH)
	store=$root/bin/k8s
	target=$store/$version-$platform
	pins=$(cat "$here/go.mod" "$here/go.sum" | cksum)
	if ! is_complete; then
		mkdir -p "$store"
		take_turn
		# The call that was waited for may have done everything.
		is_complete || provide
	fi
	echo "$target"
}

say() {
	echo "control-plane: $*" >&2
}

# contains tells whether a word is in a list of words.
contains() {
	case " $1 " in
	*" $2 "*) ;;
	*) return 1 ;;
	esac
}

assets_are_given() {
	[ -n "${KUBEBUILDER_ASSETS:-}" ] || return 1
	for program in $wanted; do
		if [ ! -x "$KUBEBUILDER_ASSETS/$program" ]; then
			say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS is not used: it has no $program"
			return 1
		fi
	done
}

# Each program has a stamp, which is written after it and so vouches for it.
is_provided() {
	[ -x "$target/$1" ] && [ "$(cat "$target/.$1.pins" 2>/dev/null)" = "$pins" ]
}

keep() {
	mv -f "$work/programs/$1" "$target/$1"
	echo "$pins" >"$work/pins"
	mv -f "$work/pins" "$target/.$1.pins"
}

missing() {
	for program in $wanted; do
		is_provided "$program" || printf '%s ' "$program"
	done
}

is_complete() {
	[ -z "$(missing)" ]
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
		! is_complete || return 0
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
	for program in $(missing); do
		if contains "$downloaded_programs" "$program"; then
			download || true
			break
		fi
	done
	build
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

# Takes over every program of the archive, those too that this call does not want: they cost
# nothing more. The archives exist for some patch releases only, so any patch release of the
# same minor version will do.
download() {
	series=${version%.*}.x
	envtest=$work/setup-envtest
	if ! (cd "$here/../tools" && GOWORK=off CGO_ENABLED=0 "$go" build -trimpath -o "$envtest" \
		sigs.k8s.io/controller-runtime/tools/setup-envtest) >&2; then
		say "setup-envtest does not build, so the programs are built"
		return 1
	fi
	if ! within "$index_seconds" "$envtest" list --bin-dir "$work/envtest" "$series" \
		>"$work/index" 2>"$envtest.log" || ! grep -q available "$work/index"; then
		say "setup-envtest's index is unreachable or has no Kubernetes $series," \
			"so the programs are built"
		return 1
	fi
	say "downloading Kubernetes $series with setup-envtest"
	if ! within "$download_seconds" "$envtest" use --bin-dir "$work/envtest" --print path \
		"$series" >"$work/path" 2>"$envtest.log"; then
		say "setup-envtest's download failed or took more than $download_seconds s," \
			"so the programs are built"
		return 1
	fi
	downloaded=$(cat "$work/path")
	for program in $downloaded_programs; do
		if [ -x "$downloaded/$program" ] && ! is_provided "$program"; then
			mv "$downloaded/$program" "$work/programs/$program"
			keep "$program"
		fi
	done
}

package_of() {
	case $1 in
	etcd) echo go.etcd.io/etcd/server/v3 ;;
	*) echo "k8s.io/kubernetes/cmd/$1" ;;
	esac
}

# What the release builds of Kubernetes stamp: without it the programs call themselves
# v0.0.0-master.
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
	to_build=$(missing)
	[ -n "$to_build" ] || return 0
	say "building ${to_build% } for Kubernetes v$version, once$(usual_time)"
	for program in $to_build; do
		say "building $program"
		(cd "$here" && GOWORK=off CGO_ENABLED=0 GOOS='' GOARCH='' "$go" build -trimpath \
			-ldflags "-s -w$(version_flags)" \
			-o "$work/programs/$program" "$(package_of "$program")") >&2
		keep "$program"
	done
}

# Measured for all programs together, with empty caches.
usual_time() {
	if [ "${to_build% }" = "$every_program" ]; then
		printf ': that usually takes about 5 minutes on 2 cores'
	fi
}

main "$@"
