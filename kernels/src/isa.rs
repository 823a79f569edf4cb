//! Instruction sets: what they are called, what this CPU has, and which one to take.
//!
//! This is the one place that detects CPU features. Everything else receives an [`Isa`] that is
//! known to be usable here, or asks for one.

use core::{fmt, str::FromStr};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod for_tests;

/// Environment variable that narrows the choice of [`Isa::best`].
pub const ISA_VARIABLE: &str = "OTTAVA_ISA";

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
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX2 and AVX-VNNI, the 256-bit dot products of CPUs without AVX-512.
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
    pub const ALL: [Self; 8] =
        [Self::Scalar, Self::Neon, Self::DotProd, Self::I8mm, Self::Avx2, Self::AvxVnni, Self::Avx512Vnni, Self::Amx];

    /// The name used by `--isa`, in kernel names and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::DotProd => "dotprod",
            Self::I8mm => "i8mm",
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
            _ => Storage::U8,
        }
    }

    /// Whether this CPU (and this build) can run the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Neon => cfg!(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")),
            #[cfg(target_arch = "aarch64")]
            Self::DotProd => Self::Neon.is_available() && std::arch::is_aarch64_feature_detected!("dotprod"),
            #[cfg(target_arch = "aarch64")]
            Self::I8mm => Self::DotProd.is_available() && std::arch::is_aarch64_feature_detected!("i8mm"),
            #[cfg(not(target_arch = "aarch64"))]
            Self::DotProd | Self::I8mm => false,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => {
                std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("avxvnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx => {
                Self::Avx512Vnni.is_available()
                    && std::arch::is_x86_feature_detected!("avx512vbmi")
                    && amx::is_available()
            }
            #[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
            Self::Amx => false,
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx => false,
        }
    }

    /// Whether kernels of `other` run wherever this one does, so that they may stand in for those it has none of.
    pub fn includes(self, other: Self) -> bool {
        let below = match self {
            Self::Amx => &[Self::Avx512Vnni][..],
            Self::AvxVnni => &[Self::Avx2],
            Self::I8mm => &[Self::DotProd, Self::Neon],
            Self::DotProd => &[Self::Neon],
            _ => &[],
        };
        self == other || below.contains(&other)
    }

    /// The instruction sets that this CPU can run, best last.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// The best instruction set of this CPU, or the one that `OTTAVA_ISA` names.
    ///
    /// # Errors
    /// `OTTAVA_ISA` names no instruction set, or one that this CPU lacks.
    pub fn best() -> Result<Self, IsaError> {
        match std::env::var_os(ISA_VARIABLE) {
            // What is no UTF-8 gets a character that no name has.
            Some(name) if !name.is_empty() => name.to_string_lossy().parse::<Self>()?.require(),
            _ => Ok(Self::available().pop().unwrap_or(Self::Scalar)),
        }
    }

    /// The instruction set itself where this CPU has it.
    ///
    /// # Errors
    /// The CPU (or this build) lacks it.
    pub fn require(self) -> Result<Self, IsaError> {
        if self.is_available() { Ok(self) } else { Err(IsaError::Unavailable(self)) }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Self, IsaError> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| IsaError::Unknown(name.to_owned()))
    }
}

/// Why an instruction set cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsaError {
    /// No instruction set has this name.
    Unknown(String),
    /// The CPU or the build lacks it.
    Unavailable(Isa),
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |list: &[Isa]| list.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Unknown(name) => write!(f, "unknown instruction set '{name}'; known are {}", names(&Isa::ALL)),
            Self::Unavailable(isa) => {
                write!(f, "this CPU has no {isa}; it can run {}", names(&Isa::available()))
            }
        }
    }
}

impl std::error::Error for IsaError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for isa in Isa::ALL {
            assert_eq!(isa.name().parse(), Ok(isa));
        }
        assert_eq!("avx9".parse::<Isa>(), Err(IsaError::Unknown("avx9".to_owned())));
    }

    #[test]
    fn scalar_is_always_there_and_first() {
        assert_eq!(Isa::available()[0], Isa::Scalar);
        assert!(Isa::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn an_unavailable_one_is_refused_by_name() {
        for isa in Isa::ALL {
            assert_eq!(isa.require().is_ok(), isa.is_available());
        }
        let other = if cfg!(target_arch = "x86_64") { Isa::Neon } else { Isa::Avx2 };
        assert!(other.require().unwrap_err().to_string().contains(other.name()));
    }

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
