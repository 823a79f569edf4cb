//! Which instruction sets tests cover on this CPU.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use super::set::Isa;

/// Environment variable with the instruction sets that tests may not skip, such as `neon,dotprod`.
const REQUIRE_VARIABLE: &str = "OTTAVA_REQUIRE_ISA";

/// Environment variable with the only instruction sets that tests are to cover, where others are covered elsewhere.
const ONLY_VARIABLE: &str = "OTTAVA_ONLY_ISA";

/// Instruction sets whose absence has been printed, a bit each: suites ask for every case.
static SKIPPED: AtomicU32 = AtomicU32::new(0);

impl Isa {
    /// For tests, of other crates too: what [`Isa::available`] gives, or of that what `OTTAVA_ONLY_ISA` names. Which of its
    /// architecture's instruction sets are not covered is said on standard error.
    ///
    /// # Panics
    /// `OTTAVA_REQUIRE_ISA` or `OTTAVA_ONLY_ISA` names an instruction set that this CPU lacks, or one that does not exist.
    #[doc(hidden)]
    pub fn for_tests() -> Vec<Self> {
        let available = Self::available();
        let named = |variable: &str| {
            let names = std::env::var(variable).unwrap_or_default();
            named(&names, &available).unwrap_or_else(|why| panic!("{variable}: {why}"))
        };
        named(REQUIRE_VARIABLE);
        let only = named(ONLY_VARIABLE);
        let covered = |isa: &Self| available.contains(isa) && (only.is_empty() || only.contains(isa));
        for isa in Self::ALL.into_iter().filter(|&isa| is_of_this_architecture(isa) && !covered(&isa)) {
            if SKIPPED.fetch_or(1 << isa as u32, Ordering::Relaxed) & (1 << isa as u32) == 0 {
                let why = if available.contains(&isa) { "OTTAVA_ONLY_ISA does not name" } else { "this CPU has no" };
                // Not `eprintln`, which the test harness swallows when a test passes.
                let _ = writeln!(std::io::stderr(), "SKIPPED: {why} {isa}");
            }
        }
        available.iter().copied().filter(covered).collect()
    }
}

/// The instruction sets of a list; an error where one is not available.
fn named(names: &str, available: &[Isa]) -> Result<Vec<Isa>, String> {
    let isa = |name: &str| {
        let isa: Isa = name.parse().map_err(|error| format!("{error}"))?;
        if available.contains(&isa) { Ok(isa) } else { Err(format!("{isa} is named, which this CPU lacks")) }
    };
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(isa).collect()
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
    fn what_is_named_must_be_there() {
        let available = [Isa::Scalar, Isa::Neon];
        assert_eq!(named("", &available), Ok(vec![]));
        assert_eq!(named(" neon , scalar,", &available), Ok(vec![Isa::Neon, Isa::Scalar]));
        assert!(named("neon,dotprod", &available).unwrap_err().contains("dotprod"));
        assert!(named("neno", &available).unwrap_err().contains("neno"));
    }
}
