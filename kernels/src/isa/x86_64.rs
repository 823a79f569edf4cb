//! What x86-64 has.

#[cfg(feature = "std")]
use std::arch::is_x86_feature_detected as has;

use super::amx;
#[cfg(not(feature = "std"))]
use super::compiled::has;
use super::set::Isa;

/// Whether the CPU has an instruction set, and the process may use it.
pub(super) fn is_available(isa: Isa) -> bool {
    match isa {
        Isa::Scalar => true,
        Isa::Sse41 => has!("ssse3") && has!("sse4.1"),
        Isa::Avx2 => has!("avx2") && has!("fma"),
        Isa::AvxVnni => is_available(Isa::Avx2) && has!("avxvnni"),
        Isa::Avx512Vnni => {
            is_available(Isa::Avx2)
                && has!("avx512f")
                && has!("avx512bw")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("avx512vnni")
        }
        Isa::Amx => is_available(Isa::Avx512Vnni) && has!("avx512vbmi") && amx::is_usable(),
        Isa::Neon | Isa::DotProd | Isa::I8mm => false,
    }
}
