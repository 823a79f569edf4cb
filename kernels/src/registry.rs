//! Every kernel of this build by family, instruction set and name.

use core::fmt;
use std::borrow::Cow;

use crate::isa::Isa;
use crate::{
    add, arg_extreme, convert, copy, depthwise, depthwise16, extremum, gemm, gemm16, lut, lut16, matmul, mean,
    movement, mul, pair_table, pair16, pool, pool16, resize, softmax,
};

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

/// Every kernel, family by family, best first.
pub fn all() -> Vec<KernelId> {
    [
        gemm::kernels(),
        depthwise::kernels(),
        pool::kernels(),
        add::kernels(),
        mul::kernels(),
        extremum::kernels(),
        mean::kernels(),
        convert::kernels(),
        lut::kernels(),
        resize::kernels(),
        arg_extreme::kernels(),
        matmul::kernels(),
        gemm16::kernels(),
        depthwise16::kernels(),
        pool16::kernels(),
        pair16::kernels(),
        softmax::kernels(),
        lut16::kernels(),
        pair_table::kernels(),
        movement::kernels(),
        copy::kernels(),
    ]
    .concat()
}
