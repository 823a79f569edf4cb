"""Which files of a crate name items of which others."""

import collections

from .modules import Parser, use_tree

STARTS = ("crate", "self", "super")


def between_files(root):
    """`{(user, used): [(line, name), ...]}` for all pairs of different files."""
    edges = collections.defaultdict(list)
    foreign = foreign_methods(root)
    for module in root.tree():
        for line, name, files in named_by(module, foreign):
            for file in files:
                if file != module.file:
                    edges[module.file, file].append((line, name))
    return dict(edges)


def named_by(module, foreign):
    """Line, name and defining files of what a module's code names."""
    for imported in module.imports:
        if not imported.exported and imported.name != "*":
            yield imported.line, "::".join(imported.path), files_of(module, imported.path)
    for body in module.bodies:
        yield from in_body(module, body, foreign)


def in_body(module, tokens, foreign):
    at = 0
    while at < len(tokens):
        token = tokens[at]
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind != "name":
            at += 1
        elif token.text == "use" and after != "<":
            parser = Parser(module, tokens, None)
            parser.at = at + 1
            for imported in use_tree(parser, False):
                yield imported.line, "::".join(imported.path), files_of(module, imported.path)
            at = parser.at
        elif before == ".":
            if after in ("(", "::") and token.text in foreign:
                yield token.line, f".{token.text}()", {foreign[token.text]}
            at += 1
        else:
            path = [token.text]
            while at + 2 < len(tokens) and tokens[at + 1].text == "::" and tokens[at + 2].kind == "name":
                path.append(tokens[at + 2].text)
                at += 2
            at += 1
            if before not in ("fn", "let", "::") and (len(path) > 1 or names_item(path[0], after)):
                yield token.line, "::".join(path), files_of(module, path)
                if len(path) > 1 and path[-1] in foreign:
                    yield token.line, "::".join(path), {foreign[path[-1]]}


def names_item(name, after):
    """Whether a single name can be an item's: a type, a constant, a call or a macro, and no variable or field."""
    return name not in STARTS and (name[0].isupper() or after in ("(", "!", "::"))


def files_of(module, path):
    """The files that define the item at the end of a path; none where it is a module or lies outside of the crate."""
    return {file for kind, file in resolve(module, path, set()) if kind == "item"}


def resolve(module, path, seen):
    """`("item", file)` and `("module", module)` for what a path means in a module, through imports of any depth."""
    here = [module]
    if path[0] in STARTS:
        path = list(path)
        while path and path[0] in STARTS:
            step = path.pop(0)
            here = [module.root() if step == "crate" else module.parent if step == "super" else module]
            module = here[0]
            if module is None:
                return []
    for position, name in enumerate(path):
        last = position + 1 == len(path)
        found = [entry for module in here for entry in look_up(module, name, seen)]
        modules = [entry for kind, entry in found if kind == "module"]
        items = [entry for kind, entry in found if kind == "item"]
        if last:
            return found
        if not modules:
            return [("item", file) for file in items]
        here = modules
    return [("module", module) for module in here]


def look_up(module, name, seen):
    """What a name means in a module: its own item or child, else what an import or a glob brings in."""
    if (id(module), name) in seen:
        return []
    seen = seen | {(id(module), name)}
    found = [("module", child) for child in module.children.get(name, [])]
    if name in module.items:
        found.append(("item", module.file))
    for imported in module.imports:
        if imported.name == name:
            found += resolve(module, imported.path, seen)
    if not found:
        for imported in module.imports:
            if imported.name == "*":
                found += resolve(module, [*imported.path, name], seen)
    return found


def foreign_methods(root):
    """`{method: file}` of the inherent methods that stand in another file than their type, and that one type alone has."""
    owners, places = collections.defaultdict(set), {}
    for module in root.tree():
        for type_path, method in module.impls:
            files = files_of(module, type_path)
            owners[method].add((tuple(files), type_path[-1]))
            if files and module.file not in files:
                places[method] = module.file
    return {method: file for method, file in places.items() if len(owners[method]) == 1}
