"""The modules of a crate: what each defines, imports and re-exports, and the tokens of its code."""

import dataclasses
import pathlib

from .tokens import CLOSING, end_of_group, lex

ITEMS = {"fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"}
# What may stand before the word that says what an item is.
QUALIFIERS = {"unsafe", "async", "extern", "default", "auto", "safe"}


@dataclasses.dataclass
class Import:
    """One name of a `use`: the path, the name that it gets here (`*` for all), and whether it is offered to others."""

    path: list
    name: str
    line: int
    exported: bool


@dataclasses.dataclass
class Module:
    """A module, in a file or inside another module's file. `impls` has the type's path and the name of inherent methods."""

    file: pathlib.Path
    parent: "Module | None" = None
    items: set = dataclasses.field(default_factory=set)
    children: dict = dataclasses.field(default_factory=dict)
    imports: list = dataclasses.field(default_factory=list)
    bodies: list = dataclasses.field(default_factory=list)
    impls: list = dataclasses.field(default_factory=list)

    def root(self):
        return self.parent.root() if self.parent else self

    def tree(self):
        yield self
        for same_name in self.children.values():
            for child in same_name:
                yield from child.tree()


def load(source):
    """The root module of the crate whose sources are in a folder."""
    file = next(path for name in ("lib.rs", "main.rs") if (path := source / name).exists())
    root = Module(file)
    Parser(root, lex(file.read_text()), source).items()
    return root


class Parser:
    """Reads the items of one module. `folder` is where the files of its children are."""

    def __init__(self, module, tokens, folder):
        self.module, self.tokens, self.folder, self.at = module, tokens, folder, 0

    def text(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at].text if at < len(self.tokens) else ""

    def items(self):
        while self.at < len(self.tokens):
            tested = self.attributes()
            exported = self.visibility()
            start = self.at
            if self.text() == "use":
                self.at += 1
                found = use_tree(self, exported)
                self.module.imports += [] if tested else found
            elif self.text() == "mod":
                self.child(tested)
            else:
                self.item(tested)
                if not tested:
                    self.module.bodies.append(self.tokens[start : self.at])

    def attributes(self):
        """Passes attributes; whether they leave the item to tests."""
        tested = False
        while self.text() == "#":
            start = self.at + (2 if self.text(1) == "!" else 1)
            self.at = end_of_group(self.tokens, start)
            words = [token.text for token in self.tokens[start + 1 : self.at - 1]]
            tested |= words[:4] == ["cfg", "(", "test", ")"] or words[:5] == ["cfg", "(", "all", "(", "test"]
            if words[:1] == ["path"]:
                raise NotImplementedError(f"{self.module.file}: #[path]")
        return tested

    def visibility(self):
        if self.text() != "pub":
            return False
        self.at += 1
        if self.text() == "(":
            self.at = end_of_group(self.tokens, self.at)
        return True

    def child(self, tested):
        name = self.text(1)
        self.at += 2
        inner = None
        if self.text() == "{":
            end = end_of_group(self.tokens, self.at)
            inner = self.tokens[self.at + 1 : end - 1]
            self.at = end
        else:
            self.at += 1
        if tested:
            return
        folder = self.folder / name
        file = self.module.file
        if inner is None:
            file = next(file for file in (self.folder / f"{name}.rs", folder / "mod.rs") if file.exists())
            inner = lex(file.read_text())
        child = Module(file, self.module)
        self.module.children.setdefault(name, []).append(child)
        Parser(child, inner, folder).items()

    def item(self, tested):
        """Passes an item and notes its name."""
        start = self.at
        while self.text() in QUALIFIERS or self.tokens[self.at].kind == "text":
            self.at += 1
        if self.text() == "const" and self.text(1) in QUALIFIERS | {"fn"}:
            self.at += 1
            return self.item(tested)
        kind, name = self.text(), self.text(2 if self.text() == "macro_rules" or self.text(1) == "mut" else 1)
        if kind in ITEMS and not tested:
            self.module.items.add(name)
        self.to_end(kind)
        if kind == "impl" and not tested:
            self.inherent(self.tokens[start : self.at])

    def to_end(self, kind):
        """Goes behind the `;` or the block that ends an item."""
        depth = 0
        whole = kind in ("const", "static", "type")
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            sign = token.text if token.kind == "sign" else ""
            depth += {"<": 1, ">": -1}.get(sign, 0) if not whole else 0
            if sign in CLOSING:
                self.at = end_of_group(self.tokens, self.at)
                if sign == "{" and depth <= 0 and not whole:
                    return
                continue
            self.at += 1
            if sign == ";":
                return

    def inherent(self, tokens):
        """Notes the methods of an `impl` block that is of no trait."""
        head = next(at for at, token in enumerate(tokens) if token.text == "{")
        if any(token.text == "for" and tokens[at + 1].text != "<" for at, token in enumerate(tokens[:head])):
            return
        path = path_of_type(tokens[1:head])
        self.module.impls += [
            (path, tokens[at + 1].text)
            for at in range(head, len(tokens) - 1)
            if tokens[at].text == "fn" and tokens[at + 1].kind == "name"
        ]


def path_of_type(tokens):
    """The path of the type in the head of an `impl` without its arguments, as a list of names."""
    depth, path = 0, []
    for token in tokens:
        depth += {"<": 1, ">": -1}.get(token.text, 0)
        if token.text == "where":
            break
        if depth == 0 and token.kind == "name":
            path.append(token.text)
    return path


def use_tree(parser, exported):
    """Reads what follows the word `use` up to its `;`, as a list of imports."""
    found = []

    def branch(prefix):
        path = list(prefix)
        while True:
            token = parser.tokens[parser.at]
            parser.at += 1
            if token.text == "{":
                while parser.text() != "}":
                    branch(path)
                    parser.at += parser.text() == ","
                parser.at += 1
                return
            if token.text == "*":
                found.append(Import(path, "*", token.line, exported))
                return
            if token.kind == "name":
                path.append(token.text)
                if parser.text() != "::":
                    break
        if path[-1] == "self" and len(path) > 1:
            path.pop()
        name = path[-1]
        if parser.text() == "as":
            name = parser.text(1)
            parser.at += 2
        found.append(Import(path, name, token.line, exported))

    branch([])
    if parser.text() == ";":
        parser.at += 1
    return found
