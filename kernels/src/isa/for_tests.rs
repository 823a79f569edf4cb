//! Which instruction sets tests cover on this CPU.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use super::set::Isa;

/// Environment variable with the instruction sets that tests may not skip, such as `neon,dotprod`.
const REQUIRE_VARIABLE: &str = "OTTAVA_REQUIRE_ISA";

/// Instruction sets whose absence has been printed, a bit each: suites ask for every case.
static SKIPPED: AtomicU32 = AtomicU32::new(0);

impl Isa {
    /// For tests, of other crates too: what [`Isa::available`] gives. What this CPU lacks of its architecture's
    /// instruction sets is said on standard error.
    ///
    /// # Panics
    /// `OTTAVA_REQUIRE_ISA` names an instruction set that this CPU lacks, or one that does not exist.
    #[doc(hidden)]
    pub fn for_tests() -> Vec<Self> {
        let demanded = std::env::var(REQUIRE_VARIABLE).unwrap_or_default();
        let available = Self::available();
        let missing = missing(&demanded, &available).unwrap_or_else(|why| panic!("{REQUIRE_VARIABLE}: {why}"));
        for isa in missing {
            if SKIPPED.fetch_or(1 << isa as u32, Ordering::Relaxed) & (1 << isa as u32) == 0 {
                // Not `eprintln`, which the test harness swallows when a test passes.
                let _ = writeln!(std::io::stderr(), "SKIPPED: this CPU has no {isa}");
            }
        }
        available
    }
}

/// The architecture's instruction sets that are not available; an error where a demanded one is not.
fn missing(demanded: &str, available: &[Isa]) -> Result<Vec<Isa>, String> {
    for name in demanded.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let isa: Isa = name.parse().map_err(|error| format!("{error}"))?;
        if !available.contains(&isa) {
            return Err(format!("{isa} is demanded, which this CPU lacks"));
        }
    }
    Ok(Isa::ALL.into_iter().filter(|&isa| is_of_this_architecture(isa) && !available.contains(&isa)).collect())
}

fn is_of_this_architecture(isa: Isa) -> bool {
    match isa {
        Isa::Scalar => true,
        Isa::Neon | Isa::DotProd | Isa::I8mm => cfg!(target_arch = "aarch64"),
        Isa::Sse41 | Isa::Avx2 | Isa::AvxVnni | Isa::Avx512Vnni | Isa::Amx => cfg!(target_arch = "x86_64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_demanded_must_be_there() {
        let available = [Isa::Scalar, Isa::Neon];
        let skipped: Vec<_> = Isa::ALL.into_iter().filter(|&isa| is_of_this_architecture(isa)).collect();
        for good in ["", "neon", " neon , scalar,"] {
            let missing = missing(good, &available).unwrap();
            assert!(missing.iter().all(|isa| skipped.contains(isa) && !available.contains(isa)), "{good:?}");
        }
        assert_eq!(missing("", &Isa::ALL), Ok(Vec::new()));
        assert!(missing("neon,dotprod", &available).unwrap_err().contains("dotprod"));
        assert!(missing("neno", &available).unwrap_err().contains("neno"));
    }
}
