#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Shows the operator in a cluster, without an account of Synqly: installs it by its Helm chart,
# together with the simulator of the Synqly API, creates a ticket with a comment, waits until both
# are Ready, and says what to look at next.
#
#	quickstart.sh                  in the cluster of the current kubeconfig, from the images IMG and
#	                               SIMULATOR_IMG, which the cluster has to be able to pull
#	quickstart.sh kind             in a new cluster of kind, from images that are built here; it
#	                               becomes the current context
#	quickstart.sh uninstall        removes all of it from the cluster of the current kubeconfig
#	quickstart.sh uninstall kind   removes the cluster of kind
#
# It needs kubectl and helm; for kind, also kind and docker. TIMEOUT is how long each wait may take,
# for the Pods, the ticket, or a deletion (default: 180s).
set -eu

cd "$(dirname "$0")/.."
simulator_image=ghcr.io/synqly/ticketing-operator-simulator:latest
kind_cluster=synqly-quickstart
operator_namespace=synqly-ticketing-system
release=synqly-ticketing-operator # The Deployment then has the same name.
sample_namespace=synqly-quickstart
label=ticketing.synqly.com/quickstart=true
timeout=${TIMEOUT:-180s}

main() {
	case "$*" in
	"") install ;;
	kind) install_in_kind ;;
	uninstall) uninstall ;;
	"uninstall kind") uninstall_kind ;;
	help | -h | --help) usage ;;
	*)
		usage >&2
		exit 2
		;;
	esac
}

usage() {
	cat <<END
usage: hack/quickstart.sh [kind | uninstall | uninstall kind]

  hack/quickstart.sh                  installs the operator, the simulator and a ticket in the cluster
                                      of the current kubeconfig, from the images IMG and SIMULATOR_IMG
  hack/quickstart.sh kind             in a new cluster of kind, from images that are built here
  hack/quickstart.sh uninstall        removes all of it from the cluster of the current kubeconfig
  hack/quickstart.sh uninstall kind   removes the cluster of kind

Environment:
  IMG, SIMULATOR_IMG   images of the operator and of the simulator that the cluster can pull
  TIMEOUT              how long each wait may take (now: $timeout)
END
}

say() {
	echo "quickstart: $*"
}

fail() {
	echo "quickstart: $*" >&2
	exit 1
}

# need names all programs that are missing, not the first alone.
need() {
	missing=
	for program; do
		if ! command -v "$program" >/dev/null 2>&1; then
			echo "quickstart: $program is not installed, or not in PATH: see $(home_page "$program")" >&2
			missing=true
		fi
	done
	[ -z "$missing" ] || exit 1
}

home_page() {
	case $1 in
	kubectl) echo https://kubernetes.io/docs/tasks/tools/ ;;
	helm) echo https://helm.sh/docs/intro/install/ ;;
	kind) echo https://kind.sigs.k8s.io/docs/user/quick-start/ ;;
	docker) echo https://docs.docker.com/engine/install/ ;;
	esac
}

need_cluster() {
	kubectl get --raw /version --request-timeout=15s >/dev/null ||
		fail "kubectl reaches no cluster: set KUBECONFIG or the current context$1"
	leave_other_operator_alone "$2"
}

leave_other_operator_alone() {
	# An operator that is there already, with real tickets, is left alone.
	for object in customresourcedefinition/tickets.ticketing.synqly.com "namespace/$operator_namespace"; do
		found=$(kubectl get "$object" --ignore-not-found --output="jsonpath={.metadata.name} {.metadata.labels.ticketing\.synqly\.com/quickstart}")
		case $found in
		"" | *" true") ;;
		*) fail "the operator is installed in this cluster, and not by this script ($object exists): $1" ;;
		esac
	done
}

install() {
	need kubectl helm
	need_cluster ", or run: hack/quickstart.sh kind" "use another cluster"
	if [ -z "${IMG:-}" ] || [ -z "${SIMULATOR_IMG:-}" ]; then
		fail "set IMG and SIMULATOR_IMG to images of the operator and of the simulator that the cluster can pull" \
			"(make docker-buildx docker-buildx-simulator builds them), or run: hack/quickstart.sh kind"
	fi
	say "installing into the cluster of the context $(kubectl config current-context)"
	install_operator_and_simulator
	create_sample
	say_what_is_next "hack/quickstart.sh uninstall"
}

