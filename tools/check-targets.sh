#!/usr/bin/env bash
# `cargo check` for targets that nothing here can run: Android and Apple on 64-bit ARM, and CPUs that get the portable
# kernels (32-bit ARM and x86, RISC-V, WebAssembly). Warnings are failures.
#
#   tools/check-targets.sh                      every target whose standard library can be had; the others are named
#   tools/check-targets.sh TARGET...            these
#   tools/check-targets.sh --install            installs Debian's compiler and source of the library before, as root
#
# The library of a target is the one that a compiler on this machine has (rustup's or Debian's). Else it is checked from
# its source, by the first compiler that comes with one: `rustup component add rust-src` for the default or the nightly
# toolchain, or Debian's rust-web-src. Which it was is said. OTTAVA_REQUIRE_TARGETS=1 makes a skip a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly libraries=(-p ottava-kernels -p ottava-ref -p ottava)
readonly command=(-p ottava-models -p ottava-cli)
# Those with an operating system check the command as well.
readonly all_targets=(
    aarch64-linux-android
    aarch64-apple-darwin
    armv7-unknown-linux-gnueabihf
    i686-unknown-linux-gnu
    riscv64gc-unknown-linux-gnu
    wasm32-wasip1
    wasm32-unknown-unknown
)

targets=()
for argument in "$@"; do
    case "$argument" in
        --install)
            DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
                rustc-web cargo-web rust-web-src >/dev/null
            ;;
        -*)
            echo "usage: $0 [--install] [TARGET]..." >&2
            exit 2
            ;;
        *) targets+=("$argument") ;;
    esac
done
[ "${#targets[@]}" -gt 0 ] || targets=("${all_targets[@]}")

# Pairs of compiler and cargo on this machine, one a line.
compilers() {
    local toolchain
    if command -v rustup >/dev/null; then
        for toolchain in '' nightly; do
            # shellcheck disable=SC2086 # nothing or a toolchain
            if rustup which ${toolchain:+--toolchain $toolchain} rustc >/dev/null 2>&1; then
                echo "$(rustup which ${toolchain:+--toolchain $toolchain} rustc)" \
                    "$(rustup which ${toolchain:+--toolchain $toolchain} cargo)"
            fi
        done
    fi
    if [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ]; then
        echo '/usr/bin/rustc /usr/bin/cargo'
    fi
}

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/check
failed=() skipped=()

# check TARGET: sets `outcome`.
check() {
    local target=$1 rustc cargo root options=() packages=("${libraries[@]}") log code=0 how=
    while read -r rustc cargo; do
        root=$("$rustc" --print sysroot)
        if [ -d "$root/lib/rustlib/$target/lib" ]; then
            how='with its library'
            break
        fi
    done < <(compilers)
    if [ -z "$how" ]; then
        while read -r rustc cargo; do
            root=$("$rustc" --print sysroot)
            if [ -e "$root/lib/rustlib/src/rust/library/std/Cargo.toml" ]; then
                how='with the library checked from its source'
                options=(-Zbuild-std=std,panic_abort)
                break
            fi
        done < <(compilers)
    fi
    if [ -z "$how" ]; then
        echo "SKIPPED: $target: no compiler here has its library, nor the library's source"
        skipped+=("$target")
        return
    fi
    case "$target" in
        wasm32-*) ;;
        *) packages+=("${command[@]}") ;;
    esac
    log=$(mktemp)
    # Unstable options of a stable compiler; the library itself is built with them in any case.
    RUSTC_BOOTSTRAP=1 RUSTC=$rustc "$cargo" check --target "$target" "${options[@]}" "${packages[@]}" >"$log" 2>&1 || code=$?
    if [ "$code" -ne 0 ] || grep -q '^warning' "$log"; then
        cat "$log"
        echo "FAILED: $target, $how, $("$rustc" --version)"
        failed+=("$target")
    else
        echo "checked: $target, $how, $("$rustc" --version)"
    fi
    rm -f "$log"
}

for target in "${targets[@]}"; do
    check "$target"
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "FAILED: ${failed[*]}" >&2
    exit 1
fi
if [ "${#skipped[@]}" -gt 0 ] && [ "${OTTAVA_REQUIRE_TARGETS-}" = 1 ]; then
    exit 1
fi
