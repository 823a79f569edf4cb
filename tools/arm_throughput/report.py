"""The tables of docs/arm-throughput.md, and the record that they are."""

import re

from . import assembly, model

DOCUMENT = assembly.ROOT / "docs" / "arm-throughput.md"
COMPILER = re.compile(r"^Compiler: (?P<name>.*)\.$", re.M)
# Rows of the table of counts: a kernel's name in backticks, and its cost in the last column but one.
ROW = re.compile(r"^\| `(?P<kernel>[^`]+)` \|.*\| (?P<cost>[0-9.]+) \| \d+ \|$", re.M)


def head(first, *others):
    """The first lines of a table: names of columns, of which all but the first have numbers."""
    return [f"| {first} | " + " | ".join(others) + " |", "|---" + "|---:" * len(others) + "|"]


def counts_table(kernels):
    """What the assembly has, per kernel."""
    lines = [f"Compiler: {assembly.compiler()}.", ""]
    lines += head("kernel", "instructions", "multiplies", "MACs", "loads", "stores", "instructions per MAC", "spills")
    lines += [products_row(kernel) for kernel in kernels if kernel.multiplies()]
    lines += ["", *head("kernel", "instructions", "bytes read", "bytes written", "instructions per 16 bytes", "spills")]
    lines += [values_row(kernel) for kernel in kernels if not kernel.multiplies()]
    return "\n".join(lines)


def products_row(kernel):
    c = kernel.counts
    if c is None:
        return f"| `{kernel.name}` | none found | | | | | | |"
    cells = [c.instructions, c.multiplies, c.macs, c.loads, c.stores, f"{kernel.cost():.4f}", c.spills]
    return f"| `{kernel.name}` | " + " | ".join(map(str, cells)) + " |"


def values_row(kernel):
    c = kernel.counts
    if c is None:
        return f"| `{kernel.name}` | calls in every loop | | | | |"
    cells = [c.instructions, c.loaded_bytes, c.stored_bytes, f"{kernel.cost():.2f}", c.spills]
    return f"| `{kernel.name}` | " + " | ".join(map(str, cells)) + " |"


def products_model(kernels):
    """Cycles a turn and share of the peak of each core, for what multiplies."""
    cores = [core for core in model.CORES if any(core in model.CORES_OF[k.isa] for k in kernels)]
    lines = head("kernel", "MACs", *cores)
    for kernel in kernels:
        if not kernel.multiplies() or kernel.loop is None:
            continue
        text = [model.line(instruction) for instruction in kernel.loop]
        cells = [products_cell(kernel, text, core) for core in cores]
        lines.append(f"| `{kernel.name}` | {kernel.counts.macs} | " + " | ".join(cells) + " |")
    lines += peaks_rows(cores, {kernel.peak() for kernel in kernels if kernel.multiplies()})
    return "\n".join(lines)


def products_cell(kernel, text, core):
    if core not in model.CORES_OF[kernel.isa]:
        return ""
    turn = model.cycles(text, core)
    share = kernel.counts.macs / turn / model.peak(kernel.peak(), core)
    return f"{turn:.1f} ({100 * share:.0f} %)"


def peaks_rows(cores, kinds):
    """MACs a cycle at the peak."""
    rows = []
    for kind in sorted(kinds, key=list(model.CORES_OF).index):
        cells = [f"{model.peak(kind, core):.1f}" if core in model.CORES_OF[kind] else "" for core in cores]
        rows.append(f"| peak of {kind}, MACs a cycle | | " + " | ".join(cells) + " |")
    return rows


def values_model(kernels):
    """Cycles for sixteen bytes, for what does not multiply."""
    cores = ["cortex-a53", "cortex-a55", "cortex-a72", "neoverse-n1", "neoverse-v1"]
    lines = head("kernel", *cores)
    for kernel in kernels:
        if kernel.multiplies() or kernel.loop is None:
            continue
        text = [model.line(instruction) for instruction in kernel.loop]
        turns = 16 / (kernel.counts.stored_bytes or kernel.counts.loaded_bytes)
        cells = [f"{turns * model.cycles(text, core):.1f}" for core in cores]
        lines.append(f"| `{kernel.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sections(kernels):
    """The generated parts of the document by their marks; without `llvm-mca` only the counts."""
    if model.program() is None:
        return {"counts": counts_table(kernels)}
    note = f"llvm-mca {model.version()}, {model.TURNS} turns.\n\n"
    return {
        "counts": counts_table(kernels),
        "model": note + products_model(kernels),
        "model-values": note + values_model(kernels),
    }


def write(found):
    """Puts the generated parts into the document, between their marks."""
    text = DOCUMENT.read_text()
    for mark, body in found.items():
        start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
        before, rest = text.split(start)
        text = before + start + body + "\n" + end + rest.split(end, 1)[1]
    DOCUMENT.write_text(text)


def recorded():
    """The compiler that the document names, and the cost of each kernel in it."""
    text = DOCUMENT.read_text()
    return COMPILER.search(text)["name"], {row["kernel"]: float(row["cost"]) for row in ROW.finditer(text)}
