# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Each image has one program, which runs without a shell or any library, and the licenses of what
# that program contains. Their base is pinned by its digest, which Renovate keeps current
# (.github/renovate.json). The compiler is pinned by its version; a release adds the digest that
# this version has then, which hack/release/base-images.sh finds.

# The compiler runs on the machine that builds and makes programs for the target: that is
# much faster than to emulate the target.
FROM --platform=$BUILDPLATFORM golang:1.26.11 AS build
WORKDIR /src

# The modules in a layer of their own: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download

COPY LICENSE ./
COPY api api
COPY cmd cmd
COPY internal internal
COPY hack/licenses hack/licenses
# A program of the machine that builds.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /usr/local/bin/licenses ./hack/licenses
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
ENV CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH

FROM build AS build-synqly-simulator
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./cmd/synqly-simulator && \
    licenses -notices /out/licenses/THIRD_PARTY_NOTICES ./cmd/synqly-simulator && \
    cp LICENSE /out/licenses/

FROM build AS build-manager
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./cmd/manager && \
    licenses -notices /out/licenses/THIRD_PARTY_NOTICES ./cmd/manager && \
    cp LICENSE /out/licenses/

FROM gcr.io/distroless/static:nonroot@sha256:e2e927ec666bae08560abb3c55d0659eceabb657f56b6782ab500a9fc7f555e3 AS synqly-simulator
COPY --from=build-synqly-simulator /out/ /
USER 65532:65532
EXPOSE 8085
ENTRYPOINT ["/synqly-simulator"]
# Inside a container the loopback interface would reach nobody.
CMD ["--listen=:8085"]

# The last one, so it is what `docker build` makes when no target is named.
FROM gcr.io/distroless/static:nonroot@sha256:e2e927ec666bae08560abb3c55d0659eceabb657f56b6782ab500a9fc7f555e3 AS manager
COPY --from=build-manager /out/ /
USER 65532:65532
ENTRYPOINT ["/manager"]
