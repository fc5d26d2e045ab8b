# syntax=docker/dockerfile:1

# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# The compiler runs on the machine that builds and makes programs for the target: that is
# much faster than to emulate the target.
FROM --platform=$BUILDPLATFORM golang:1.26.11 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# The modules in a layer of their own: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download

COPY api api
COPY cmd cmd
COPY internal internal
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./cmd/...

FROM gcr.io/distroless/static:nonroot AS synqly-simulator
COPY --from=build /out/synqly-simulator /synqly-simulator
USER 65532:65532
EXPOSE 8085
ENTRYPOINT ["/synqly-simulator"]
# Inside a container the loopback interface would reach nobody.
CMD ["--listen=:8085"]

# The last one, so it is what `docker build` makes when no target is named.
FROM gcr.io/distroless/static:nonroot AS manager
COPY --from=build /out/manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
