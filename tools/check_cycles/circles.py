"""Strongly connected components, by Tarjan's algorithm."""


def components(edges):
    """The sets of files that reach each other by uses, each sorted; largest first."""
    after = {}
    for user, used in edges:
        after.setdefault(user, []).append(used)
        after.setdefault(used, [])
    order, low, stack, found = {}, {}, [], []

    def visit(file):
        order[file] = low[file] = len(order)
        stack.append(file)
        for other in after[file]:
            if other not in order:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], order[other])
        if low[file] == order[file]:
            start = stack.index(file)
            if len(stack) - start > 1:
                found.append(sorted(stack[start:]))
            del stack[start:]

    for file in sorted(after):
        if file not in order:
            visit(file)
    return sorted(found, key=lambda files: (-len(files), files))
