# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Everything works from a fresh clone with Go, make, git and a POSIX shell. What else is
# needed is built from Go modules whose versions hack/*/go.mod pin, into bin/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# A recipe that fails half way must not leave a target that looks made.
.DELETE_ON_ERROR:

GO ?= go
CONTAINER_TOOL ?= docker
KUBECTL ?= kubectl

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
IMG ?= ghcr.io/synqly/ticketing-operator:$(VERSION)
SIMULATOR_IMG ?= ghcr.io/synqly/ticketing-operator-simulator:$(VERSION)
PLATFORMS ?= linux/amd64,linux/arm64

# Which packages `make test` and `make microbench` look at, and what else go test is told.
PACKAGES ?= ./...
TESTFLAGS ?=
FUZZTIME ?= 10s
# DEMO=once ends the demo after it has shown everything.
DEMO ?=
# The flags of the manager in `make run`, such as --allow-insecure-http and
# --allowed-api-cidrs=127.0.0.0/8 for the simulator.
ARGS ?=

# Git is not asked for the version a second time: it refuses folders of another owner, which
# is what a container mostly sees.
GO_BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false
LDFLAGS = -s -w -X main.version=$(VERSION)
# The race detector needs a C compiler; without one the tests run without it.
RACE = $(shell test "$$($(GO) env CGO_ENABLED)" = 1 && \
	command -v "$$($(GO) env CC)" >/dev/null 2>&1 && echo -race)

CONTROL_PLANE = GO='$(GO)' hack/control-plane/control-plane.sh
# The version of Kubernetes in `make demo`, such as 1.30, where it is not the one that
# hack/control-plane/go.mod pins. It is downloaded.
KUBERNETES_VERSION ?=
# The tests of cmd/manager run them.
ALERTMANAGER_PROGRAMS = bin/tools/alertmanager bin/tools/amtool
PROMETHEUS_PROGRAMS = bin/tools/prometheus bin/tools/promtool
# The tests of hack/chart and hack/quickstart run them.
CHART_PROGRAMS = bin/tools/helm bin/tools/kustomize
# The schema that hack/bundle's test checks the bundle with: OLM's own, out of a Go module.
OLM_API ?= github.com/operator-framework/api@v0.9.1
OLM_SCHEMA = bin/schemas/clusterserviceversions.yaml
# Shows a line for each package, then the whole output of what failed, and last the counts.
GOTESTSUM = bin/tools/gotestsum --format pkgname --hide-summary skipped --raw-command --

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*## "; printf "Usage: make <target>\n"} \
		/^[a-zA-Z0-9_-]+:.*## / {printf "  %-23s %s\n", $$1, $$2} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)}' $(firstword $(MAKEFILE_LIST))

.PHONY: clean
clean: ## Remove what was built, except for the tools and the control plane, which take minutes.
	rm -rf bin/manager bin/synqly-simulator bin/kubectl-ticketing bin/bench dist cover.out

.PHONY: clean-all
clean-all: clean ## Remove everything that was built.
	rm -rf bin

##@ Development

ifeq ($(KUBERNETES_VERSION),)
DEMO_PROGRAMS = $(CONTROL_PLANE) etcd kube-apiserver
else
DEMO_PROGRAMS = bin/tools/setup-envtest use --bin-dir bin/envtest --print path '$(KUBERNETES_VERSION).x'
demo: bin/tools/setup-envtest
endif

.PHONY: demo
demo: build bin/tools/kustomize
demo: ## Show the operator at work: no cluster is needed. DEMO=once exits at the end.
	@assets=$$($(DEMO_PROGRAMS)) && $(GO_BUILD) -o bin/demo ./hack/demo && \
		exec bin/demo --programs "$$assets" $(if $(filter once,$(DEMO)),--once)

.PHONY: generate
generate: bin/tools/controller-gen bin/tools/helm-docs bin/tools/crd-ref-docs
generate: ## Generate deepcopy functions, CRDs, roles, files of the chart, and the reference.
	GO='$(GO)' hack/generate.sh .

.PHONY: manifests
manifests: generate ## The same as generate.

