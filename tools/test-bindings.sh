#!/usr/bin/env bash
# Builds and installs the C libraries, and tests them as programs use them: exported names and versions, the headers alone, every
# function with what it should not be given, recorded networks byte for byte, the C++ header, pkg-config and CMake, all examples of
# docs/embedding-c.md; under valgrind and under AddressSanitizer; with the crate tflitec, unchanged; the delegate in LiteRT itself; and
# for 64-bit ARM under qemu.
#
#   tools/test-bindings.sh [PART]...       of: rust install headers symbols goldens cpp project tflitec delegate aarch64 [all]
#
# tools/install-packages.sh bindings aarch64 installs what this needs. Recorded networks are where the models are (OTTAVA_MODELS, else
# ../shared/models); OTTAVA_REQUIRE_MODELS=1 makes their absence a failure. The delegate's hosts, two versions of LiteRT for Python, are
# installed with pip beside what is built; where that cannot be, they are left out aloud.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ "$#" -gt 0 ] || set -- rust install headers symbols goldens cpp project tflitec delegate aarch64
tools/install-packages.sh --check bindings
models=${OTTAVA_MODELS:-../shared/models}
if [ -d "$models" ]; then
    models=$(cd "$models" && pwd)
elif [ "${OTTAVA_REQUIRE_MODELS-}" = 1 ]; then
    echo "error: OTTAVA_REQUIRE_MODELS=1, but there is no folder $models" >&2
    exit 1
else
    echo "SKIPPED: all that runs networks (no folder $models)"
    models=
fi

# A folder of its own, which other builds do not wait for. The root workspace's would spare little: its crates are built anew for
# another workspace in any case.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/bindings
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
readonly warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'

fail() {
    echo "error: $1" >&2
    exit 1
}

# golden MODEL PICTURE: a model with a recorded input and output, for the test programs.
golden() {
    printf '%s\n' "$models/$1.tflite" "$models/golden/$1.$2.input.npy" "$models/golden/$1.$2.output0.npy"
}

# goldens MODEL...: all recordings of these models.
goldens() {
    local model file
    for model in "$@"; do
        for file in "$models/golden/$model".*.input.npy; do
            golden "$model" "$(basename "$file" .input.npy | sed 's/.*\.//')"
        done
    done
}

# compile OUTPUT SOURCE LIBRARY FLAG...: a C program against what is installed.
compile() {
    local output=$1 source=$2 library=$3
    shift 3
    # shellcheck disable=SC2086 # several flags
    "${CC:-cc}" -std=gnu11 -O1 -g $warnings "$@" -I "$prefix/include" "$source" -o "$output" \
        -L "$prefix/lib" -Wl,-rpath,"$prefix/lib" -l"$library" -lpthread
}

memcheck=(valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite "--suppressions=$PWD/bindings/c/tests/memcheck.supp")

# memcheck PROGRAM ARGUMENT...: under valgrind, which hides AVX-512.
memcheck() {
    "${memcheck[@]}" "$@"
}

test_rust() {
    local package
    for package in c delegate; do
        cargo fmt --manifest-path "bindings/$package/Cargo.toml" --check
        cargo clippy --locked --all-targets --manifest-path "bindings/$package/Cargo.toml" -- -D warnings
        cargo test --quiet --locked --release --manifest-path "bindings/$package/Cargo.toml"
    done
    # The delegate has to do with the host's pointers.
    local host
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    env "CARGO_TARGET_${host}_RUNNER=${memcheck[*]}" cargo test --quiet --locked --release --manifest-path bindings/delegate/Cargo.toml
}

test_install() {
    local library names
    for library in tensorflowlite_c ottava; do
        readelf -d "$prefix/lib/lib$library.so" | grep -q "SONAME.*\[lib$library\.so\]"
        names=$(readelf --dyn-syms -W "$prefix/lib/lib$library.so" | awk '$5 == "GLOBAL" && $7 != "UND" && $4 == "FUNC" { print $8 }')
        # The functions of the headers, each with its version, and nothing else.
        diff <(sort <<<"$names" | grep ^TfLite) <(sed 's/$/@@VERS_1.0/' <<<"$functions")
        diff <(sort <<<"$names" | grep -v ^TfLite) <(if [ "$library" = ottava ]; then sed 's/$/@@OTTAVA_0.1/' <<<"$additions"; fi)
    done
    local delegate=$prefix/lib/libottava_delegate.so
    # What hosts look for and nothing else, and nothing that they would have to offer. It stays when they close it.
    diff <(readelf --dyn-syms -W "$delegate" | awk '$5 == "GLOBAL" && $7 != "UND" { print $8 }' | sort) \
        <(printf 'tflite_plugin_%s_delegate\n' create destroy)
    ! readelf --dyn-syms -W "$delegate" | grep -q TfLite
    readelf -d "$delegate" | grep -q NODELETE
    echo "install: $(wc -l <<<"$functions") functions of LiteRT's, $(wc -l <<<"$additions") of ours, names and versions as they should be"
}

