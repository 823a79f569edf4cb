# Sourced by the scripts that build for 64-bit ARM and run under qemu: the compiler, the CPU models, and the variables
# that cargo wants. tools/install-packages.sh aarch64 installs what is needed.

. tools/compilers.sh

readonly target=aarch64-unknown-linux-gnu
readonly sysroot=/usr/aarch64-linux-gnu

# CPU models of qemu with the instruction sets that each has, besides scalar.
declare -rA isas_of=(
    [cortex-a53]=neon [cortex-a57]=neon [cortex-a72]=neon
    [cortex-a76]=neon,dotprod [neoverse-n1]=neon,dotprod
    [max]=neon,dotprod,i8mm
)

emulator() {
    command -v qemu-aarch64-static || command -v qemu-aarch64
}

# cpu_options CPU: the emulator's options. The libraries must come from where the loader comes from: with
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

# All packages that are built, in every command: what features a library gets depends on which are, and one with other
# features is compiled again.
readonly packages=(-p ottava-kernels -p ottava-ref -p ottava-fuzz -p ottava -p ottava-models -p ottava-cli)

tools/install-packages.sh --check aarch64
read -r RUSTC cargo < <(compiler_for "$target")
export RUSTC
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/aarch64
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# The newer mangling keeps the arguments of generic functions, which tell the loops of one tile from another's.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS='-C symbol-mangling-version=v0'
