#!/usr/bin/env python3
"""Lists what the crate `ottava` makes public, one item a line, so that a change of it shows in a diff.

    tools/public-api.py            fails where the list differs from docs/api/ottava.txt, and prints how
    tools/public-api.py --write    writes the list

What rustdoc knows of the crate is its JSON, which the stable toolchain writes as well if it is told to (`RUSTC_BOOTSTRAP`). Items are
listed where they can be named, with types and bounds; traits that every type has by itself (`Send`, `Unpin`) and blanket
implementations are left out.
"""

import argparse
import difflib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
LIST = ROOT / "docs/api/ottava.txt"
CRATE = "ottava"
# What stands in a file that a generator wrote; `docs/support.md` lists what of it is read.
GENERATED = {"schema"}


def rustdoc():
    command = ["cargo", "rustdoc", "--quiet", "-p", CRATE, "--lib", "--", "-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(TARGET)})
    return json.loads((TARGET / f"doc/{CRATE}.json").read_text())


def joined(parts):
    return ", ".join(part for part in parts if part)


def bounds(list_):
    return " + ".join(bound(one) for one in list_)


def bound(one):
    if "trait_bound" in one:
        modifier = {"none": "", "maybe": "?", "maybe_const": "~const "}[one["trait_bound"]["modifier"]]
        return modifier + path(one["trait_bound"]["trait"])
    return one.get("outlives") or "use<..>"


def path(named):
    """A type or trait by its own name, with arguments."""
    name = (named.get("path") or named.get("name")).split("::")[-1]
    return name + arguments(named.get("args"))


def arguments(args):
    if not args:
        return ""
    if "parenthesized" in args:
        of = args["parenthesized"]
        result = f" -> {type_(of['output'])}" if of["output"] else ""
        return f"({joined(map(type_, of['inputs']))}){result}"
    of = args.get("angle_bracketed", {})

    def argument(one):
        (kind, value), = one.items() if isinstance(one, dict) else [("infer", "_")]
        return {"lifetime": lambda: value, "type": lambda: type_(value), "const": lambda: value["expr"]}.get(kind, lambda: "_")()

    def constraint(one):
        (kind, value), = one["binding"].items()
        if kind == "equality":
            return f"{one['name']} = {type_(value['type']) if 'type' in value else value['constant']['expr']}"
        return f"{one['name']}: {bounds(value)}"

    inside = joined([*map(argument, of.get("args", [])), *map(constraint, of.get("constraints", []))])
    return f"<{inside}>" if inside else ""


def type_(of):
    if of is None:
        return "()"
    (kind, value), = of.items() if isinstance(of, dict) else [(of, None)]
    match kind:
        case "primitive" | "generic":
            return value
        case "resolved_path":
            return path(value)
        case "borrowed_ref":
            lifetime = f"{value['lifetime']} " if value["lifetime"] else ""
            return f"&{lifetime}{'mut ' if value['is_mutable'] else ''}{type_(value['type'])}"
        case "raw_pointer":
            return f"*{'mut' if value['is_mutable'] else 'const'} {type_(value['type'])}"
        case "slice":
            return f"[{type_(value)}]"
        case "array":
            return f"[{type_(value['type'])}; {value['len']}]"
        case "tuple":
            return f"({joined(map(type_, value))}{',' if len(value) == 1 else ''})"
        case "impl_trait":
            return f"impl {bounds(value)}"
        case "dyn_trait":
            traits = [path(one["trait"]) for one in value["traits"]]
            return "dyn " + " + ".join(traits + ([value["lifetime"]] if value["lifetime"] else []))
        case "qualified_path":
            of_trait = f" as {path(value['trait'])}" if value.get("trait") else ""
            return f"<{type_(value['self_type'])}{of_trait}>::{value['name']}"
        case "function_pointer":
            return "fn" + signature(value["sig"])
    return kind


def signature(sig):
    def argument(name, of):
        as_self = {"Self": "self", "&Self": "&self", "&mut Self": "&mut self"}
        written = type_(of)
        return as_self.get(written) or f"self: {written}" if name == "self" else f"{name}: {written}"

    result = f" -> {type_(sig['output'])}" if sig["output"] else ""
    return f"({joined(argument(*one) for one in sig['inputs'])}){result}"


def generics(of):
    """What stands behind a name, and the bounds behind the item."""
    names, where = [], []
    for param in of["params"]:
        (kind, value), = param["kind"].items()
        if kind == "type" and value.get("is_synthetic"):
            continue
        suffix = f": {bounds(value['bounds'])}" if kind == "type" and value["bounds"] else ""
        names.append(f"const {param['name']}: {type_(value['type'])}" if kind == "const" else param["name"] + suffix)
    for predicate in of["where_predicates"]:
        if "bound_predicate" in predicate:
            one = predicate["bound_predicate"]
            where.append(f"{type_(one['type'])}: {bounds(one['bounds'])}")
    return (f"<{joined(names)}>" if names else ""), (f" where {joined(where)}" if where else "")


class Listing:
    def __init__(self, document):
        self.index, self.lines = document["index"], set()
        self.module(document["root"], CRATE)

    def item(self, id_):
        return self.index.get(str(id_))

    def module(self, id_, at):
        for child in self.item(id_)["inner"]["module"]["items"]:
            self.child(child, at)

    def child(self, id_, at):
        item = self.item(id_)
        if item is None or item["visibility"] not in ("public", "default"):
            return
        (kind, body), = item["inner"].items()
        if kind == "use":
            target = self.item(body["id"])
            if target is None:
                self.lines.add(f"use {at}::{body['name']} = {body['source']}")
            elif body["is_glob"]:
                self.module(body["id"], at)
            else:
                self.named(target, f"{at}::{body['name']}")
        else:
            self.named(item, f"{at}::{item['name']}")

    def named(self, item, at):
        (kind, body), = item["inner"].items()
        if kind == "module":
            self.lines.add(f"mod {at}")
            if item["name"] not in GENERATED:
                self.module(item["id"], at)
            return
        names, where = generics(body["generics"]) if isinstance(body, dict) and "generics" in body else ("", "")
        match kind:
            case "struct" | "union":
                self.lines.add(f"{kind} {at}{names}{where}{self.exhaustive(item)}")
                self.fields(body["kind"] if kind == "struct" else {"plain": {"fields": body["fields"]}}, at)
            case "enum":
                self.lines.add(f"enum {at}{names}{where}{self.exhaustive(item)}")
                for variant in map(self.item, body["variants"]):
                    self.variant(variant, at)
            case "trait":
                supers = f": {bounds(body['bounds'])}" if body["bounds"] else ""
                self.lines.add(f"{'unsafe ' if body['is_unsafe'] else ''}trait {at}{names}{supers}{where}")
                for child in body["items"]:
                    self.child(child, at)
            case "function":
                words = "".join(f"{word} " for word in ("const", "unsafe", "async") if body["header"][f"is_{word}"])
                self.lines.add(f"{words}fn {at}{names}{signature(body['sig'])}{where}")
            case "constant" | "static" | "assoc_const":
                self.lines.add(f"const {at}: {type_(body['type'])}")
            case "type_alias":
                self.lines.add(f"type {at}{names} = {type_(body['type'])}")
            case "assoc_type":
                self.lines.add(f"type {at}: {bounds(body['bounds'])}")
            case "macro" | "proc_macro":
                self.lines.add(f"macro {at}")
        if kind in ("struct", "union", "enum"):
            self.implementations(body["impls"], at)

    @staticmethod
    def exhaustive(item):
        return " (non-exhaustive)" if any("non_exhaustive" in str(attribute) for attribute in item["attrs"]) else ""

    def fields(self, kind, at):
        fields = kind.get("plain", {}).get("fields", []) if isinstance(kind, dict) else []
        fields += kind.get("tuple", []) if isinstance(kind, dict) else []
        for field in filter(None, map(self.item, filter(None, fields))):
            if field["visibility"] in ("public", "default"):
                self.lines.add(f"field {at}.{field['name']}: {type_(field['inner']['struct_field'])}")

    def variant(self, variant, at):
        kind = variant["inner"]["variant"]["kind"]
        fields = kind.get("tuple") or kind.get("struct", {}).get("fields", []) if isinstance(kind, dict) else []
        inside = joined(type_(self.item(field)["inner"]["struct_field"]) for field in fields if field is not None)
        self.lines.add(f"variant {at}::{variant['name']}" + (f"({inside})" if inside else ""))

    def implementations(self, impls, at):
        traits = set()
        for found in filter(None, map(self.item, impls)):
            body = found["inner"]["impl"]
            if body["is_synthetic"] or body["blanket_impl"]:
                continue
            if body["trait"] is None:
                for child in body["items"]:
                    self.child(child, at)
            elif not path(body["trait"]).startswith("Structural"):
                traits.add(path(body["trait"]))
        if traits:
            self.lines.add(f"impl {at}: {joined(sorted(traits))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    arguments_ = parser.parse_args()
    lines = sorted(Listing(rustdoc()).lines, key=lambda line: (line.split(" ", 1)[1].removeprefix("fn ").split("(")[0], line))
    text = "\n".join(lines) + "\n"
    if arguments_.write:
        LIST.parent.mkdir(exist_ok=True)
        LIST.write_text(text)
        return 0
    known = LIST.read_text() if LIST.exists() else ""
    if known == text:
        print(f"{len(lines)} public items, as {LIST.relative_to(ROOT)} has them")
        return 0
    sys.stdout.writelines(difflib.unified_diff(known.splitlines(True), text.splitlines(True), str(LIST.relative_to(ROOT)), "now", n=0))
    print("The public interface has changed. If it is meant to: tools/public-api.py --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
