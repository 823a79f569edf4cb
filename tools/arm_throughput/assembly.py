"""Builds the kernels for 64-bit ARM and disassembles them."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "aarch64-unknown-linux-gnu"
OBJDUMP = "aarch64-linux-gnu-objdump"

FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>.*)>:$")
INSTRUCTION = re.compile(r"^\s+(?P<address>[0-9a-f]+):\t(?P<mnemonic>\S+)(?:\t(?P<operands>.*))?$")
BRANCH = re.compile(r"^(b|b\..+|cbz|cbnz|tbz|tbnz)$")
DESTINATION = re.compile(r"(?:^|, )(?P<address>[0-9a-f]+) <(?P<symbol>.*)>$")


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One line of the disassembly."""

    address: int
    mnemonic: str
    operands: str
    # Where a branch within the function goes; None for what is none.
    destination: int | None = None

    def is_branch(self):
        return BRANCH.match(self.mnemonic) is not None


def destination(mnemonic, operands, function):
    """Where a branch goes, unless it leaves the function."""
    found = DESTINATION.search(operands) if BRANCH.match(mnemonic) else None
    within = found and found["symbol"].rsplit("+0x", 1)[0] == function
    return int(found["address"], 16) if within else None


def rust():
    """Cargo and compiler: rustup's where it has the target, else Debian's."""
    for rustc in filter(None, [os.environ.get("RUSTC"), shutil.which("rustc"), "/usr/bin/rustc"]):
        sysroot = subprocess.run([rustc, "--print", "sysroot"], capture_output=True, text=True).stdout.strip()
        if pathlib.Path(sysroot, "lib", "rustlib", TARGET, "lib").is_dir():
            beside = pathlib.Path(rustc).with_name("cargo")
            return str(beside if beside.exists() else "cargo"), rustc
    raise SystemExit(f"error: no compiler here has the target {TARGET}; see tools/install-packages.sh")


def compiler():
    """The compiler's version, as it names itself."""
    lines = subprocess.run([rust()[1], "-vV"], capture_output=True, text=True, check=True).stdout
    found = dict(line.split(": ", 1) for line in lines.splitlines() if ": " in line)
    return f"rustc {found['release']}, LLVM {found['LLVM version']}"


def build():
    """Builds the kernels' library and returns its path.

    The library has every kernel that a table names, whole and optimized as in a program; nothing needs to be linked.
    The newer mangling keeps the arguments of generic functions, which tell one tile from another. The folder and the
    flags are those of tools/aarch64-env.sh, so that what that has built is not built again.
    """
    cargo, rustc = rust()
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "aarch64")
    command = [cargo, "build", "--quiet", "--release", "--target", TARGET, "-p", "ottava-kernels", "--lib"]
    flags = {"CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "-C symbol-mangling-version=v0"}
    environment = os.environ | flags | {"RUSTC": rustc, "CARGO_TARGET_DIR": str(folder)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return folder / TARGET / "release" / "libottava_kernels.rlib"


def functions(binary):
    """Instructions of each function of a library or program, by its demangled name."""
    command = [OBJDUMP, "--disassemble", "--demangle", "--no-show-raw-insn", str(binary)]
    if shutil.which(OBJDUMP) is None:
        raise SystemExit(f"error: {OBJDUMP} is missing; Debian has it in binutils-aarch64-linux-gnu")
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    name, body = "", []
    for line in text.splitlines():
        if start := FUNCTION.match(line):
            # Copies of a generic function have the same name; the first stands for all.
            name, body = start["name"], []
            found.setdefault(name, body)
        elif part := INSTRUCTION.match(line):
            operands = (part["operands"] or "").split("\t//")[0].split(" //")[0].strip()
            goal = destination(part["mnemonic"], operands, name)
            body.append(Instruction(int(part["address"], 16), part["mnemonic"], operands, goal))
    return found
