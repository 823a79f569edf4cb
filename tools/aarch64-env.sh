# Sourced by the scripts that build for 64-bit ARM and run under qemu: which compiler, which packages are missing, and
# the variables that cargo wants. Debian's names throughout.

readonly target=aarch64-unknown-linux-gnu
readonly sysroot=/usr/aarch64-linux-gnu

# CPU models of qemu with the instruction sets that each has, besides scalar.
declare -rA isas_of=(
    [cortex-a53]=neon [cortex-a57]=neon [cortex-a72]=neon
    [cortex-a76]=neon,dotprod [neoverse-n1]=neon,dotprod
    [max]=neon,dotprod,i8mm
)

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

# prepare INSTALL [PACKAGE...]: fails with what to do where something is missing; installs it where INSTALL is true.
# The packages are those that are missing besides.
prepare() {
    local install=$1 packages
    shift
    mapfile -t packages < <(missing; [ "$#" -eq 0 ] || printf '%s\n' "$@")
    if [ "${#packages[@]}" -eq 0 ]; then
        return
    fi
    if $install && [ "$(id -u)" -eq 0 ]; then
        echo "installing ${packages[*]}"
        dpkg --add-architecture arm64
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
        return
    fi
    {
        echo "error: this machine cannot build or run for $target. As root, on Debian:"
        echo "  dpkg --add-architecture arm64 && apt-get update && apt-get install ${packages[*]}"
        echo "or $0 --install; in place of rustc-web and its library also: rustup target add $target"
    } >&2
    exit 1
}

# cpu_options EMULATOR CPU: the emulator's options. The libraries must come from where the loader comes from: with
# libc6:arm64 installed the sysroot's loader would take that one's libc, perhaps of another version, whose first thread
# then never starts.
cpu_options() {
    echo "-L $sysroot -E LD_LIBRARY_PATH=$sysroot/lib -cpu $1"
}

# check_cpus EMULATOR CPU...: fails for one that the emulator does not know.
check_cpus() {
    local emulator=$1 cpu known
    shift
    known=$("$emulator" -cpu help) || true # it lists them and exits with 1
    for cpu in "$@"; do
        if [ -z "${isas_of[$cpu]-}" ]; then
            echo "error: $cpu is none of the CPU models that this script knows: ${!isas_of[*]}" >&2
            exit 2
        fi
        if ! grep -qw -- "$cpu" <<<"$known"; then
            {
                echo "error: $emulator knows no CPU model $cpu; qemu 7.2 (Debian 12) and later do. It is"
                "$emulator" --version | head -n 1
            } >&2
            exit 1
        fi
    done
}

export RUSTC=$rustc
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/aarch64
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
