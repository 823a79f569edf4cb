#!/usr/bin/env bash
# The Debian packages that the scripts of this folder need, beside Rust and a linker for the machine itself.
#
#   tools/install-packages.sh                    installs those that this machine lacks (apt-get, as root)
#   tools/install-packages.sh NEED...            only for these: aarch64, bindings, counting, i686, library
#   tools/install-packages.sh --check NEED...    installs nothing; fails where some are missing and says which
#
# aarch64 is to build for 64-bit ARM and to run that, bindings to test the C libraries, counting to count what aarch64
# executes, i686 to build for 32-bit x86, library to build the standard library from its source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/compilers.sh

check=false
if [ "${1-}" = --check ]; then
    check=true
    shift
fi
[ "$#" -gt 0 ] || set -- aarch64 bindings counting i686 library

has() {
    command -v "$1" >/dev/null
}

# needed NEED: names of the packages that this machine lacks, one a line.
needed() {
    case "$1" in
        aarch64)
            compiler_for aarch64-unknown-linux-gnu >/dev/null ||
                printf '%s\n' rustc-web cargo-web libstd-rust-web-dev:arm64
            has aarch64-linux-gnu-gcc || echo gcc-aarch64-linux-gnu
            [ -e /usr/aarch64-linux-gnu/lib/crt1.o ] || echo libc6-dev-arm64-cross
            has qemu-aarch64-static || has qemu-aarch64 || echo qemu-user-static
            ;;
        bindings)
            has cc || printf '%s\n' gcc libc6-dev
            has c++ || echo g++
            has clang++ || echo clang
            has readelf || echo binutils
            has cmake || echo cmake
            has make || echo make
            has pkg-config || echo pkg-config
            has valgrind || echo valgrind
            # LiteRT is a package of Python's.
            python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
            # What the crates that tflitec is built with need: the library that reads headers, and one to link with.
            [ -e /usr/include/openssl/ssl.h ] || echo libssl-dev
            compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || echo libclang-dev
            ;;
        counting)
            # Emulators that are linked statically load no plugins.
            has qemu-aarch64 || echo qemu-user
            has cc || printf '%s\n' gcc libc6-dev
            ;;
        i686)
            has i686-linux-gnu-gcc || echo gcc-i686-linux-gnu
            [ -e /usr/i686-linux-gnu/lib/crt1.o ] || echo libc6-dev-i386-cross
            needed library
            ;;
        library) compiler_with_source >/dev/null || printf '%s\n' rustc-web cargo-web rust-web-src ;;
        *)
            echo "usage: $0 [--check] [aarch64|bindings|counting|i686|library]..." >&2
            return 2
            ;;
    esac
}

list=$(for need in "$@"; do needed "$need"; done | sort -u)
if [ -z "$list" ]; then
    exit
fi
mapfile -t packages <<<"$list"
foreign=
if [[ " ${packages[*]} " == *:arm64\ * ]]; then
    foreign='dpkg --add-architecture arm64 && '
fi
if $check || [ "$(id -u)" -ne 0 ]; then
    {
        echo "error: this machine lacks packages for $*. As root, on Debian: tools/install-packages.sh $*, which is"
        echo "  ${foreign}apt-get update && apt-get install ${packages[*]}"
        echo 'In place of rustc-web and its libraries also: rustup target add TARGET, rustup component add rust-src'
    } >&2
    exit 1
fi
echo "installing ${packages[*]}"
[ -z "$foreign" ] || dpkg --add-architecture arm64
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
