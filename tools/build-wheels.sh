#!/usr/bin/env bash
# Builds what `pip install ottava` takes: wheels for CPython 3.10 and later, and the source they are made of.
#
#   tools/build-wheels.sh OUT             manylinux2014 wheels for x86-64 and 64-bit ARM, and an sdist
#   tools/build-wheels.sh --native OUT    the wheel of this machine alone, quickly
#
# maturin, and zig, which links for old C libraries, are installed by pip beside what is built. The wheel for ARM needs the
# compiler of `tools/install-packages.sh aarch64`. maturin checks that a wheel keeps to what its name promises.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/compilers.sh

native=false
if [ "${1-}" = --native ]; then
    native=true
    shift
fi
[ "$#" -eq 1 ] || {
    echo "usage: $0 [--native] OUT" >&2
    exit 2
}
mkdir -p "$1"
out=$(cd "$1" && pwd)
folder=${CARGO_TARGET_DIR:-$PWD/target}
# Other bindings are built there too, of the same crates.
export CARGO_TARGET_DIR=$folder/bindings

tools=$folder/bindings/python-tools
if ! cmp -s bindings/python/tools.txt "$tools/installed.txt"; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check -r bindings/python/tools.txt
    cp bindings/python/tools.txt "$tools/installed.txt"
fi
export PATH=$tools/bin:$PATH
cd bindings/python

if $native; then
    maturin build --quiet --locked --release --out "$out"
    exit
fi

# wheel TARGET PROMISE: a small wheel for another machine or an older C library than this one's.
wheel() {
    maturin build --quiet --locked --profile dist --zig --target "$1" --compatibility "$2" --out "$out"
}

maturin sdist --quiet --out "$out"
wheel x86_64-unknown-linux-gnu manylinux2014
(
    read -r RUSTC cargo < <(compiler_for aarch64-unknown-linux-gnu)
    export RUSTC CARGO=$cargo PATH=$(dirname "$cargo"):$PATH
    wheel aarch64-unknown-linux-gnu manylinux2014
)
ls -l "$out"
