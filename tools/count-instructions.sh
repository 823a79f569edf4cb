#!/usr/bin/env bash
# Counts the instructions of one inference on 64-bit ARM, by instruction set: a figure that is the same on every
# machine, so that a kernel that takes more than before shows. One thread, under qemu, with a plugin that counts.
#
#   tools/count-instructions.sh net.tflite inception-v3      these, with every instruction set but scalar
#   tools/count-instructions.sh --isa neon net.tflite        with this one; may be given again
#   tools/count-instructions.sh --check                      the networks of docs/arm-throughput.md; fails where one takes
#                                                            over 5 % more than recorded there
#   tools/count-instructions.sh --record                     the same networks; writes what they take into the document
#
# Runs the model once and twice; the difference is one inference, without start, planning and packing. A network that
# is known by its name is built and written to a file before, not under emulation.
# tools/install-packages.sh aarch64 counting installs what this needs.
set -euo pipefail
from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly record=docs/arm-throughput.md slack_percent=5
mode=show
isas=()
while [[ ${1-} == --* ]]; do
    case "$1" in
        --check | --record) mode=${1#--} ;;
        --isa) shift && isas+=("${1:?an instruction set}") ;;
        *)
            echo "usage: $0 [--check|--record] [--isa ISA]... [MODEL]..." >&2
            exit 2
            ;;
    esac
    shift
done
[ "${#isas[@]}" -gt 0 ] || isas=(neon dotprod i8mm)

# The rows of the document's table: a model, an instruction set, a number.
rows() {
    sed -n 's/^| `\([^`]*\)` | `\([^`]*\)` | \([0-9,]*\) |.*/\1 \2 \3/p' "$record" | tr -d ,
}

if [ "$mode" != show ]; then
    mapfile -t recorded_models < <(rows | cut -d ' ' -f 1 | uniq)
    set -- "${recorded_models[@]}"
fi
if [ "$#" -eq 0 ]; then
    echo "error: no model is given, or none recorded" >&2
    exit 2
fi

native_target=${CARGO_TARGET_DIR:-target}
. tools/aarch64-env.sh
tools/install-packages.sh --check counting
qemu=$(command -v qemu-aarch64)
if [[ $("$qemu" -help) != *-plugin* ]]; then
    echo "error: $qemu was built without plugins" >&2
    exit 1
fi
check_cpus "$qemu" max

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc -shared -fPIC -O2 -o "$scratch/insn-count.so" tools/qemu-insn-count/plugin.c
"$cargo" build -q --release --target "$target" "${packages[@]}" --example repeat
repeat=$CARGO_TARGET_DIR/$target/release/examples/repeat

# file_of MODEL: the path of the model's file.
file_of() {
    if (cd "$from" && realpath -e "$1" 2>/dev/null); then
        return
    fi
    if ! [ -e "$scratch/$1.tflite" ]; then
        # With the whole workspace, as the tests are built, so that little is left to build.
        env -u RUSTC CARGO_TARGET_DIR="$native_target" cargo build -q --release --workspace --example write_model
        "$native_target/release/examples/write_model" "$1" "$scratch/$1.tflite"
    fi
    echo "$scratch/$1.tflite"
}

# count FILE ISA RUNS: the instructions of the whole program.
count() {
    # shellcheck disable=SC2046 # options
    "$qemu" $(cpu_options max) -plugin "$scratch/insn-count.so" -d plugin -D "$scratch/log" \
        "$repeat" "$1" "$2" "$3" >&2
    awk '$1 == "instructions" { print $2 }' "$scratch/log"
}

# write_row MODEL ISA INSTRUCTIONS: into the document, rounded to millions; the share of each MAC follows.
write_row() {
    awk -v model="\`$1\`" -v isa="\`$2\`" -v count="$3" '
        function grouped(number,    text) {
            for (text = ""; number >= 1000; number = int(number / 1000)) text = sprintf(",%03d", number % 1000) text
            return number text
        }
        BEGIN { FS = " [|] "; OFS = " | " }
        $1 == "| " model && $2 == isa {
            $3 = grouped(int(count / 1e6 + 0.5) * 1e6); $5 = sprintf("%.3f |", count / ($4 * 1e9))
        }
        { print }' "$record" >"$scratch/record"
    cp "$scratch/record" "$record"
}

echo "one thread; $("$RUSTC" --version), $("$qemu" --version | head -n 1)"
grown=()
for model in "$@"; do
    file=$(file_of "$model")
    for isa in "${isas[@]}"; do
        one=$(count "$file" "$isa" 1)
        two=$(count "$file" "$isa" 2)
        instructions=$((two - one))
        before=$(rows | awk -v model="$model" -v isa="$isa" '$1 == model && $2 == isa { print $3 }')
        printf '%-16s %-8s %14d instructions an inference; recorded: %s\n' "$model" "$isa" "$instructions" \
            "${before:-nothing}"
        if [ "$mode" = record ]; then
            write_row "$model" "$isa" "$instructions"
        elif [ -z "$before" ] || [ "$((instructions * 100))" -gt "$((before * (100 + slack_percent)))" ]; then
            grown+=("$model on $isa")
        fi
    done
done
if [ "$mode" = check ] && [ "${#grown[@]}" -gt 0 ]; then
    printf 'error: more instructions than %s has, or none recorded:%s\n' "$record" "$(printf ' %s;' "${grown[@]}")" >&2
    exit 1
fi
