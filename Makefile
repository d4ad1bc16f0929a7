.DEFAULT_GOAL := help
.PHONY: help build programs demo demo-stop test canary conformance matrix soak load fuzz bench lint fmt map audit sbom reproducible image book compose-check deploy-check clean-run

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the release binaries, in target/release
	cargo build --release --workspace --locked

# With the features that `cargo test --workspace` selects, so that whichever comes second compiles few libraries again.
programs: ## component, sandbox, second component and demo in target/debug, as the tests build them
	cargo build --locked --workspace --bin podio-component --bin podio-sandbox --bin echo-component --example demo

demo: ## real messages through a real broker, each explained (KEEP=1 leaves it running, WIDE=1 shows whole texts, JSON=1 prints lines of JSON, BROKER=4: on RabbitMQ 4)
	scripts/demo

demo-stop: ## stop what `make demo KEEP=1` left running
	scripts/demo stop

test: ## all tests, against a real broker that is started if need be (BROKER=4: RabbitMQ 4)
	scripts/test

conformance: ## only the recorded scenarios of the platform's contract (BROKER=4: on RabbitMQ 4)
	scripts/test --test conformance

canary: ## only the search for secrets: what is seen where, after every flow and failure
	scripts/test --test canary

fuzz: ## new inputs for one of the fuzz targets (TARGET=json SECONDS=60; no TARGET lists them)
	scripts/fuzz $(TARGET) $(SECONDS)

soak: ## messages through random faults, counted and plotted (MINUTES=20, ROUNDS=3, SEED=, SAVE=folder, BROKER=4: on RabbitMQ 4)
	scripts/soak

load: ## a million messages through workers that are killed and added, counted; takes long
	scripts/bench load

matrix: ## only the fault matrix: every fault at every point of a message's way, as a table (BROKER=4: on RabbitMQ 4)
	scripts/test --test matrix

bench: ## the worker beside a bare loop and the Node.js runtime (ONLY="compare scaling large fleet load instructions micro", SAVE=folder)
	scripts/bench $(ONLY)

lint: ## formatting, clippy, documentation
	scripts/lint

fmt: ## format the code
	cargo fmt --all

map: ## the crates and modules, what each uses, and the longest file
	@cargo test --quiet --test structure -- --nocapture --test-threads 1

audit: ## licences, duplicates, sources and known vulnerabilities of the dependencies
	scripts/audit

sbom: ## the component's bill of materials (CycloneDX), in target/sbom
	scripts/sbom

reproducible: ## two builds of the last commit in two folders, which must be the same program
	scripts/reproducible

image: ## the component's image, built and run (Docker, or buildah where no engine answers)
	scripts/image

book: ## the documents as a book, in target/book, with its links checked
	scripts/book

compose-check: ## docker-compose.yml without containers: its services as processes, messages through them, the dashboard's queries
	scripts/compose-check

deploy-check: ## the files in deploy/: Kubernetes objects, alerts, dashboard, by schemas and tests
	scripts/deploy-check

clean-run: ## stop the demo and the brokers started from this folder, and remove what they wrote
	scripts/demo stop && scripts/broker stop && rm -rf .run
