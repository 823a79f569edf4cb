//! What 64-bit ARM has.

#[cfg(feature = "std")]
use std::arch::is_aarch64_feature_detected as has;

#[cfg(not(feature = "std"))]
use super::compiled::has;
use super::set::Isa;

/// Whether the CPU has an instruction set.
pub(super) fn is_available(isa: Isa) -> bool {
    match isa {
        Isa::Scalar => true,
        Isa::Neon => cfg!(all(target_feature = "neon", target_endian = "little")),
        Isa::DotProd => is_available(Isa::Neon) && has!("dotprod"),
        Isa::I8mm => is_available(Isa::DotProd) && has!("i8mm"),
        Isa::Sse41 | Isa::Avx2 | Isa::AvxVnni | Isa::Avx512Vnni | Isa::Amx => false,
    }
}
