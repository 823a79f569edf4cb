# Sourced by the scripts that build for other targets: which compilers this machine has, and what each can build for.

# Pairs of compiler and cargo, one a line: rustup's default, its nightly, Debian's.
compilers() {
    local toolchain
    if command -v rustup >/dev/null; then
        for toolchain in '' nightly; do
            # shellcheck disable=SC2086 # nothing or a toolchain
            if rustup which ${toolchain:+--toolchain $toolchain} rustc >/dev/null 2>&1; then
                echo "$(rustup which ${toolchain:+--toolchain $toolchain} rustc)" \
                    "$(rustup which ${toolchain:+--toolchain $toolchain} cargo)"
            fi
        done
    fi
    if [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ]; then
        echo '/usr/bin/rustc /usr/bin/cargo'
    fi
}

# compiler_with FILE: the first pair whose compiler has that file or folder in its sysroot's rustlib; fails without one.
compiler_with() {
    local rustc cargo
    while read -r rustc cargo; do
        if [ -e "$("$rustc" --print sysroot)/lib/rustlib/$1" ]; then
            echo "$rustc $cargo"
            return
        fi
    done < <(compilers)
    return 1
}

# compiler_for TARGET: the first pair that has the standard library of a target.
compiler_for() {
    compiler_with "$1/lib"
}

# The first pair that has the source of the standard library, which it can build for any target.
compiler_with_source() {
    compiler_with src/rust/library/std/Cargo.toml
}
