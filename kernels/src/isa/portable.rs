//! Architectures for which there is only portable code.

use super::set::Isa;

/// Whether the CPU has an instruction set.
pub(super) fn is_available(isa: Isa) -> bool {
    isa == Isa::Scalar
}
