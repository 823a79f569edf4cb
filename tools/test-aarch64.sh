#!/usr/bin/env bash
# Runs the tests that concern 64-bit ARM under qemu, on one CPU model for each instruction set: every kernel, the
# recordings of every operator, damaged files, random networks on both backends, and where the models are
# (OTTAVA_MODELS, else ../shared/models) MobileNet v1, MobileNet v2 and both forms of Inception v3 against the same
# goldens as everywhere.
#
#   tools/test-aarch64.sh                       says what is missing on this machine, if anything is
#   tools/test-aarch64.sh --install             installs it (Debian's apt-get, as root)
#   tools/test-aarch64.sh --cpu neoverse-n1     on this CPU model instead of all; may be given again
#
# OTTAVA_REQUIRE_MODELS=1 makes absent models a failure; OTTAVA_JOBS=N runs so many test programs at a time [all cores].
# The compiler is rustup's where it has the aarch64 target, else Debian's rustc-web with its arm64 library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/aarch64-env.sh

install=false
cpus=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        --install) install=true ;;
        --cpu) shift && cpus+=("${1:?a CPU model}") ;;
        *)
            echo "usage: $0 [--install] [--cpu MODEL]..." >&2
            exit 2
            ;;
    esac
    shift
done
[ "${#cpus[@]}" -gt 0 ] || cpus=(cortex-a53 neoverse-n1 max)

prepare "$install"
qemu=$(emulator)
check_cpus "$qemu" "${cpus[@]}"
export qemu cargo target

# Fewer random cases where the count is left to proptest; the ranges are the same.
export PROPTEST_CASES=${PROPTEST_CASES:-64}
# Test programs run side by side, so that all cores work to the end.
export RUST_TEST_THREADS=1
models=${OTTAVA_MODELS:-../shared/models}
if [ -d "$models" ]; then
    OTTAVA_MODELS=$(cd "$models" && pwd)
    export OTTAVA_MODELS
elif [ "${OTTAVA_REQUIRE_MODELS-}" = 1 ]; then
    echo "error: OTTAVA_REQUIRE_MODELS=1, but there is no folder $models" >&2
    exit 1
else
    echo "SKIPPED: goldens of real networks (no folder $models)"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export scratch

# ---- Build, once.

echo "aarch64: $("$rustc" --version), $("$qemu" --version | head -n 1)"
built=(-p ottava-kernels -p ottava-ref -p ottava-fuzz -p ottava)
"$cargo" test --release --target "$target" --no-run "${built[@]}" --lib --tests
"$cargo" build --release --target "$target" -p ottava-cli
ottava=$CARGO_TARGET_DIR/$target/release/ottava

# ---- What each CPU model is taken for.

for cpu in "${cpus[@]}"; do
    # shellcheck disable=SC2046 # options
    found=$("$qemu" $(cpu_options "$cpu") "$ottava" kernels |
        awk '$1 == "family" { exit } $2 == "default" || $2 == "available" { print $1 }' | sort | paste -sd,)
    wanted=$(tr , '\n' <<<"scalar,${isas_of[$cpu]}" | sort | paste -sd,)
    if [ "$found" != "$wanted" ]; then
        echo "error: on $cpu the instruction sets are $found, should be $wanted" >&2
        exit 1
    fi
    echo "aarch64: $cpu has $found"
done

# ---- Tests: a line for each test program and CPU model, the longest first.

# Arguments of cargo test on every CPU model.
everywhere=(
    '-p ottava --test optimized once_inception_v3_int8'
    '-p ottava --test optimized once_inception_v3_uint8'
    '-p ottava --test optimized mobilenet_v2'
    '-p ottava-kernels --lib'
    '-p ottava --test threads --test resize'
    '-p ottava --test golden_ops'
    '-p ottava --test random_networks'
    '-p ottava --test optimized mobilenet_v1'
    '-p ottava-fuzz --lib --tests'
    '-p ottava --test damaged_operators --test robustness --test binary_kernels'
)
# On the last one only: there is no choice of instruction set in these.
once=('-p ottava-ref --lib --tests' '-p ottava --lib --test refusals --test operator_table')

# run_job CPU ISAS ARGUMENTS: runs it, and then prints what it said.
run_job() {
    local cpu=$1 isas=$2 arguments=$3 log start=$SECONDS code=0
    log=$(mktemp -p "$scratch" job.XXXXXX)
    # shellcheck disable=SC2086 # arguments
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$qemu $(cpu_options "$cpu")" OTTAVA_REQUIRE_ISA=$isas \
        "$cargo" test -q --release --target "$target" $arguments >"$log" 2>&1 || code=$?
    {
        flock 9
        printf '\n=== %s, %d s, exit code %d: cargo test %s\n' "$cpu" "$((SECONDS - start))" "$code" "$arguments"
        cat "$log"
        if [ "$code" -ne 0 ]; then
            echo "$cpu: cargo test $arguments" >>"$scratch/failed"
        fi
    } 9>"$scratch/lock"
    return 0
}
export -f run_job cpu_options
export sysroot

jobs() {
    local arguments cpu
    for arguments in "${everywhere[@]}"; do
        for cpu in "${cpus[@]}"; do
            printf '%s\0%s\0%s\0' "$cpu" "${isas_of[$cpu]}" "$arguments"
        done
    done
    cpu=${cpus[-1]}
    for arguments in "${once[@]}"; do
        printf '%s\0%s\0%s\0' "$cpu" "${isas_of[$cpu]}" "$arguments"
    done
}

# shellcheck disable=SC2016 # the inner shell's arguments
jobs | xargs -0 -n 3 -P "${OTTAVA_JOBS:-$(nproc)}" bash -c 'run_job "$@"' run_job

echo
if [ -s "$scratch/failed" ]; then
    echo "FAILED:" >&2
    cat "$scratch/failed" >&2
    exit 1
fi
echo "aarch64: passed on ${cpus[*]} in $SECONDS s"
