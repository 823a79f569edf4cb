#!/usr/bin/env bash
# Runs the suites on a target of 32 bits, natively on an x86-64 CPU: every kernel, the recordings of every operator,
# damaged files, random networks on both backends, and where the models are (OTTAVA_MODELS, else ../shared/models)
# MobileNet v1. It is built with overflow checks, so that a product of sizes that leaves 32 bits ends the test that meets
# it.
#
#   tools/test-i686.sh [TEST...]        of these test programs only, such as ottava_kernels or golden_ops
#
# tools/install-packages.sh i686 installs what this needs; the standard library is built from its source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/compilers.sh

readonly target=i686-unknown-linux-gnu libraries=/usr/i686-linux-gnu/lib

if [ "$(uname -m)" != x86_64 ]; then
    echo "SKIPPED: $target, whose programs this machine does not run ($(uname -m))"
    exit
fi
tools/install-packages.sh --check i686
read -r RUSTC cargo < <(compiler_with_source)
export RUSTC
models=${OTTAVA_MODELS:-../shared/models}
if [ -d "$models" ]; then
    OTTAVA_MODELS=$(cd "$models" && pwd)
    export OTTAVA_MODELS
elif [ "${OTTAVA_REQUIRE_MODELS-}" = 1 ]; then
    echo "error: OTTAVA_REQUIRE_MODELS=1, but there is no folder $models" >&2
    exit 1
fi

# ---- Build.

# Little optimization, so that building is no longer than running.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/i686
export CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER=i686-linux-gnu-gcc
# The loader and the C library of the linker, wherever the machine has another or none.
export CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=-Wl,--dynamic-linker=$libraries/ld-linux.so.2,-rpath=$libraries"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=(golden_ops random_networks damaged_operators robustness refusals resize optimized)
echo "$target: $("$RUSTC" --version)"
# Unstable options of a stable compiler; the library itself is built with them in any case.
build=(env RUSTC_BOOTSTRAP=1 "$cargo" test --no-run --release --target "$target" -Zbuild-std)
{
    "${build[@]}" -p ottava-kernels --lib
    "${build[@]}" -p ottava "${tests[@]/#/--test=}"
} 2>&1 | tee "$log"

# ---- Run.

# run_test NAME [ARGUMENT...]: the test program of that name.
run_test() {
    local program
    program=$(sed -n "s|^ *Executable .* (\(.*/$1-[0-9a-f]*\))$|\1|p" "$log")
    shift
    echo
    echo "=== $program $*"
    "$program" --quiet "$@"
}

[ "$#" -gt 0 ] || set -- ottava_kernels "${tests[@]}"
for test in "$@"; do
    case "$test" in
        optimized) run_test optimized mobilenet_v1 ;;
        *) run_test "$test" ;;
    esac
done
