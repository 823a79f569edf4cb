#!/usr/bin/env bash
# Builds the command for 64-bit ARM with the profile `dist` and fails if it has become large; also says what a plain
# release build has once stripped. tools/install-packages.sh aarch64 installs what this needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/aarch64-env.sh

# Without float32 and dynamic range it was under 4,000,000; with them it is 4,265,128.
readonly limit_bytes=4400000

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# stripped_bytes PROFILE: the size of that build of the command without symbols, whoever has stripped it or not.
stripped_bytes() {
    aarch64-linux-gnu-strip -o "$scratch/ottava" "$CARGO_TARGET_DIR/$target/$1/ottava"
    stat -c %s "$scratch/ottava"
}

"$cargo" build --profile dist --target "$target" -p ottava-cli
size_bytes=$(stripped_bytes dist)
echo "$target: ottava, profile dist, stripped: $size_bytes bytes; the limit is $limit_bytes"
if [ -e "$CARGO_TARGET_DIR/$target/release/ottava" ]; then
    echo "$target: ottava, profile release, stripped: $(stripped_bytes release) bytes"
fi
[ "$size_bytes" -le "$limit_bytes" ]
