//! Instruction sets and kernels as types, and where a kernel is entered.

use crate::isa::Isa;

/// An instruction set as a type, of which a value is a proof that the CPU has it.
pub(crate) trait InstructionSet: Copy {
    /// The instruction set this is.
    const ISA: Isa;

    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn assume() -> Self;

    /// The entry point of a kernel for this instruction set: `K::run`, compiled with its features enabled.
    ///
    /// # Safety
    /// The CPU has the instruction set, and the call is as the kernel wants it.
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>);
}

/// A kernel that is written for one or more instruction sets: a type without values, so that its parameters are those of the
/// type, and tables can name it.
pub(crate) trait Kernel<A: InstructionSet> {
    /// What the kernel works on.
    type Call<'a>;

    /// Runs the kernel. Always inlined, so that it is compiled with what [`InstructionSet::enter`] enables.
    ///
    /// # Safety
    /// As the kernel says, in a function that enables the instruction set of `arch`.
    unsafe fn run(arch: A, call: &Self::Call<'_>);
}
