//! What a kernel is called.

use alloc::borrow::Cow;
use core::fmt;

use crate::isa::Isa;

/// Which kernel something is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelId {
    /// The family, in words.
    pub family: &'static str,
    /// The instruction set that the kernel is compiled for; `None` where every CPU runs the same code.
    pub isa: Option<Isa>,
    /// The name, unique in a build: operation, stored types, instruction set, elements or tile of a step.
    pub name: Cow<'static, str>,
}

impl KernelId {
    /// A kernel of an instruction set.
    pub fn new(family: &'static str, isa: Isa, name: impl Into<Cow<'static, str>>) -> Self {
        Self { family, isa: Some(isa), name: name.into() }
    }

    /// A kernel that every CPU runs.
    pub fn portable(family: &'static str, name: impl Into<Cow<'static, str>>) -> Self {
        Self { family, isa: None, name: name.into() }
    }
}

/// The name.
impl fmt::Display for KernelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}
