//! Every kernel of this build by family, instruction set and name.

use crate::kernel_id::KernelId;
use crate::{
    add, arg_extreme, convert, copy, depthwise, depthwise16, extremum, gemm, gemm16, lut, lut16, matmul, mean,
    movement, mul, pair_table, pair16, pool, pool16, resize, softmax,
};

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
