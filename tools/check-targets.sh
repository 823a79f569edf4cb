#!/usr/bin/env bash
# `cargo check` for targets that nothing here can run: Android and Apple on 64-bit ARM, and CPUs that get the portable
# kernels (32-bit ARM, RISC-V, WebAssembly; tools/test-i686.sh runs those on 32-bit x86). Of a target without an operating system
# the two crates that need none are checked, without their feature `std`. Warnings are failures.
#
#   tools/check-targets.sh                      every target whose standard library can be had; the others are named
#   tools/check-targets.sh TARGET...            these
#
# The library of a target is the one that a compiler on this machine has (rustup's or Debian's). Else it is checked from
# its source, by the first compiler that comes with one: `rustup component add rust-src` for the default or the nightly
# toolchain, or Debian's rust-web-src (tools/install-packages.sh library). Which it was is said.
# OTTAVA_REQUIRE_TARGETS=1 makes a skip a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/compilers.sh

readonly libraries=(-p ottava-kernels -p ottava-ref -p ottava)
readonly command=(-p ottava-models -p ottava-cli)
readonly without_system=(-p ottava-kernels -p ottava-ref --no-default-features)
# Of those with an operating system, the families that the command differs between check it as well.
readonly all_targets=(
    aarch64-linux-android
    aarch64-apple-darwin
    armv7-unknown-linux-gnueabihf
    riscv64gc-unknown-linux-gnu
    wasm32-wasip1
    wasm32-unknown-unknown
    thumbv7em-none-eabihf
)

[ "$#" -gt 0 ] || set -- "${all_targets[@]}"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/check
# Nothing here is run or debugged.
export CARGO_PROFILE_DEV_DEBUG=0

# ---- Which targets are checked alike: by one compiler, with or without the library's source, the same packages.

declare -A groups=()
failed=() skipped=()
for target in "$@"; do
    if compiler=$(compiler_for "$target"); then
        how=library
    elif compiler=$(compiler_with_source); then
        how=source
    else
        echo "SKIPPED: $target: no compiler here has its library, nor the library's source"
        skipped+=("$target")
        continue
    fi
    case "$target" in
        *-android | *-apple-*) what=everything ;;
        *-none-*) what=core ;;
        *) what=libraries ;;
    esac
    groups["$compiler $how $what"]+=" $target"
done

# ---- One cargo for each of them, which knows best what can be done at the same time.

# check COMPILER CARGO HOW WHAT TARGET...: prints what is wrong; fails if anything is.
check() {
    local rustc=$1 cargo=$2 how=$3 what=$4 options=() packages=("${libraries[@]}") log code=0
    shift 4
    local built=std,panic_abort
    case "$what" in
        everything) packages+=("${command[@]}") ;;
        core) packages=("${without_system[@]}") built=core,alloc ;;
    esac
    [ "$how" = library ] || options+=("-Zbuild-std=$built")
    log=$(mktemp)
    # Unstable options of a stable compiler; the library itself is built with them in any case.
    RUSTC_BOOTSTRAP=1 RUSTC=$rustc "$cargo" check "${@/#/--target=}" "${options[@]}" "${packages[@]}" >"$log" 2>&1 || code=$?
    if grep -q '^warning' "$log"; then
        code=1
    fi
    if [ "$code" -ne 0 ]; then
        cat "$log"
    else
        echo "checked, with the $how of the standard library, $("$rustc" --version): $*"
    fi
    rm -f "$log"
    return "$code"
}

for group in "${!groups[@]}"; do
    # shellcheck disable=SC2086 # words
    check $group ${groups["$group"]} || failed+=("${groups["$group"]}")
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "FAILED, one of:${failed[*]}" >&2
    exit 1
fi
if [ "${#skipped[@]}" -gt 0 ] && [ "${OTTAVA_REQUIRE_TARGETS-}" = 1 ]; then
    exit 1
fi