test_headers() {
    local header compiler language count=0
    while read -r header; do
        for compiler in "cc -std=c99" "c++ -std=c++11" "clang -std=c99" "clang++ -std=c++11"; do
            language=c
            [[ "$compiler" != *++* ]] || language=c++
            # shellcheck disable=SC2086 # several flags
            $compiler $warnings -fsyntax-only -I "$prefix/include" -x $language - <<<"#include \"$header\""
        done
        count=$((count + 1))
    done < <(cd "$prefix/include" && find . -name '*.h' | sed 's|^\./||')
    echo "headers: $count, each alone, in C and C++, gcc and clang"
}

test_symbols() {
    local missing
    missing=$(for name in $functions; do grep -qE "\b$name\(" bindings/c/tests/symbols.c || echo "$name"; done)
    [ -z "$missing" ] || fail "not in symbols.c: $missing"
    missing=$(for name in $additions; do grep -qE "\b$name\(" bindings/c/tests/native.c || echo "$name"; done)
    [ -z "$missing" ] || fail "not in native.c: $missing"
    compile "$scratch/symbols" bindings/c/tests/symbols.c tensorflowlite_c
    compile "$scratch/symbols-asan" bindings/c/tests/symbols.c tensorflowlite_c -fsanitize=address
    [ -n "$models" ] || return 0
    local model=$models/mobilenet_v1_0.25_128_quant.tflite
    quietly memcheck "$scratch/symbols" "$model"
    quietly "$scratch/symbols-asan" "$model"
}

# quietly PROGRAM ARGUMENT...: without the texts that the program provokes, unless it fails.
quietly() {
    "$@" 2>"$scratch/errors" || {
        cat "$scratch/errors" >&2
        return 1
    }
}

test_goldens() {
    [ -n "$models" ] || return 0
    local networks=(mobilenet_v1_0.25_128_quant mobilenet_v2_1.0_224_quant deeplabv3_mnv2_dm05_pascal_quant
        inception_v3_int8 inception_v3_uint8 mobilenet_v2_keras_int8 mobilenet_v2_keras_f32 mobilenet_v2_keras_f16)
    mapfile -t all < <(goldens "${networks[@]}")
    mapfile -t small < <(golden mobilenet_v1_0.25_128_quant cat)
    mapfile -t signed < <(golden mobilenet_v2_keras_int8 cat)
    local program
    for program in goldens behaviour; do
        compile "$scratch/$program" "bindings/c/tests/$program.c" tensorflowlite_c
        compile "$scratch/$program-asan" "bindings/c/tests/$program.c" tensorflowlite_c -fsanitize=address
    done
    compile "$scratch/native" bindings/c/tests/native.c ottava
    compile "$scratch/native-asan" bindings/c/tests/native.c ottava -fsanitize=address
    "$scratch/goldens" 1 "${all[@]}"
    "$scratch/goldens-asan" 2 "${all[@]}"
    memcheck "$scratch/goldens" 2 "${small[@]}"
    quietly "$scratch/behaviour-asan" "${signed[@]}"
    quietly memcheck "$scratch/behaviour" "${signed[@]}"
    mkdir "$scratch/native-1" "$scratch/native-2"
    quietly "$scratch/native-asan" "${small[@]}" "$scratch/native-1"
    quietly memcheck "$scratch/native" "${small[@]}" "$scratch/native-2"
}

test_cpp() {
    local compiler name
    for compiler in g++ clang++; do
        for name in tests/session examples/layers; do
            # shellcheck disable=SC2086 # several flags
            $compiler -std=c++17 -O1 $warnings -Wshadow -I "$prefix/include" "bindings/cpp/$name.cpp" \
                -o "$scratch/$(basename "$name")-$compiler" -L "$prefix/lib" -Wl,-rpath,"$prefix/lib" -lottava -lpthread
        done
    done
    [ -n "$models" ] || return 0
    mapfile -t signed < <(golden mobilenet_v2_keras_int8 cat)
    "$scratch/session-g++" "${signed[@]}"
    "$scratch/session-clang++" "${signed[@]}"
    "$scratch/layers-g++" "${signed[0]}" >"$scratch/layers"
    grep -q '^CONV_2D #' "$scratch/layers"
    sed -n '1,3p;$p' "$scratch/layers"
}

# The examples of the guide: its program, by hand with pkg-config and as a project of CMake's, with the shared and the static library.
test_project() {
    local folder=$scratch/project name
    mkdir "$folder"
    for name in classify.c CMakeLists.txt layers.cpp; do
        awk -v name="$name" '$0 ~ "^<!-- file: " name " -->" { wanted = 1; next } wanted && /^```/ { if (inside) exit; inside = 1; next }
            inside { print }' docs/embedding-c.md >"$folder/$name"
        [ -s "$folder/$name" ] || fail "docs/embedding-c.md has no $name"
    done
    cmake -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
    cmake --build "$folder/build" >/dev/null
    local flags
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs ottava)
    # shellcheck disable=SC2086 # several flags
    cc $warnings "$folder/classify.c" -o "$folder/classify-pc" $flags
    # shellcheck disable=SC2086 # several flags
    c++ -std=c++17 $warnings "$folder/layers.cpp" -o "$folder/layers" $flags
    # shellcheck disable=SC2086 # several flags
    cc $warnings -I "$prefix/include" "$folder/classify.c" -o "$folder/classify-static" "$prefix/lib/libottava.a" -lpthread -ldl -lm
    [ -n "$models" ] || return 0
    local model=$models/mobilenet_v2_1.0_224_quant.tflite
    # What the picture is, as its recorded output says.
    tail -c 150528 "$models/golden/mobilenet_v2_1.0_224_quant.cat.input.npy" >"$folder/cat.rgb"
    for name in build/classify classify-pc classify-static; do
        LD_LIBRARY_PATH=$prefix/lib "$folder/$name" "$model" "$folder/cat.rgb" | tee "$folder/said"
        grep -q '^286 ' "$folder/said"
    done
    LD_LIBRARY_PATH=$prefix/lib "$folder/layers" "$model" | grep -c ' ns$'
}

