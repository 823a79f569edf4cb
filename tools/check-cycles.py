#!/usr/bin/env python3
"""Finds circles of files that use each other in a crate.

    tools/check-cycles.py                     the crates `kernels` and `engine`; fails if there is a circle
    tools/check-cycles.py CRATE...            these folders
    tools/check-cycles.py --edges PATH        prints what the file uses of other files, and who uses it
    tools/check-cycles.py --self-test         tests this program

A file uses another when its code names an item that the other defines: in a `use`, in a path, or by a name that a
re-export or a glob brought in. Names are followed through re-exports to the file that defines the item. `mod x;` and
re-exports (`pub use`, `pub(super) use`) alone use nothing, so a parent may declare its children, and offer their
items, while they use the parent's items. A macro is used where it is invoked; `$crate` paths in it are the macro's own.
A method counts where its `impl` block stands in another file than the type, and only one type has a method of that name.
Code under `#[cfg(test)]` is left out, comments and strings are no code.
"""

import argparse
import pathlib
import sys

# No compiled modules beside the sources.
sys.dont_write_bytecode = True

from check_cycles import circles, modules, self_test, uses

ROOT = pathlib.Path(__file__).resolve().parent.parent


def edges_of(crate):
    """The uses between the files of a crate: `{(user, used): [(line, name), ...]}`."""
    return uses.between_files(modules.load(crate / "src"))


def relative(path):
    path = path.resolve()
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def places(user, names, most):
    """Where a file names items of another, as lines of text."""
    shown = [f"{relative(user)}:{line} {name}" for line, name in sorted(set(names))]
    return shown[:most] + ([f"and {len(shown) - most} more"] if len(shown) > most else [])


def report(crate, most):
    """Prints the circles of a crate; whether it has any."""
    edges = edges_of(crate)
    found = circles.components(edges)
    for number, files in enumerate(found, 1):
        print(f"{crate.name}: circle {number}, {len(files)} files: {' '.join(str(relative(file)) for file in files)}")
        for (user, used), names in sorted(edges.items()):
            if user in files and used in files:
                print(f"    {relative(user)} uses {relative(used)}:")
                print("".join(f"        {place}\n" for place in places(user, names, most)), end="")
    print(f"{crate.name}: {len({file for edge in edges for file in edge})} files that use each other, {len(found)} circles")
    return bool(found)


def show_edges(crates, path):
    path = path.resolve()
    for crate in crates:
        for (user, used), names in sorted(edges_of(crate).items()):
            if path in (user.resolve(), used.resolve()):
                print(f"{relative(user)} uses {relative(used)}: {', '.join(sorted({name for _, name in names}))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crates", nargs="*", type=pathlib.Path, help="folders of crates [kernels engine]")
    parser.add_argument("--all", action="store_true", help="print every place of a circle's uses, not the first three")
    parser.add_argument("--edges", type=pathlib.Path, metavar="PATH", help="print the uses of and by this file")
    parser.add_argument("--self-test", action="store_true", help="test this program")
    options = parser.parse_args()
    if options.self_test:
        return self_test.run()
    crates = options.crates or [ROOT / "kernels", ROOT / "engine"]
    if options.edges:
        return show_edges(crates, options.edges)
    return int(any([report(crate, sys.maxsize if options.all else 3) for crate in crates]))


if __name__ == "__main__":
    sys.exit(main())
