# The component's image (default target), and the sandbox's: docker build --target sandbox .
# Only instructions that every builder knows; the platform builds this file by itself. `make image` tries it.

# The manifests of all members, with empty programs and libraries in the place of ours.
# Benches, tests and examples that a manifest names ([[...]]) are not there.
FROM rust:1-slim-bookworm AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -path './.cargo/*' ! -name 'Cargo.*' ! -path '*/src/main.rs' ! -path '*/src/lib.rs' -delete \
    && find . -type d -empty -delete \
    && find . -name Cargo.toml -exec sed -i '/^\[\[/,/^$/d' {} + \
    && echo 'fn main() {}' | tee $(find . -name '*.rs')

FROM rust:1-slim-bookworm AS builder
WORKDIR /src

# Writes the list of the crates into the programs, so that whoever has the image can check it for known vulnerabilities.
RUN cargo install cargo-auditable --version 0.7.7 --locked --root /usr/local

# The dependencies first: this layer stays as long as the manifests do.
COPY --from=manifests /src .
RUN cargo auditable build --release --locked --package podio-component --package podio-sandbox --bins

COPY . .
# Newer than what was built of the empty ones, whatever their age in the checkout.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo auditable build --release --locked --package podio-component --package podio-sandbox --bins

FROM gcr.io/distroless/cc-debian12:nonroot AS sandbox
COPY --from=builder /src/target/release/podio-sandbox /usr/local/bin/podio-sandbox
ENTRYPOINT ["/usr/local/bin/podio-sandbox"]

FROM gcr.io/distroless/cc-debian12:nonroot AS component
WORKDIR /component
COPY component.json logo.png ./
COPY schemas schemas
COPY --from=builder /src/target/release/podio-component /usr/local/bin/podio-component
ENTRYPOINT ["/usr/local/bin/podio-component"]
