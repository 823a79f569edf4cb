#!/usr/bin/env bash
# Builds the C libraries and installs them: headers, libtensorflowlite_c.so (LiteRT's C API under the name of its own library),
# libottava.so and libottava.a (that and ottava.h), libottava_delegate.so (which LiteRT itself loads), and files for pkg-config and CMake.
#
#   tools/install-c.sh PREFIX                                        for this machine
#   tools/install-c.sh PREFIX --target aarch64-unknown-linux-gnu     for 64-bit ARM; tools/install-packages.sh aarch64
#
# It needs cargo and a C compiler to link with, which CC names [cc, aarch64-linux-gnu-gcc].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/compilers.sh

usage() {
    echo "usage: $0 PREFIX [--target aarch64-unknown-linux-gnu]" >&2
    exit 2
}

target='' prefix=''
while [ "$#" -gt 0 ]; do
    case "$1" in
        --target) shift && target=${1:-} ;;
        -*) usage ;;
        *) [ -z "$prefix" ] && prefix=$1 || usage ;;
    esac
    shift || usage
done
[ -n "$prefix" ] || usage
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)

cargo=cargo
folder=${CARGO_TARGET_DIR:-$PWD/target}
case "$target" in
    '') cc=${CC:-cc} ;;
    aarch64-unknown-linux-gnu)
        tools/install-packages.sh --check aarch64
        read -r RUSTC cargo < <(compiler_for "$target")
        export RUSTC
        cc=${CC:-aarch64-linux-gnu-gcc}
        # Cargo links nothing here. But it builds all anew where one build has a linker and another has none.
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$cc
        folder=$folder/aarch64
        ;;
    *) usage ;;
esac

for package in c delegate; do
    "$cargo" build --release --locked --manifest-path "bindings/$package/Cargo.toml" --target-dir "$folder" \
        ${target:+--target "$target"}
done
archives=$folder/${target:+$target/}release
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' bindings/c/Cargo.toml | head -n 1)

# link_shared NAME PACKAGE: the shared library of that name, with the symbols and versions of its map.
#
# From the archive, because rustc gives symbols no versions. It stays in memory when it is closed: threads of a session that was not
# deleted would run on in it.
link_shared() {
    "$cc" -shared -o "$prefix/lib/lib$1.so" -Wl,-soname,"lib$1.so" -Wl,--version-script="bindings/$2/link/$1.map" \
        -Wl,--whole-archive "$archives/libottava_$2.a" -Wl,--no-whole-archive -Wl,--gc-sections,-O1,--strip-debug,--no-undefined \
        -Wl,-z,relro,-z,now,-z,nodelete,-z,noexecstack -lgcc_s -lpthread -ldl -lm -lc
}

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Ottava"
cp -R bindings/c/include/. "$prefix/include/"
cp bindings/cpp/include/ottava.hpp "$prefix/include/"
cp "$archives/libottava_c.a" "$prefix/lib/libottava.a"
link_shared tensorflowlite_c c
link_shared ottava c
link_shared ottava_delegate delegate

# package NAME LIBRARY TEXT PRIVATE: a file for pkg-config, which finds its prefix by itself.
package() {
    cat >"$prefix/lib/pkgconfig/$1.pc" <<EOF
prefix=\${pcfiledir}/../..
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: $1
Description: $3
Version: $version
Libs: -L\${libdir} -l$2
Libs.private: $4
Cflags: -I\${includedir}
EOF
}
package ottava ottava 'Exact inference of .tflite networks' '-lgcc_s -lpthread -ldl -lm'
package tensorflowlite_c tensorflowlite_c "LiteRT's C API, run by Ottava" ''
cp bindings/c/cmake/OttavaConfig.cmake "$prefix/lib/cmake/Ottava/"
sed "s/@VERSION@/$version/" bindings/c/cmake/OttavaConfigVersion.cmake >"$prefix/lib/cmake/Ottava/OttavaConfigVersion.cmake"
echo "installed in $prefix: Ottava $version for ${target:-this machine}"
