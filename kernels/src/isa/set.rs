//! Instruction sets, what they are called, and how they store activations.

use core::fmt;

/// An instruction set that Ottava has kernels for, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Portable Rust without vector intrinsics: the shape of all the others.
    Scalar,
    /// 64-bit ARM with Advanced SIMD (Armv8.0).
    Neon,
    /// 64-bit ARM with the dot products of Armv8.2: Cortex-A55 and A76, Neoverse N1, Apple M1.
    DotProd,
    /// 64-bit ARM with [`Isa::DotProd`] and the 8-bit matrix products of Armv8.6: Neoverse V1 and N2, Apple M2.
    I8mm,
    /// x86-64 with SSSE3 and SSE4.1.
    Sse41,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX2, FMA and AVX-VNNI, the 256-bit dot products of CPUs without AVX-512.
    AvxVnni,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VNNI.
    Avx512Vnni,
    /// x86-64 with all of [`Isa::Avx512Vnni`], AVX-512 VBMI and AMX tiles of 8-bit integers, on Linux.
    Amx,
}

/// The type in which a plan stores 8-bit activations.
///
/// Dot-product instructions fix the signedness of their operands: x86 multiplies unsigned
/// activations with signed weights, ARM signed with signed. Tensors of the other signedness are
/// stored with their zero point moved by 128, which is an XOR of each byte with `0x80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Bytes are `u8`, 0 to 255.
    U8,
    /// Bytes are `i8`, -128 to 127.
    S8,
}

impl Storage {
    /// Smallest and largest stored value.
    pub const fn range(self) -> (i32, i32) {
        match self {
            Self::U8 => (0, 255),
            Self::S8 => (-128, 127),
        }
    }

    /// The value of one stored byte.
    pub const fn value(self, byte: u8) -> i32 {
        match self {
            Self::U8 => byte as i32,
            Self::S8 => byte as i8 as i32,
        }
    }

    /// What to add to a file value (and its zero point) to get the stored one:
    /// 128 for `int8` kept as `u8`, -128 for `uint8` kept as `i8`, else 0.
    pub const fn offset_from(self, file_is_signed: bool) -> i32 {
        match (self, file_is_signed) {
            (Self::U8, true) => 128,
            (Self::S8, false) => -128,
            _ => 0,
        }
    }

    /// The byte that turns a file byte into a stored one, and back, by XOR.
    pub const fn xor_mask(self, file_is_signed: bool) -> u8 {
        if self.offset_from(file_is_signed) == 0 { 0 } else { 0x80 }
    }
}

impl Isa {
    /// Every instruction set, on whatever CPU, weakest first.
    pub const ALL: [Self; 9] = [
        Self::Scalar,
        Self::Neon,
        Self::DotProd,
        Self::I8mm,
        Self::Sse41,
        Self::Avx2,
        Self::AvxVnni,
        Self::Avx512Vnni,
        Self::Amx,
    ];

    /// The name used by `--isa`, in kernel names and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::DotProd => "dotprod",
            Self::I8mm => "i8mm",
            Self::Sse41 => "sse41",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avxvnni",
            Self::Avx512Vnni => "avx512vnni",
            Self::Amx => "amx",
        }
    }

    /// The type in which kernels of this instruction set read and write activations.
    pub const fn storage(self) -> Storage {
        match self {
            Self::Neon | Self::DotProd | Self::I8mm => Storage::S8,
            Self::Scalar | Self::Sse41 | Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx => Storage::U8,
        }
    }

    /// Whether kernels of `other` run wherever this one does, so that they may stand in for those it has none of.
    pub fn includes(self, other: Self) -> bool {
        let below = match self {
            Self::Amx => &[Self::Avx512Vnni][..],
            Self::AvxVnni => &[Self::Avx2],
            Self::I8mm => &[Self::DotProd, Self::Neon],
            Self::DotProd => &[Self::Neon],
            Self::Scalar | Self::Neon | Self::Sse41 | Self::Avx2 | Self::Avx512Vnni => &[],
        };
        self == other || below.contains(&other)
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_moves_values_by_the_xor() {
        for storage in [Storage::U8, Storage::S8] {
            for signed in [true, false] {
                for byte in 0..=255u8 {
                    let file = if signed { i32::from(byte as i8) } else { i32::from(byte) };
                    let stored = storage.value(byte ^ storage.xor_mask(signed));
                    assert_eq!(stored, file + storage.offset_from(signed));
                }
            }
        }
    }
}
