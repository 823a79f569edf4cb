#!/usr/bin/env bash
# Builds the wheel of this machine, installs it in a virtual environment and runs its tests: recorded networks and random ones byte for
# byte, LiteRT's Interpreter beside ours call by call, the examples of docs/python.md and the notebook.
#
#   tools/test-python.sh [ARGUMENT of pytest]...
#
# It needs Python 3.10 or later and pip. Recorded networks are where the models are (OTTAVA_MODELS, else ../shared/models);
# OTTAVA_REQUIRE_MODELS=1 makes their absence a failure. Where LiteRT cannot be installed, what compares with it is left out aloud.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

models=${OTTAVA_MODELS:-../shared/models}
if [ -d "$models" ]; then
    OTTAVA_MODELS=$(cd "$models" && pwd)
    export OTTAVA_MODELS
elif [ "${OTTAVA_REQUIRE_MODELS-}" != 1 ]; then
    echo "SKIPPED: all that runs recorded networks (no folder $models)"
fi

folder=${CARGO_TARGET_DIR:-$PWD/target}/bindings
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
cargo fmt --manifest-path bindings/python/Cargo.toml --check
CARGO_TARGET_DIR=$folder cargo clippy --quiet --locked --manifest-path bindings/python/Cargo.toml -- -D warnings
tools/build-wheels.sh --native "$wheels"
echo "--- built after $SECONDS s: $(stat -c %s "$wheels"/*.whl) bytes"

venv=$folder/python-tests requirements=bindings/python/tests/requirements.txt
python=python3.11
"$python" -c 'import ensurepip' 2>/dev/null || python=python3
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    "$python" -m venv --clear "$venv"
    if "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"; then
        cp "$requirements" "$venv/installed.txt"
    else
        # The next run tries again.
        echo 'SKIPPED: what compares with LiteRT, which could not be installed'
        grep -v ai-edge-litert "$requirements" | "$venv/bin/pip" install --quiet --disable-pip-version-check -r /dev/stdin
    fi
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheels"/*.whl
echo "--- installed after $SECONDS s"
# With what is left out, and why.
"$venv/bin/python" -m pytest --quiet -rs bindings/python/tests "$@"