.PHONY: fmt
fmt: ## Format the Go code.
	$(GO) fmt ./...

.PHONY: vet
vet: ## Run go vet.
	$(GO) vet ./...

.PHONY: lint
lint: bin/tools/golangci-lint ## Run golangci-lint.
	bin/tools/golangci-lint run

.PHONY: verify
verify: bin/tools/controller-gen bin/tools/helm-docs bin/tools/crd-ref-docs bin/tools/kustomize
verify: ## Fail when generated files, go.mod files, formatting or license headers are out of date.
	GO='$(GO)' hack/verify.sh

# The database of known vulnerabilities: a newer one is taken like a newer dependency.
VULNDB ?= golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018

.PHONY: vulncheck
vulncheck: bin/tools/govulncheck ## Look for known vulnerabilities in the programs.
	GO='$(GO)' hack/vulncheck.sh $(VULNDB)

.PHONY: licenses
licenses: ## Fail when a program contains a module whose license is not allowed.
	$(GO) run ./hack/licenses ./cmd/...

.PHONY: lint-workflows
lint-workflows: bin/tools/actionlint ## Check the GitHub workflows, their scripts too where there is a shellcheck.
	bin/tools/actionlint

##@ Tests

GO_TEST = $(GO) test -json -count=1 -timeout=40m $(TESTFLAGS)
# The fault suite has too many cases for the race detector, under which it takes a part of
# them. So where that is on, and everything is tested, the suite runs once more without it:
# beside the suites that wait for real processes, in the time that these leave. Its own time
# is virtual, so it can do with less of the machine, and for longer.
FAULT_SUITE = ./internal/faultsuite
ifeq ($(PACKAGES),./...)
TESTS = $(if $(RACE),hack/race-tests.sh $(FAULT_SUITE) $(GO_TEST),$(GO_TEST) ./...)
else
TESTS = $(GO_TEST) $(RACE) $(PACKAGES)
endif

.PHONY: test
test: bin/tools/gotestsum $(ALERTMANAGER_PROGRAMS) $(PROMETHEUS_PROGRAMS) $(CHART_PROGRAMS) $(OLM_SCHEMA)
test: ## Run every test, against a real etcd, kube-apiserver, Alertmanager, Prometheus and Helm.
	@$(if $(RACE),,echo "There is no C compiler, so the tests run without the race detector." >&2;) \
	assets=$$($(CONTROL_PLANE)) && \
		KUBEBUILDER_ASSETS="$$assets" $(GOTESTSUM) $(TESTS)

.PHONY: test-unit
test-unit: bin/tools/gotestsum $(OLM_SCHEMA) ## Run the tests of the packages that need no control plane.
	@packages=$$(GO='$(GO)' hack/unit-packages.sh) && \
		$(GOTESTSUM) $(GO) test -json $(RACE) $(TESTFLAGS) $$packages

.PHONY: mutants
mutants: ## Try the fault suite: break the protocol in one way after the other; each must be caught.
	$(GO) run ./hack/mutants

# How many tickets `make bench` creates, and what else it is told: --profile, for example.
BENCH_TICKETS ?= 2000
BENCH_ARGS ?=

.PHONY: bench
bench: build ## Measure the operator with BENCH_TICKETS (default 2000); docs/performance.md tells more.
	@assets=$$($(CONTROL_PLANE) etcd kube-apiserver) && $(GO_BUILD) -o bin/bench ./hack/bench && \
		exec bin/bench --programs "$$assets" --tickets=$(BENCH_TICKETS) $(BENCH_ARGS)

.PHONY: microbench
microbench: ## Run the Go benchmarks of the packages.
	@assets=$$($(CONTROL_PLANE) etcd kube-apiserver) && KUBEBUILDER_ASSETS="$$assets" \
		$(GO) test -run='^$$' -bench=. -benchmem $(TESTFLAGS) $(PACKAGES)

.PHONY: fuzz
fuzz: ## Run each fuzz test for FUZZTIME (default 10s).
	GO='$(GO)' hack/fuzz.sh $(FUZZTIME)

