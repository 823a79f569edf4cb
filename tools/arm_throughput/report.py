"""The tables of docs/arm-throughput.md, and the record that they are."""

import re

from . import assembly, model

DOCUMENT = assembly.ROOT / "docs" / "arm-throughput.md"
COMPILER = re.compile(r"^Compiler: (?P<name>.*)\.$", re.M)
# Rows of the tables of counts: the names of kernels, and in the last two columns their cost and spills.
ROW = re.compile(r"^\| (?P<names>`[^|]+`) \|.*\| (?P<cost>[0-9.]+) \| (?P<spills>\d+) \|$", re.M)


def rows(kernels, cells):
    """A row for each kernel, of what `cells` gives for it; forms of one entry with the same numbers share theirs."""
    shared = {}
    for kernel in kernels:
        shared.setdefault((kernel.function.split("<")[0], tuple(map(str, cells(kernel)))), []).append(kernel.name)
    return [f"| {names(found)} | " + " | ".join(numbers) + " |" for (_, numbers), found in shared.items()]


def names(found):
    """The first name whole, of the others what is within angle brackets and after."""
    forms = [name.partition("<") for name in found[1:]]
    return ", ".join(f"`{name}`" for name in [found[0], *("<" + form for _, _, form in forms)])


def all_names(text):
    """Undoes `names`."""
    first, *forms = text.strip("`").split("`, `")
    return [first, *(first.partition("<")[0] + form for form in forms)]


def head(first, *others):
    """The first lines of a table: names of columns, of which all but the first have numbers."""
    return [f"| {first} | " + " | ".join(others) + " |", "|---" + "|---:" * len(others) + "|"]


def counts_table(kernels):
    """What the assembly has, per kernel."""
    lines = [f"Compiler: {assembly.compiler()}.", ""]
    columns = ["instructions", "multiplies", "MACs", "loads", "stores"]
    lines += head("kernel", *columns, "instructions per 16 outputs", "instructions per MAC", "spills")
    lines += rows([kernel for kernel in kernels if kernel.multiplies()], products_counts)
    lines += ["", *head("kernel", "instructions", "bytes read", "bytes written", "instructions per 16 bytes", "spills")]
    lines += rows([kernel for kernel in kernels if not kernel.multiplies()], values_counts)
    return "\n".join(lines)


def products_counts(kernel):
    """A kernel's numbers in the first table of counts."""
    c = kernel.counts
    if c is None:
        return ["none found", *[""] * 7]
    outputs = f"{16 * c.instructions / c.stored_bytes:.1f}" if c.stored_bytes else ""
    return [c.instructions, c.multiplies, c.macs, c.loads, c.stores, outputs, f"{kernel.cost():.4f}", c.spills]


def values_counts(kernel):
    """A kernel's numbers in the second table of counts."""
    c = kernel.counts
    if c is None:
        return ["calls in every loop", *[""] * 4]
    return [c.instructions, c.loaded_bytes, c.stored_bytes, f"{kernel.cost():.2f}", c.spills]


def products_model(kernels):
    """Cycles a turn and share of the peak of each core, for what multiplies."""
    cores = [core for core in model.CORES if any(core in model.CORES_OF[k.isa] for k in kernels)]
    lines = head("kernel", "MACs", *cores)
    found = [kernel for kernel in kernels if kernel.multiplies() and kernel.loop is not None]
    lines += rows(found, lambda kernel: [kernel.counts.macs, *(products_cell(kernel, core) for core in cores)])
    lines += peaks_rows(cores, {kernel.peak() for kernel in kernels if kernel.multiplies()})
    return "\n".join(lines)


def products_cell(kernel, core):
    """Cycles a turn and the share of the peak; nothing for a core without the instructions."""
    if core not in model.CORES_OF[kernel.isa]:
        return ""
    turn = model.cycles([model.line(instruction) for instruction in kernel.loop], core)
    share = kernel.counts.macs / turn / model.peak(kernel.peak(), core)
    return f"{turn:.1f} ({100 * share:.0f} %)"


def peaks_rows(cores, kinds):
    """MACs a cycle at the peak."""
    lines = []
    for kind in sorted(kinds, key=list(model.CORES_OF).index):
        cells = [f"{model.peak(kind, core):.1f}" if core in model.CORES_OF[kind] else "" for core in cores]
        lines.append(f"| peak of {kind}, MACs a cycle | | " + " | ".join(cells) + " |")
    return lines


def values_model(kernels):
    """Cycles for sixteen bytes, for what does not multiply."""
    cores = ["cortex-a53", "cortex-a55", "cortex-a72", "neoverse-n1", "neoverse-v1"]
    lines = head("kernel", *cores)
    found = [kernel for kernel in kernels if not kernel.multiplies() and kernel.loop is not None]
    lines += rows(found, lambda kernel: [values_cell(kernel, core) for core in cores])
    return "\n".join(lines)


def values_cell(kernel, core):
    """Cycles for sixteen bytes."""
    turns = 16 / (kernel.counts.stored_bytes or kernel.counts.loaded_bytes)
    return f"{turns * model.cycles([model.line(instruction) for instruction in kernel.loop], core):.1f}"


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
    """The compiler that the document names, and cost and spills of each kernel in it."""
    text = DOCUMENT.read_text()
    found = {}
    for row in ROW.finditer(text):
        found |= dict.fromkeys(all_names(row["names"]), (float(row["cost"]), int(row["spills"])))
    return COMPILER.search(text)["name"], found
