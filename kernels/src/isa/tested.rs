//! Which instruction sets tests cover on this CPU.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Isa;

/// Environment variable with the instruction sets that tests may not skip, such as `neon,dotprod`.
const REQUIRE_VARIABLE: &str = "OTTAVA_REQUIRE_ISA";

/// Instruction sets whose absence has been printed, a bit each: suites ask for every case.
static SKIPPED: AtomicU32 = AtomicU32::new(0);

impl Isa {
    /// For tests, of other crates too: what [`Isa::available`] gives. What the CPU lacks is said on standard error.
    ///
    /// # Panics
    /// `OTTAVA_REQUIRE_ISA` names an instruction set that this CPU lacks, or one that does not exist.
    #[doc(hidden)]
    pub fn tested() -> Vec<Self> {
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

/// The instruction sets that are not available; an error where a demanded one is among them.
fn missing(demanded: &str, available: &[Isa]) -> Result<Vec<Isa>, String> {
    for name in demanded.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let isa: Isa = name.parse().map_err(|error| format!("{error}"))?;
        if !available.contains(&isa) {
            return Err(format!("{isa} is demanded, which this CPU lacks"));
        }
    }
    Ok(Isa::ALL.into_iter().filter(|isa| !available.contains(isa)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_demanded_must_be_there() {
        let available = [Isa::Scalar, Isa::Neon];
        let skipped = Isa::ALL.len() - available.len();
        for good in ["", "neon", " neon , scalar,"] {
            assert_eq!(missing(good, &available).map(|missing| missing.len()), Ok(skipped), "{good:?}");
        }
        assert!(missing("neon,dotprod", &available).unwrap_err().contains("dotprod"));
        assert!(missing("neno", &available).unwrap_err().contains("neno"));
    }
}
