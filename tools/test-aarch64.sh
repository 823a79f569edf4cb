#!/usr/bin/env bash
# Runs the tests that concern 64-bit ARM under qemu: every kernel, the recordings of every operator, networks of the whole
# set, the engine's units, damaged files and random networks on both backends, and MobileNet v1 and v2 against the oracle
# where the models are (OTTAVA_MODELS, else ../shared/models).
#
#   tools/test-aarch64.sh             says what is missing on this machine, if anything is
#   tools/test-aarch64.sh --install   installs it (Debian's apt-get, as root)
#
# The compiler is rustup's where it has the aarch64 target, else Debian's rustc-web with its arm64 library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly target=aarch64-unknown-linux-gnu
readonly sysroot=/usr/aarch64-linux-gnu

install=false
case "${1-}" in
    '') ;;
    --install) install=true ;;
    *)
        echo "usage: $0 [--install]" >&2
        exit 2
        ;;
esac

# The Rust library of the target, in the sysroot of a compiler.
has_target() {
    local root
    root=$("$1" --print sysroot 2>/dev/null) && [ -d "$root/lib/rustlib/$target/lib" ]
}

if has_target rustc; then
    rustc=$(command -v rustc) cargo=$(command -v cargo)
else
    rustc=/usr/bin/rustc cargo=/usr/bin/cargo
fi

emulator() {
    command -v qemu-aarch64-static || command -v qemu-aarch64
}

# Names of the Debian packages that this machine lacks, one a line.
missing() {
    if ! has_target "$rustc" || ! [ -x "$cargo" ]; then
        printf '%s\n' rustc-web cargo-web libstd-rust-web-dev:arm64
    fi
    command -v aarch64-linux-gnu-gcc >/dev/null || echo gcc-aarch64-linux-gnu
    [ -e "$sysroot/lib/crt1.o" ] || echo libc6-dev-arm64-cross
    emulator >/dev/null || echo qemu-user-static
}

mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ] && $install; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: --install needs root; missing: ${packages[*]}" >&2
        exit 1
    fi
    echo "installing ${packages[*]}"
    dpkg --add-architecture arm64
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
    mapfile -t packages < <(missing)
fi
if [ "${#packages[@]}" -gt 0 ]; then
    {
        echo "error: this machine cannot build or run for $target. As root, on Debian:"
        echo "  dpkg --add-architecture arm64 && apt-get update && apt-get install ${packages[*]}"
        echo "or $0 --install; in place of rustc-web and its library also: rustup target add $target"
    } >&2
    exit 1
fi

export RUSTC=$rustc
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/aarch64
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# The libraries must come from where the loader comes from: with libc6:arm64 installed the sysroot's loader would take
# that one's libc, perhaps of another version, whose first thread then never starts.
CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$(emulator) -L $sysroot -E LD_LIBRARY_PATH=$sysroot/lib -cpu max"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER
export OTTAVA_REQUIRE_ISA=neon
# Fewer random cases where the count is left to proptest; the ranges are the same.
export PROPTEST_CASES=${PROPTEST_CASES:-64}

run() {
    echo "aarch64: $*"
    "$cargo" test --release --target "$target" "$@"
}

echo "aarch64: $("$rustc" --version), $("$(emulator)" --version | head -n 1)"
run -p ottava-kernels --lib
run -p ottava-ref --lib --tests
run -p ottava-fuzz --lib --tests
run -p ottava --lib --test robustness --test golden_ops
run -p ottava --test random_networks whole_operator_set_agree
run -p ottava --test optimized mobilenet