install_in_kind() {
	need kind kubectl helm docker
	if kind get clusters 2>/dev/null | grep -qx "$kind_cluster"; then
		say "using the cluster $kind_cluster, which is there already"
		kind export kubeconfig --name "$kind_cluster"
	else
		say "making the cluster $kind_cluster"
		kind create cluster --name "$kind_cluster" --wait "$timeout"
	fi
	IMG=$kind_cluster/operator:local
	SIMULATOR_IMG=$kind_cluster/simulator:local
	say "building the images"
	docker build --target manager --tag "$IMG" .
	docker build --target synqly-simulator --tag "$SIMULATOR_IMG" .
	kind load docker-image --name "$kind_cluster" "$IMG" "$SIMULATOR_IMG"
	need_cluster "" "run: hack/quickstart.sh uninstall kind"
	install_operator_and_simulator
	create_sample
	say_what_is_next "hack/quickstart.sh uninstall kind"
}

install_operator_and_simulator() {
	say "installing the simulator"
	kubectl kustomize config/quickstart | sed "s|image: $simulator_image\$|image: $SIMULATOR_IMG|" |
		kubectl apply --server-side --filename=- >/dev/null
	say "installing the CRDs and the operator by the Helm chart"
	# Its notes are for those who have an account.
	image_values "$IMG" | helm upgrade "$release" charts/synqly-ticketing-operator --install \
		--namespace="$operator_namespace" --values=config/quickstart/values.yaml --values=- >/dev/null
	kubectl wait --for=condition=Established customresourcedefinitions --selector="$label" --timeout="$timeout" >/dev/null
	for deployment in synqly-simulator/synqly-simulator "$operator_namespace/$release"; do
		kubectl rollout status "deployment/${deployment#*/}" --namespace="${deployment%/*}" --timeout="$timeout" || {
			kubectl get pods --namespace="${deployment%/*}" --output=wide >&2 || true
			fail "the Pods of ${deployment#*/} are not ready: kubectl describe pods --namespace=${deployment%/*} tells why"
		}
	done
}

# image_values prints the values of the chart for an image, such as registry:5000/name:tag or
# name@sha256:….
image_values() {
	repository=$1 tag='' digest=''
	case $1 in
	*@*) repository=${1%%@*} digest=${1#*@} ;;
	*)
		# A colon before the last slash belongs to the port of the registry.
		case ${1##*/} in
		*:*) repository=${1%:*} tag=${1##*:} ;;
		esac
		;;
	esac
	printf 'image: {repository: "%s", tag: "%s", digest: "%s"}\n' "$repository" "$tag" "$digest"
}

create_sample() {
	say "creating a ticket with a comment in the namespace $sample_namespace"
	kubectl apply --server-side --kustomize config/quickstart/sample >/dev/null
	kubectl wait --for=condition=Ready --namespace="$sample_namespace" --timeout="$timeout" \
		integration/default ticket/checkout-latency ticketcomment/checkout-latency-started || {
		kubectl get ticketing --namespace="$sample_namespace" --output=wide >&2 || true
		fail "not everything is Ready. These tell why, the second one where an object has no state yet:
  kubectl describe ticketing --namespace=$sample_namespace
  kubectl logs deployment/$release --namespace=$operator_namespace"
	}
	echo
	kubectl get ticketing --namespace="$sample_namespace" --output=wide
}

say_what_is_next() {
	cat <<END

The ticket exists. What to look at next:

  The ticket as the simulated ticketing system has it, at http://localhost:8085:
    kubectl port-forward --namespace=synqly-simulator service/synqly-simulator 8085
  While that runs, a person starts to work on it; some 10 seconds later the status of the Ticket shows it:
    curl -X PATCH -H 'Content-Type: application/json' -d '{"status": "In Progress"}' http://localhost:8085/simulator/tickets/$(remote_id)
    kubectl get tickets --namespace=$sample_namespace --watch
  Change it, or add to it:
    kubectl edit ticket checkout-latency --namespace=$sample_namespace
    kubectl explain ticketcomment.spec
  What the operator does:
    kubectl logs deployment/$release --namespace=$operator_namespace --follow
  With an account of Synqly: docs/integration.md. Alerts that open tickets: docs/alerts.md.

Remove all of it:
    $1
END
}

