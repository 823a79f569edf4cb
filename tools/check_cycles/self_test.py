"""Crates of a few lines, and the uses and circles that must be found in them."""

import pathlib
import sys
import tempfile

from . import circles, modules, uses

# Name, files, expected uses as "user used", expected circles.
CASES = [
    (
        "declarations and re-exports use nothing",
        {
            "lib.rs": "mod a; pub mod b; pub use a::{A, other as name}; pub(crate) use b::*; pub const LANES: usize = 16;",
            "a.rs": "use crate::LANES; pub struct A([u8; LANES]); pub fn other() {}",
            "b.rs": "pub fn f() -> usize { super::LANES }",
        },
        ["a.rs lib.rs", "b.rs lib.rs"],
        0,
    ),
    (
        "a parent whose code uses a child that uses the parent is a circle",
        {
            "lib.rs": "mod a; pub struct Spec; fn make() { a::run(&Spec) }",
            "a.rs": "pub fn run(_: &super::Spec) {}",
        },
        ["a.rs lib.rs", "lib.rs a.rs"],
        1,
    ),
    (
        "a re-exported name that the code names is used where it is defined",
        {
            "lib.rs": "mod a; mod b; pub use a::A; pub use a::call; fn f(a: A, call: u8) -> u8 { a.call + call }",
            "a.rs": "pub struct A { pub call: u8 } pub fn call() {}",
            "b.rs": "use crate::A; fn g(_: A) { crate::call() }",
        },
        ["b.rs a.rs", "lib.rs a.rs"],
        0,
    ),
    (
        "names are followed through globs and re-exports of modules",
        {
            "lib.rs": "mod a; mod b; mod c;",
            "a/mod.rs": "pub mod inner; pub use inner as renamed;",
            "a/inner.rs": "pub struct Deep; pub const N: usize = 1;",
            "b.rs": "use crate::a::*; fn f() -> usize { renamed::N }",
            "c.rs": "use crate::b; use super::a::renamed::{self as r, Deep}; fn f(_: Deep) -> usize { r::N }",
        },
        ["b.rs a/inner.rs", "c.rs a/inner.rs"],
        0,
    ),
    (
        "tests, comments and texts are no code",
        {
            "lib.rs": "mod a; mod b;",
            "a.rs": '//! crate::b::B\n/* b::B /* b::B */ crate::b::B */ const T: &str = "crate::b::B"; const R: &str = r#"\n"crate::b::B"#;\n'
            "#[cfg(test)] mod tests { use crate::b::B; } #[cfg(test)] use crate::b::B;\n"
            "#[cfg(all(test, unix))] mod more; #[cfg(test)] fn f() -> [u8; { 2 }] { crate::b::B }\n"
            "pub struct A; fn lifetime<'b>(b: &'b u8) -> char { '\"' }",
            "b.rs": "pub struct B; pub type X = crate::a::A;",
        },
        ["b.rs a.rs"],
        0,
    ),
    (
        "code for tests and for an architecture counts",
        {
            "lib.rs": "#[cfg(any(test, unix))] mod a; mod b;",
            "a.rs": "#[cfg(any(test, windows))] pub fn a() { crate::b::b() }",
            "b.rs": "pub fn b() { #[cfg(unix)] crate::a::a() }",
        },
        ["a.rs b.rs", "b.rs a.rs"],
        1,
    ),
    (
        "a macro is used where it is invoked, and its own paths are its file's",
        {
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "macro_rules! call { () => { $crate::c::c() } } pub(crate) use call;",
            "b.rs": "use crate::a::call; fn f() { call!() }",
            "c.rs": "pub fn c() {}",
        },
        ["a.rs c.rs", "b.rs a.rs"],
        0,
    ),
    (
        "modules inside of a file are of that file",
        {
            "lib.rs": "mod a; mod b { pub mod c { pub fn f(_: super::super::a::A) {} } pub struct B; }",
            "a.rs": "pub struct A; fn g(_: crate::b::B) { crate::b::c::f(A) }",
        },
        ["a.rs lib.rs", "lib.rs a.rs"],
        1,
    ),
    (
        "a method in another file than its type is that file's",
        {
            "lib.rs": "mod a; mod b; pub struct S; impl S { fn f(&self) { self.g(); self.h() } fn own(&self) {} } struct T;"
            "impl T { fn h(&self) {} }",
            "a.rs": "use crate::S; impl S { pub fn g(&self) {} }",
            "b.rs": "impl<'a, const N: usize> crate::S where u8: Into<u8> { pub fn h(&self) { Self::own(self) } }",
        },
        ["a.rs lib.rs", "b.rs lib.rs", "lib.rs a.rs"],
        1,
    ),
    (
        "a use inside of a function, types with blocks as arguments, precise captures",
        {
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "fn f<const N: usize>() -> A<{ N }> where u8: Into<u8>, { use crate::b::B; B }\n"
            "pub(in crate::c) const unsafe fn g() -> impl Sized + use<> { 1 } pub struct A<const N: usize>;",
            "b.rs": "pub struct B; fn f(_: crate::c::A<1>) {}",
            "c.rs": "pub use crate::a::*;",
        },
        ["a.rs b.rs", "b.rs a.rs"],
        1,
    ),
    (
        "circles of three",
        {
            "lib.rs": "mod a; mod b; mod c; mod d;",
            "a.rs": "use crate::b::B; pub struct A;",
            "b.rs": "use crate::c::C; pub struct B;",
            "c.rs": "use crate::a::A; pub struct C; use crate::d::D;",
            "d.rs": "pub struct D;",
        },
        ["a.rs b.rs", "b.rs c.rs", "c.rs a.rs", "c.rs d.rs"],
        1,
    ),
]


def run():
    """The exit code: whether a case failed."""
    failed = 0
    for name, files, wanted, circle_count in CASES:
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            for file, text in files.items():
                (source / file).parent.mkdir(exist_ok=True)
                (source / file).write_text(text)
            edges = uses.between_files(modules.load(source))
            found = sorted(f"{user.relative_to(source)} {used.relative_to(source)}" for user, used in edges)
        count = len(circles.components(edges))
        if found != wanted or count != circle_count:
            print(f"{name}: found {found} and {count} circles, should be {wanted} and {circle_count}", file=sys.stderr)
            failed += 1
    print(f"{len(CASES)} cases, {failed} failed")
    return int(failed > 0)
