//! The kernels of every instruction set, and those that all of them run.

use alloc::vec::Vec;

use super::dequantize::DEQUANTIZE;
use super::family;
use super::floats::{Floats, FloatsFn, Loops};
use super::xor::XOR;
use crate::arch::{InstructionSet, Kernel};
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// QUANTIZE of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Entry<FloatsFn>] = table![
    x86_64: entry::<Avx512Vnni, Loops>("quantize_f32_avx512vnni"), entry::<Avx2, Loops>("quantize_f32_avx2"), entry::<Sse41, Loops>("quantize_f32_sse41");
    aarch64: entry::<Neon, super::neon::Rounding>("quantize_f32_neon_x16");
    any: entry::<Scalar, Loops>("quantize_f32_scalar")
];

const fn entry<A: InstructionSet, K: for<'a> Kernel<A, Call<'a> = Floats<'a>>>(name: &'static str) -> Entry<FloatsFn> {
    Entry { isa: A::ISA, name, run: A::enter::<K> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    let portable = [XOR, DEQUANTIZE].map(|name| KernelId::portable(family::CONVERSION, name));
    portable.into_iter().chain(list(family::QUANTIZE, KERNELS)).collect()
}
