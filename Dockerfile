# The component's image (default target), and the sandbox's: docker build --target sandbox .
# Only instructions that every builder knows; the platform builds this file by itself.

FROM rust:1-slim-bookworm AS builder
WORKDIR /src

# The dependencies first, with empty programs in the place of ours: this layer stays as long as the manifests do.
# Benches, tests and examples that a manifest names ([[...]]) are not there yet.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY sandbox/Cargo.toml sandbox/
COPY tests/support/Cargo.toml tests/support/
COPY benches/counted/Cargo.toml benches/counted/
COPY benches/floor/Cargo.toml benches/floor/
COPY benches/harness/Cargo.toml benches/harness/
RUN sed -i '/^\[\[/,/^$/d' Cargo.toml */Cargo.toml */*/Cargo.toml \
    && mkdir src sandbox/src tests/support/src benches/counted/src benches/floor/src benches/harness/src \
    && echo 'fn main() {}' \
        | tee src/main.rs sandbox/src/main.rs benches/counted/src/main.rs benches/floor/src/main.rs benches/harness/src/main.rs \
    && touch src/lib.rs sandbox/src/lib.rs tests/support/src/lib.rs \
    && cargo build --release --locked --package podio-component --package podio-sandbox --bins

COPY . .
# Newer than what was built of the empty ones, whatever their age in the checkout.
RUN find src sandbox/src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --package podio-component --package podio-sandbox --bins

FROM gcr.io/distroless/cc-debian12:nonroot AS sandbox
COPY --from=builder /src/target/release/podio-sandbox /usr/local/bin/podio-sandbox
ENTRYPOINT ["/usr/local/bin/podio-sandbox"]

FROM gcr.io/distroless/cc-debian12:nonroot AS component
WORKDIR /component
COPY component.json logo.png ./
COPY schemas schemas
COPY --from=builder /src/target/release/podio-component /usr/local/bin/podio-component
ENTRYPOINT ["/usr/local/bin/podio-component"]
