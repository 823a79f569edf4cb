#!/usr/bin/env bash
# Runs the model of the parallel region under a model checker: engine/tests/region_model.rs, in every order of its threads'
# steps. A build of its own, since the checker needs a C compiler, which nothing that is built by default does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export RUSTFLAGS="${RUSTFLAGS-} --cfg loom_model"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/model
exec cargo test -p ottava --test region_model
