//! Which instruction sets this CPU can run, and which one to take.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, str::FromStr};

#[cfg(target_arch = "aarch64")]
use super::aarch64 as architecture;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use super::portable as architecture;
use super::set::Isa;
#[cfg(target_arch = "x86_64")]
use super::x86_64 as architecture;

/// Environment variable that narrows the choice of [`Isa::best`].
pub const ISA_VARIABLE: &str = "OTTAVA_ISA";

impl Isa {
    /// Whether this CPU (and this build) can run the instruction set.
    pub fn is_available(self) -> bool {
        architecture::is_available(self)
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
        // What is no UTF-8 gets a character that no name has.
        #[cfg(feature = "std")]
        if let Some(name) = std::env::var_os(ISA_VARIABLE).filter(|name| !name.is_empty()) {
            return name.to_string_lossy().parse::<Self>()?.require();
        }
        Ok(Self::available().pop().unwrap_or(Self::Scalar))
    }

    /// The instruction set itself where this CPU has it.
    ///
    /// # Errors
    /// The CPU (or this build) lacks it.
    pub fn require(self) -> Result<Self, IsaError> {
        if self.is_available() { Ok(self) } else { Err(IsaError::Unavailable(self)) }
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

impl core::error::Error for IsaError {}

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
}
