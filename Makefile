# Each target does its own set-up; see scripts/ensure-engine.sh.

# rustup may have been installed by ensure-rust.sh a moment ago.
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: help demo test bench build fmt lint

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 14

demo: ## Start a database and an application, and ask the application
	@scripts/ensure-engine.sh
	@$(MAKE) --no-print-directory build
	@scripts/demo.sh

# The same generated cases in every run. To look for others: PROPTEST_CASES=300 cargo test schema::
test: export PROPTEST_RNG_SEED ?= 20261121
test: ## Check formatting and lints, and run all tests on real engines
	@scripts/ensure-rust.sh
	@scripts/ensure-engine.sh --podman --tests
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo test

bench: ## Measure poststack beside Docker Compose, the bare engine and other tools
	@scripts/ensure-engine.sh --tests
	@$(MAKE) --no-print-directory build
	@scripts/bench.sh

build: ## Build target/release/poststack
	@scripts/ensure-rust.sh
	cargo build --release

fmt: ## Format the code
	cargo fmt

lint: ## Check formatting and lints
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
