#!/usr/bin/env bash
# Builds the command for 64-bit ARM with the profile `dist` and fails if it has become large; also says what a plain
# release build has once stripped. tools/test-aarch64.sh --install installs what this needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/aarch64-env.sh

readonly limit_bytes=4000000

prepare false
"$cargo" build --profile dist --target "$target" -p ottava-cli
size_bytes=$(stat -c %s "$CARGO_TARGET_DIR/$target/dist/ottava")
echo "$target: ottava, profile dist: $size_bytes bytes; the limit is $limit_bytes"
release=$CARGO_TARGET_DIR/$target/release/ottava
if [ -e "$release" ]; then
    stripped=$(mktemp)
    aarch64-linux-gnu-strip -o "$stripped" "$release"
    echo "$target: ottava, profile release, stripped: $(stat -c %s "$stripped") bytes"
    rm -f "$stripped"
fi
[ "$size_bytes" -le "$limit_bytes" ]