remote_id() {
	kubectl get ticket checkout-latency --namespace="$sample_namespace" --output=jsonpath='{.status.id}'
}

# The operator goes last: it removes the finalizers of the objects.
uninstall() {
	need kubectl helm
	need_cluster "" "nothing is removed; docs/operations.md#uninstall tells how to uninstall it"
	say "removing the sample, the CRDs with all objects, the operator and the simulator"
	if [ -n "$(kubectl get namespace "$sample_namespace" --ignore-not-found --output=name)" ]; then
		delete_sample
	fi
	delete_crds
	helm uninstall "$release" --namespace="$operator_namespace" --ignore-not-found --timeout="$timeout" >/dev/null ||
		fail "the release $release is not removed: helm status $release --namespace=$operator_namespace tells what is left"
	kubectl delete namespaces --selector="$label" --timeout="$timeout" >/dev/null ||
		fail "these namespaces are not gone yet: kubectl describe namespaces --selector=$label tells what they wait for"
	say "everything is removed"
}

# delete_crds changes what is not gone soon: where the API server could not list the objects of a CRD
# that is new, it tries again when the CRD changes, or minutes later.
delete_crds() {
	kubectl delete customresourcedefinitions --selector="$label" --timeout=15s >/dev/null 2>&1 && return
	kubectl annotate customresourcedefinitions --selector="$label" --overwrite ticketing.synqly.com/quickstart=uninstall >/dev/null || true
	kubectl delete customresourcedefinitions --selector="$label" --timeout="$timeout" >/dev/null ||
		fail "the CRDs are not gone yet. These tell what they wait for, such as objects in other namespaces:
  kubectl get ticketing --all-namespaces
  kubectl describe customresourcedefinitions --selector=$label"
}

# delete_sample deletes the Integration after what uses it: it waits for those.
delete_sample() {
	available=$(kubectl get deployment "$release" --namespace="$operator_namespace" --ignore-not-found --output='jsonpath={.status.availableReplicas}')
	if [ "${available:-0}" -gt 0 ]; then
		delete=delete_and_wait
	else
		say "the operator does not run, so the finalizers are removed here; the tickets of the sample go with the simulator"
		delete=delete_with_finalizers
	fi
	for kind in alertreceivers incidents ticketcomments ticketnotes ticketattachments ticketqueries tickets integrations; do
		if [ -z "$(kubectl get crd "$kind.ticketing.synqly.com" --ignore-not-found --output=name)" ]; then
			continue
		fi
		$delete "$kind"
	done
}

# delete_and_wait lets the operator remove the finalizers. It does not ask the simulator, which may
# not run any more, and goes anyway.
delete_and_wait() {
	{
		kubectl annotate "$1" --all --namespace="$sample_namespace" --overwrite ticketing.synqly.com/orphan=true &&
			kubectl delete "$1" --all --namespace="$sample_namespace" --timeout="$timeout"
	} >/dev/null ||
		fail "the $1 of the sample are not gone. These tell why; then run it again:
  kubectl describe $1 --namespace=$sample_namespace
  kubectl logs deployment/$release --namespace=$operator_namespace"
}

# delete_with_finalizers does not wait for an operator that never comes.
delete_with_finalizers() {
	kubectl delete "$1" --all --namespace="$sample_namespace" --wait=false >/dev/null
	for object in $(kubectl get "$1" --namespace="$sample_namespace" --output=name); do
		kubectl patch "$object" --namespace="$sample_namespace" --type=merge --patch='{"metadata": {"finalizers": null}}' >/dev/null
	done
}

uninstall_kind() {
	need kind
	kind delete cluster --name "$kind_cluster"
}

main "$@"