.PHONY: control-plane
control-plane: ## Print the folder of the programs of a control plane, and provide them before.
	@$(CONTROL_PLANE)

##@ Build

.PHONY: build
build: ## Build bin/manager, bin/synqly-simulator and bin/kubectl-ticketing.
	$(GO_BUILD) -ldflags '$(LDFLAGS)' -o bin/manager ./cmd/manager
	$(GO_BUILD) -ldflags '$(LDFLAGS)' -o bin/synqly-simulator ./cmd/synqly-simulator
	$(GO_BUILD) -ldflags '$(LDFLAGS)' -o bin/kubectl-ticketing ./cmd/kubectl-ticketing

.PHONY: docker-build
docker-build: ## Build the image IMG with the operator.
	$(CONTAINER_TOOL) build --target manager --build-arg VERSION=$(VERSION) --tag $(IMG) .

.PHONY: docker-buildx
docker-buildx: ## Build IMG for PLATFORMS and push it.
	$(CONTAINER_TOOL) buildx build --target manager --platform $(PLATFORMS) \
		--build-arg VERSION=$(VERSION) --tag $(IMG) --push .

.PHONY: docker-buildx-simulator
docker-buildx-simulator: ## Build SIMULATOR_IMG, the simulator, for PLATFORMS and push it.
	$(CONTAINER_TOOL) buildx build --target synqly-simulator --platform $(PLATFORMS) \
		--build-arg VERSION=$(VERSION) --tag $(SIMULATOR_IMG) --push .

.PHONY: build-installer
build-installer: bin/tools/kustomize
build-installer: ## Write dist/install.yaml (CRDs, and the operator from the image IMG) and dist/crds.yaml.
	@mkdir -p dist
	hack/render.sh config/default $(IMG) >dist/install.yaml
	hack/render.sh config/crd $(IMG) >dist/crds.yaml

.PHONY: bundle
bundle: ## Write dist/bundle, for the Operator Lifecycle Manager, with the image IMG.
	rm -rf dist/bundle
	$(GO) run ./hack/bundle $(VERSION) $(IMG) dist/bundle

##@ Release (docs/releases.md)

# Built when no other is named, which takes long: the workflows take the published program of the
# same version.
GORELEASER ?= bin/tools/goreleaser
RELEASE_ARGS ?=
# With the other tools that it runs.
RUN_GORELEASER = PATH="$(CURDIR)/bin/tools:$$PATH" $(GORELEASER)

.PHONY: notices
notices: ## Write the licenses of what each program contains to dist/notices.
	for program in manager synqly-simulator kubectl-ticketing; do \
		$(GO) run ./hack/licenses -notices "dist/notices/$$program" "./cmd/$$program" || exit 1; \
	done

.PHONY: release-snapshot
release-snapshot: $(filter bin/tools/goreleaser,$(GORELEASER)) bin/tools/cyclonedx-gomod build-installer
release-snapshot: ## Write the files of a release to dist/, unsigned and without images.
	$(RUN_GORELEASER) release --clean --snapshot --skip=sign $(RELEASE_ARGS)

.PHONY: release
release: $(filter bin/tools/goreleaser,$(GORELEASER)) bin/tools/cyclonedx-gomod
release: ## The step of the release workflow that makes, signs and uploads the files.
	$(RUN_GORELEASER) release --clean $(RELEASE_ARGS)

##@ Cluster (the one that the current kubeconfig names)

.PHONY: run
run: ## Run the operator on this machine, with the flags ARGS.
	$(GO) run ./cmd/manager --leader-elect=false $(ARGS)

.PHONY: install
install: bin/tools/kustomize ## Install the CRDs.
	bin/tools/kustomize build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: bin/tools/kustomize
uninstall: ## Remove the CRDs and their objects. The operator has to run, to settle the remote side.
	bin/tools/kustomize build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: bin/tools/kustomize ## Install the CRDs and the operator from the image IMG.
	hack/render.sh config/default $(IMG) | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: bin/tools/kustomize
