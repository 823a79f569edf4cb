#!/usr/bin/env bash
# Runs the tests that concern 64-bit ARM under qemu, each instruction set on the first CPU model that has it: every kernel, the
# recordings of every operator, damaged files, random networks on both backends, and where the models are
# (OTTAVA_MODELS, else ../shared/models) MobileNet v1, MobileNet v2 and both forms of Inception v3 against the same
# goldens as everywhere. Networks on float32 have the recorded bits at small inputs.
#
#   tools/test-aarch64.sh                       says what is missing on this machine, if anything is
#   tools/test-aarch64.sh --cpu neoverse-n1     on this CPU model instead of all; may be given again
#
# tools/install-packages.sh aarch64 installs what this needs. OTTAVA_REQUIRE_MODELS=1 makes absent models a failure;
# OTTAVA_JOBS=N runs so many test programs at a time [all cores].
# The compiler is rustup's where it has the aarch64 target, else Debian's rustc-web with its arm64 library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cpus=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        --cpu) shift && cpus+=("${1:?a CPU model}") ;;
        *)
            echo "usage: $0 [--cpu MODEL]..." >&2
            exit 2
            ;;
    esac
    shift
done
[ "${#cpus[@]}" -gt 0 ] || cpus=(cortex-a53 neoverse-n1 max)

. tools/aarch64-env.sh
qemu=$(emulator)
check_cpus "$qemu" "${cpus[@]}"
export qemu

# Fewer random cases: of those whose count is left to proptest, and a percentage of the others. The ranges are the same.
export PROPTEST_CASES=${PROPTEST_CASES:-64} OTTAVA_CASES=${OTTAVA_CASES:-40}
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

# ---- What runs: test programs and their arguments, the longest first.

# On every CPU model.
everywhere=(
    'optimized once_inception_v3_int8'
    'optimized once_inception_v3_uint8'
    'optimized mobilenet_v2'
    'ottava_kernels'
    'threads'
    'golden_ops'
    'random_networks agree'
    'optimized mobilenet_v1'
    'float_bits all_instruction_sets'
    'seeded'
    'resize'
    'damaged_operators'
    'robustness'
    'binary_kernels'
)
# On the last one only: there is no choice of instruction set in these.
once=(ottava_ref convolutions fixed_point functions operators scales_of_operators softmax ottava refusals operator_table)

# ---- Build, once.

echo "aarch64: $("$RUSTC" --version), $("$qemu" --version | head -n 1)"
mapfile -t programs < <(printf '%s\n' "${everywhere[@]}" "${once[@]}" | cut -d ' ' -f 1 | sort -u | grep -v '^ottava')
"$cargo" test --release --target "$target" --no-run "${packages[@]}" --lib "${programs[@]/#/--test=}" 2>&1 |
    tee "$scratch/build"
"$cargo" build --release --target "$target" "${packages[@]}" --bin ottava
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

# Tests cover an instruction set on the first CPU model that has it.
declare -A only_of
covered=
for cpu in "${cpus[@]}"; do
    for isa in scalar ${isas_of[$cpu]//,/ }; do
        if [[ ",$covered," != *",$isa,"* ]]; then
            covered+=,$isa
            only_of[$cpu]+=,$isa
        fi
    done
done

# ---- A job for each test program and CPU model.

# run_job CPU ISAS ONLY PROGRAM ARGUMENTS: runs a test program, and then prints what it said.
run_job() {
    local cpu=$1 isas=$2 only=$3 name=$4 arguments=$5 program log start=$SECONDS code=0
    program=$(sed -n "s#^ *Executable \(unittests src/lib\|tests/$name\)\.rs (\(.*/$name-[0-9a-f]*\))\$#\2#p" "$scratch/build")
    log=$(mktemp -p "$scratch" job.XXXXXX)
    # shellcheck disable=SC2046,SC2086 # options and arguments
    OTTAVA_REQUIRE_ISA=$isas OTTAVA_ONLY_ISA=$only "$qemu" $(cpu_options "$cpu") "${program:?no test program $name}" \
        --quiet $arguments >"$log" 2>&1 || code=$?
    if ! grep -q '^test result: ok\. [1-9]' "$log"; then
        code=${code/#0/1}
    fi
    {
        flock 9
        printf '\n=== %s, %d s, exit code %d: %s %s\n' "$cpu" "$((SECONDS - start))" "$code" "$name" "$arguments"
        cat "$log"
        if [ "$code" -ne 0 ]; then
            echo "$cpu: $name $arguments" >>"$scratch/failed"
        fi
    } 9>"$scratch/lock"
    return 0
}
export -f run_job cpu_options
export sysroot

# jobs_of CPU PROGRAM...: what run_job takes, for each program with its arguments.
jobs_of() {
    local cpu=$1 program arguments
    shift
    for program in "$@"; do
        read -r program arguments <<<"$program"
        printf '%s\0%s\0%s\0%s\0%s\0' "$cpu" "${isas_of[$cpu]}" "${only_of[$cpu]}" "$program" "$arguments"
    done
}

jobs() {
    local program cpu
    for program in "${everywhere[@]}"; do
        for cpu in "${cpus[@]}"; do
            jobs_of "$cpu" "$program"
        done
    done
    jobs_of "${cpus[-1]}" "${once[@]}"
}

# shellcheck disable=SC2016 # the inner shell's arguments
jobs | xargs -0 -n 5 -P "${OTTAVA_JOBS:-$(nproc)}" bash -c 'run_job "$@" || exit 255' run_job

echo
if [ -s "$scratch/failed" ]; then
    echo "FAILED:" >&2
    cat "$scratch/failed" >&2
    exit 1
fi
echo "aarch64: passed on ${cpus[*]} in $SECONDS s"
