"""Inner loops of a disassembled function, by its flow graph.

Rare paths often lie outside of their loop's addresses, or inside of another loop's, so addresses do not tell which
instructions a loop has. Blocks that call other functions are left out, and what only follows them: what is hot has none.
"""

import dataclasses


@dataclasses.dataclass
class Block:
    """Instructions without a jump into or out of their middle, and the blocks that may follow."""

    instructions: list
    after: list


def inner_loops(body, work):
    """A turn of each loop that holds no other loop: instructions in the order in which they run.

    Of several ways through a loop it is the shortest of those that do most, by what `work` says of a list of
    instructions: mostly the cheapest of several forms of one step.
    """
    blocks = flow_graph(body)
    loops = {head: without_calls(head, members, blocks) for head, members in natural_loops(blocks).items()}
    loops = {head: members for head, members in loops.items() if members}
    inner = [head for head, members in loops.items() if not any(other in members for other in loops if other != head)]
    return [turn(head, loops[head], blocks, work) for head in sorted(inner)]


def turn(head, members, blocks, work):
    """The instructions of the best way from a loop's head back to it."""
    best = {}

    def way(start):
        # Most work, then fewest instructions, from a block to the head.
        if start not in best:
            best[start] = None
            own = blocks[start].instructions
            ends = [((0, 0), [])] if head in blocks[start].after else []
            ends += [w for a in blocks[start].after if a in members and a != head and (w := way(a)) is not None]
            if ends:
                (done, length), rest = max(ends, key=lambda end: end[0])
                best[start] = (done + work(own), length - len(own)), own + rest
        return best[start]

    return way(head)[1]


def without_calls(head, members, blocks):
    """The blocks of a loop that a turn without a call can pass; none if there is no such turn."""
    quiet = {start for start in members if not calls(blocks[start])}
    after = {start: [a for a in blocks[start].after if a in quiet] for start in quiet}
    before = {start: [b for b in quiet if start in after[b]] for start in quiet}
    if head not in quiet or not before[head]:
        return set()
    return reached(head, after) & reached(head, before)


def reached(start, edges):
    """Blocks that are reached from one; itself among them where it lies on a cycle."""
    found, waiting = set(), [start]
    while waiting:
        new = set(edges[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def calls(block):
    """Whether a block calls a function."""
    return any(i.mnemonic in ("bl", "blr") for i in block.instructions)


def flow_graph(body):
    """Blocks of a function by their first address."""
    own = {i.address for i in body}
    starts = {body[0].address} if body else set()
    for here, following in zip(body, body[1:]):
        if here.is_branch() or here.mnemonic in ("ret", "br", "bl", "blr", "udf", "brk"):
            starts.add(following.address)
        if here.destination in own:
            starts.add(here.destination)
    if body and body[-1].destination in own:
        starts.add(body[-1].destination)
    blocks = {}
    for index, instruction in enumerate(body):
        if instruction.address in starts:
            block = blocks.setdefault(instruction.address, Block([], []))
        block.instructions.append(instruction)
        following = body[index + 1].address if index + 1 < len(body) else None
        if following is None or following in starts:
            if instruction.destination in own:
                block.after.append(instruction.destination)
            if following is not None and instruction.mnemonic not in ("b", "ret", "br", "udf", "brk"):
                block.after.append(following)
    return blocks


def natural_loops(blocks):
    """Blocks of each loop by the address of its head: those from which its head is reached without passing it."""
    before = {start: [] for start in blocks}
    for start, block in blocks.items():
        for after in block.after:
            before[after].append(start)
    dominators = dominating(blocks, before)
    loops = {}
    for latch, block in blocks.items():
        for head in block.after:
            if head not in dominators[latch]:
                continue
            members = loops.setdefault(head, {head})
            waiting = [latch]
            while waiting:
                member = waiting.pop()
                if member not in members:
                    members.add(member)
                    waiting += before[member]
    return loops


def dominating(blocks, before):
    """For each block those that every way to it passes, itself among them."""
    every = set(blocks)
    roots = {start for start in blocks if not before[start]} or {min(blocks, default=0)}
    dominators = {start: {start} if start in roots else every for start in blocks}
    changed = True
    while changed:
        changed = False
        for start in sorted(every - roots):
            found = {start} | set.intersection(*(dominators[b] for b in before[start]))
            if found != dominators[start]:
                dominators[start], changed = found, True
    return dominators