undeploy: ## Remove the operator and its namespace. The CRDs, and the objects of other namespaces, stay.
	hack/render.sh config/operator $(IMG) | $(KUBECTL) delete --ignore-not-found -f -

# Tools. Each is built once, and again when the versions in its go.mod change.

TOOLS_GO_MOD = hack/tools/go.mod hack/tools/go.sum
RELEASE_GO_MOD = hack/release/go.mod hack/release/go.sum
HELM_GO_MOD = hack/helm/go.mod hack/helm/go.sum
LINT_GO_MOD = hack/tools/golangci-lint/go.mod hack/tools/golangci-lint/go.sum
# Built under another name first, so that an interrupted build leaves nothing that looks made.
build_tool = cd $(1) && GOWORK=off $(GO_BUILD) -ldflags '-s -w' -o '$(CURDIR)/$@.new' $(2) && \
	mv -f '$(CURDIR)/$@.new' '$(CURDIR)/$@'

bin/tools/controller-gen: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,sigs.k8s.io/controller-tools/cmd/controller-gen)

bin/tools/kustomize: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,sigs.k8s.io/kustomize/kustomize/v5)

bin/tools/setup-envtest: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,sigs.k8s.io/controller-runtime/tools/setup-envtest)

bin/tools/ginkgo: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,github.com/onsi/ginkgo/v2/ginkgo)

bin/tools/gotestsum: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,gotest.tools/gotestsum)

bin/tools/govulncheck: $(TOOLS_GO_MOD)
	$(call build_tool,hack/tools,golang.org/x/vuln/cmd/govulncheck)

bin/tools/actionlint: $(RELEASE_GO_MOD)
	$(call build_tool,hack/release,github.com/rhysd/actionlint/cmd/actionlint)

bin/tools/cyclonedx-gomod: $(RELEASE_GO_MOD)
	$(call build_tool,hack/release,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

bin/tools/goreleaser: hack/goreleaser/go.mod hack/goreleaser/go.sum
	$(call build_tool,hack/goreleaser,github.com/goreleaser/goreleaser/v2)

bin/tools/helm: $(HELM_GO_MOD)
	$(call build_tool,hack/helm,helm.sh/helm/v3/cmd/helm)

bin/tools/crd-ref-docs: hack/reference/go.mod hack/reference/go.sum
	$(call build_tool,hack/reference,github.com/elastic/crd-ref-docs)

bin/tools/helm-docs: $(HELM_GO_MOD)
	$(call build_tool,hack/helm,github.com/norwoodj/helm-docs/cmd/helm-docs)

$(ALERTMANAGER_PROGRAMS): hack/alertmanager/build.sh hack/alertmanager/go.mod hack/alertmanager/go.sum
	@mkdir -p bin/tools
	@GO='$(GO)' hack/alertmanager/build.sh $(@F) '$(CURDIR)/$@'

$(PROMETHEUS_PROGRAMS): hack/prometheus/build.sh hack/prometheus/go.mod hack/prometheus/go.sum
	@mkdir -p bin/tools
	@GO='$(GO)' hack/prometheus/build.sh $(@F) '$(CURDIR)/$@'

$(OLM_SCHEMA): Makefile
	@mkdir -p $(@D)
	@folder=$$($(GO) mod download -json $(OLM_API) | sed -n 's/^.*"Dir": "\(.*\)",*$$/\1/p') && \
		cp "$$folder/crds/operators.coreos.com_clusterserviceversions.yaml" $@.new && \
		chmod 644 $@.new && mv -f $@.new $@

bin/tools/golangci-lint: $(LINT_GO_MOD)
	$(call build_tool,hack/tools/golangci-lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)

.PHONY: tools
tools: bin/tools/controller-gen bin/tools/kustomize bin/tools/setup-envtest bin/tools/ginkgo \
	bin/tools/gotestsum bin/tools/govulncheck bin/tools/golangci-lint bin/tools/helm bin/tools/helm-docs bin/tools/crd-ref-docs \
	$(ALERTMANAGER_PROGRAMS) $(PROMETHEUS_PROGRAMS)
tools: ## Build every tool into bin/tools.
