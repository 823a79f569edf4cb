#!/usr/bin/env bash
# Builds the command for 64-bit ARM Linux as one file that needs no C library and can lie at any address: musl, linked
# as static-pie. rustup's target aarch64-unknown-linux-musl gives a static file at fixed addresses; for static-pie the
# linker must be told otherwise, and this also does without that target: the standard library is built from nightly's
# source (`rustup component add rust-src --toolchain nightly`), musl is Debian's musl-dev, downloaded but not installed.
#
#   tools/build-static-pie.sh        says where the file is, how large, and what it computes under qemu
#
# tools/install-packages.sh aarch64 installs linker and emulator.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/aarch64-env.sh

readonly musl_target=aarch64-unknown-linux-musl
qemu=$(emulator)
CARGO_TARGET_DIR=$(realpath -m "$CARGO_TARGET_DIR")
musl=$CARGO_TARGET_DIR/musl
mkdir -p "$musl/lib"

# ---- musl, and an unwinder.

if ! [ -e "$musl/lib/rcrt1.o" ]; then
    dpkg --add-architecture arm64
    (cd "$musl" && apt-get -qq download musl-dev:arm64)
    dpkg -x "$musl"/musl-dev_*.deb "$musl/root"
    cp "$musl"/root/usr/lib/aarch64-linux-musl/*.{o,a} "$musl/lib"
fi
# The standard library wants the unwinder as libunwind.a. gcc's asks glibc where a function's frame is described; here it
# learns nothing, so that a panic prints its message without a backtrace. The profile unwinds nothing else.
gcc_directory=$(dirname "$(aarch64-linux-gnu-gcc -print-libgcc-file-name)")
cp "$gcc_directory/libgcc_eh.a" "$musl/lib/libunwind.a"
echo 'int _dl_find_object(void *pc, void *found) { (void)pc; (void)found; return -1; }' >"$musl/find.c"
aarch64-linux-gnu-gcc -O2 -fPIC -c "$musl/find.c" -o "$musl/find.o"
aarch64-linux-gnu-ar r "$musl/lib/libunwind.a" "$musl/find.o"

# ---- gcc as a linker for musl: its start files in place of gcc's own, and other flags than rustc thinks.

cat >"$musl/gcc" <<END
#!/usr/bin/env bash
options=()
for option in "\$@"; do
    case "\$option" in
        -static | -no-pie | -lc | -lgcc_s) ;;
        *) options+=("\$option") ;;
    esac
done
exec aarch64-linux-gnu-gcc -static-pie -nostdlib -nostartfiles '$musl/lib/rcrt1.o' '$musl/lib/crti.o' \
    '$gcc_directory/crtbeginS.o' "\${options[@]}" '-L$musl/lib' -Wl,--start-group -lc -lgcc -lunwind -Wl,--end-group \
    '$gcc_directory/crtendS.o' '$musl/lib/crtn.o'
END
chmod +x "$musl/gcc"

env -u RUSTC CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER="$musl/gcc" \
    RUSTFLAGS="-C linker-flavor=gcc -C link-self-contained=no -C relocation-model=pie -L $musl/lib" \
    cargo +nightly build --profile dist --target "$musl_target" -Zbuild-std=std,panic_abort -p ottava-cli

# ---- Is it that, and does it run?

ottava=$CARGO_TARGET_DIR/$musl_target/dist/ottava
if aarch64-linux-gnu-readelf --file-header "$ottava" | grep -q 'Type:.*DYN' &&
    ! aarch64-linux-gnu-readelf --program-headers "$ottava" | grep -q INTERP; then
    echo "$ottava: static-pie, $(stat -c %s "$ottava") bytes"
else
    echo "error: $ottava is not static-pie" >&2
    exit 1
fi
"$qemu" -cpu max "$ottava" verify mobilenet-v2 --inputs 1
