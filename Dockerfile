# The component's image (default target), and the sandbox's: docker build --target sandbox .
# Only instructions that every builder knows; the platform builds this file by itself. `make image` tries it.
#
# Base images are named by tag, so a build takes their fixes. To build from the very same ones again, pin both: replace
# `image:tag` by `image:tag@sha256:…`, with the digest that `docker buildx imagetools inspect image:tag` prints, and let a
# bot (Renovate, Dependabot) move it.

# The manifests of all members, with empty programs and libraries in the place of ours.
# Benches, tests and examples that a manifest names ([[...]]) are not there.
FROM rust:1-slim-trixie AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -path './.cargo/*' ! -name 'Cargo.*' ! -path '*/src/main.rs' ! -path '*/src/lib.rs' -delete \
    && find . -type d -empty -delete \
    && find . -name Cargo.toml -exec sed -i '/^\[\[/,/^$/d' {} + \
    && echo 'fn main() {}' >/tmp/empty.rs \
    && find . -name '*.rs' -exec cp /tmp/empty.rs {} \;

FROM rust:1-slim-trixie AS builder
WORKDIR /src

# Writes the list of the crates into the programs, so that whoever has the image can check it for known vulnerabilities.
RUN cargo install cargo-auditable --version 0.7.7 --locked --root /usr/local

# The dependencies first: this layer stays as long as the manifests do.
COPY --from=manifests /src .
RUN cargo auditable build --release --locked --package podio-component --package podio-sandbox --bins

COPY . .
# The commit, which `podio-component --version` and the metric podio_build_info show.
ARG REVISION=unknown
# Newer than what was built of the empty ones, whatever their age in the checkout.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && PODIO_REVISION="$REVISION" cargo auditable build --release --locked --package podio-component --package podio-sandbox --bins

FROM gcr.io/distroless/cc-debian13:nonroot AS sandbox
COPY --from=builder /src/target/release/podio-sandbox /usr/local/bin/podio-sandbox
ENTRYPOINT ["/usr/local/bin/podio-sandbox"]

FROM gcr.io/distroless/cc-debian13:nonroot AS component
WORKDIR /component
COPY component.json logo.png ./
COPY schemas schemas
COPY --from=builder /src/target/release/podio-component /usr/local/bin/podio-component
# Asks the worker's own /readyz. Without PODIO_HTTP_ADDRESS there is nothing to ask, and the container counts as healthy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["/usr/local/bin/podio-component", "health"]
ENTRYPOINT ["/usr/local/bin/podio-component"]

# Last, so that another commit or time changes no layer before. `make image` sets them.
ARG VERSION=2.0.0
ARG REVISION=unknown
ARG CREATED
ARG SOURCE
LABEL org.opencontainers.image.title="Podio component" \
    org.opencontainers.image.description="A step of an integration flow that calls Podio's API, for platforms of the elastic.io kind" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.created="$CREATED" \
    org.opencontainers.image.source="$SOURCE" \
    org.opencontainers.image.licenses="Apache-2.0"
