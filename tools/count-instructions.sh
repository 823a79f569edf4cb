#!/usr/bin/env bash
# Counts the instructions of one inference on 64-bit ARM, by instruction set: a figure that is the same on every
# machine, so that a kernel that takes more than before shows. One thread, under qemu, with a plugin that counts.
#
#   tools/count-instructions.sh net.tflite neon dotprod i8mm
#   tools/count-instructions.sh inception-v3              every instruction set but scalar
#   tools/count-instructions.sh --install                 installs what is missing (Debian's apt-get, as root)
#   tools/count-instructions.sh --check inception-v3      fails where they are over 5 % more than docs/arm-throughput.md has
#
# Runs the model once and three times; half of the difference is one inference, without start, planning and packing.
# Statically linked emulators load no plugins, so this takes Debian's qemu-user, not qemu-user-static.
set -euo pipefail
from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/aarch64-env.sh

install=false check=false
while [[ ${1-} == --* ]]; do
    case "$1" in
        --install) install=true ;;
        --check) check=true ;;
        *) break ;;
    esac
    shift
done
if [ "$#" -eq 0 ] && ! $install; then
    echo "usage: $0 [--install] [--check] MODEL [ISA]..." >&2
    exit 2
fi
readonly record=docs/arm-throughput.md slack_percent=5
packages=()
command -v qemu-aarch64 >/dev/null || packages+=(qemu-user)
command -v cc >/dev/null || packages+=(gcc)
prepare "$install" "${packages[@]}"
[ "$#" -gt 0 ] || exit 0
model=$1
shift
if [ -e "$from/$model" ]; then
    model=$from/$model
fi
[ "$#" -gt 0 ] || set -- neon dotprod i8mm

qemu=$(command -v qemu-aarch64)
if [[ $("$qemu" -help) != *-plugin* ]]; then
    echo "error: $qemu was built without plugins" >&2
    exit 1
fi
check_cpus "$qemu" max

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc -shared -fPIC -O2 -o "$scratch/insn-count.so" tools/qemu-insn-count/plugin.c
"$cargo" build -q --release --target "$target" -p ottava-models --example repeat
repeat=$CARGO_TARGET_DIR/$target/release/examples/repeat

# count ISA RUNS: the instructions of the whole program. Built-in networks are built on one thread, too.
count() {
    # shellcheck disable=SC2046 # options
    RAYON_NUM_THREADS=1 "$qemu" $(cpu_options max) -plugin "$scratch/insn-count.so" -d plugin -D "$scratch/log" \
        "$repeat" "$model" "$1" "$2" >&2
    awk '$1 == "instructions" { print $2 }' "$scratch/log"
}

# recorded ISA: what the document has for the model, nothing where it has none.
recorded() {
    awk -F ' *[|] *' -v model="\`$model\`" -v isa="\`$1\`" '$2 == model && $3 == isa { gsub(/,/, "", $4); print $4 }' "$record"
}

echo "$model, one thread; $("$rustc" --version), $("$qemu" --version | head -n 1)"
grown=()
for isa in "$@"; do
    one=$(count "$isa" 1)
    three=$(count "$isa" 3)
    instructions=$(((three - one) / 2))
    before=$(recorded "$isa")
    printf '%-8s %14d instructions an inference; recorded: %s\n' "$isa" "$instructions" "${before:-nothing}"
    if [ -z "$before" ] || [ "$((instructions * 100))" -gt "$((before * (100 + slack_percent)))" ]; then
        grown+=("$isa")
    fi
done
if $check && [ "${#grown[@]}" -gt 0 ]; then
    echo "error: more instructions than $record has, or none recorded: ${grown[*]}" >&2
    exit 1
fi