# A program of somebody else's bindings, which are generated from the installed headers.
test_tflitec() {
    [ -n "$models" ] || return 0
    local manifest=bindings/c/tests/tflitec/Cargo.toml picture
    # What it took from headers of earlier is not taken anew by itself.
    cargo clean --quiet --locked --release --manifest-path "$manifest" -p tflitec
    TFLITEC_PREBUILT_PATH=$prefix/lib/libtensorflowlite_c.so TFLITEC_HEADER_DIR=$prefix/include \
        cargo build --quiet --locked --release --manifest-path "$manifest"
    for picture in cat bird grace_hopper; do
        mapfile -t recorded < <(golden mobilenet_v2_1.0_224_quant "$picture")
        LD_LIBRARY_PATH=$prefix/lib "$CARGO_TARGET_DIR/release/tflitec-on-ottava" "${recorded[@]}"
    done
}

# host_python PACKAGE: the Python that has this host of the delegate; none where it cannot be installed. Python 3.11 is the last that all
# hosts are there for.
host_python() {
    local folder=$CARGO_TARGET_DIR/hosts/$1 requirements=bindings/delegate/tests/$1.txt python=python3.11
    "$python" -c 'import ensurepip' 2>/dev/null || python=python3
    if ! cmp -s "$requirements" "$folder/installed.txt"; then
        {
            "$python" -m venv --clear "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
        } >&2 || return 0
        cp "$requirements" "$folder/installed.txt"
    fi
    echo "$folder/bin/python"
}

test_delegate() {
    [ -n "$models" ] || return 0
    local host python library=$prefix/lib/libottava_delegate.so
    for host in ai-edge-litert tflite-runtime; do
        python=$(host_python "$host")
        if [ -z "$python" ]; then
            echo "SKIPPED: the delegate in $host, which could not be installed"
            continue
        fi
        "$python" bindings/delegate/tests/hosts.py "$library" "$models"
        [ "$host" != ai-edge-litert ] || "$python" bindings/delegate/tests/litert.py "$library" "$models"
    done
}

test_aarch64() (
    # No optimization, so that building is shorter; nothing that runs here is long.
    export CARGO_PROFILE_RELEASE_OPT_LEVEL=0
    tools/install-c.sh "$scratch/aarch64" --target aarch64-unknown-linux-gnu
    . tools/aarch64-env.sh
    prefix=$scratch/aarch64
    export CC=aarch64-linux-gnu-gcc
    readelf -h "$prefix/lib/libtensorflowlite_c.so" | grep -q 'Machine: *AArch64'
    readelf -h "$prefix/lib/libottava_delegate.so" | grep -q 'Machine: *AArch64'
    # With the flags of what is installed, so that only the tests are built.
    unset CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$(emulator) $(cpu_options max)" "$cargo" test --quiet --locked --release \
        --manifest-path bindings/delegate/Cargo.toml --target "$target"
    compile "$scratch/symbols-aarch64" bindings/c/tests/symbols.c tensorflowlite_c
    compile "$scratch/goldens-aarch64" bindings/c/tests/goldens.c tensorflowlite_c
    [ -n "$models" ] || return 0
    mapfile -t small < <(goldens mobilenet_v1_0.25_128_quant)
    # shellcheck disable=SC2046 # options
    quietly "$(emulator)" $(cpu_options max) "$scratch/symbols-aarch64" "${small[0]}"
    # shellcheck disable=SC2046 # options
    "$(emulator)" $(cpu_options max) "$scratch/goldens-aarch64" 2 "${small[@]}"
)

tools/install-c.sh "$prefix"
echo "--- installed after $SECONDS s"
functions=$(cd "$prefix/include" && grep -rhoE '\bTfLite[A-Za-z0-9]+\(' tensorflow | tr -d '(' | sort -u)
additions=$(grep -oE '\bOttava[A-Za-z0-9]+\(' "$prefix/include/ottava.h" | tr -d '(' | sort -u)
[ "$(wc -l <<<"$functions")" -eq 78 ] || fail "the headers do not have 78 functions of LiteRT's"
for part in "$@"; do
    echo
    echo "=== $part"
    before=$SECONDS
    "test_$part"
    echo "--- $part: $((SECONDS - before)) s"
done
