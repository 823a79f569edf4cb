//! Limits on what an import may copy and compute.

use crate::error::{Error, Result};

/// What a tensor counts: at least so much memory it takes from import to plan.
pub(crate) const TENSOR_BYTES: usize = 512;

/// What an operator counts.
pub(crate) const OPERATOR_BYTES: usize = 512;

/// What a tensor counts that an operator reads or writes.
pub(crate) const OPERAND_BYTES: usize = 64;

/// What a scale counts, with its zero point, and what becomes of it in an operator.
pub(crate) const SCALE_BYTES: usize = 16;

/// How often an honest file may refer to the same bytes, on average. Builders share equal strings and vectors.
const SHARING: usize = 16;

/// Small files may share more.
const MINIMUM_BYTES: usize = 1 << 20;

/// Elementary steps of arithmetic on constants that an import may do.
const FOLDING_STEPS: u64 = 1 << 26;

/// Bytes of the file that may still be copied out of it.
///
/// Offsets cost four bytes each and may all lead to the same long vector: without a limit a small file could ask for
/// the square of its size. For the same reason operators on constants, which may all read the same ones, get so many
/// steps together; what is left is computed in each run.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    steps: u64,
}

impl Budget {
    /// For a file of this size.
    pub(crate) fn new(file_bytes: usize) -> Self {
        Self { left: file_bytes.saturating_mul(SHARING).max(MINIMUM_BYTES), steps: FOLDING_STEPS }
    }

    /// Takes `bytes` off.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.charge_each(1, bytes)
    }

    /// Takes `bytes` off for each of `count` things, before anything is made for them.
    pub(crate) fn charge_each(&mut self, count: usize, bytes: usize) -> Result<()> {
        self.left = self.left.checked_sub(count.saturating_mul(bytes)).ok_or_else(|| {
            Error::corrupt("the file refers to the same bytes too many times; it would unpack to many times its size")
        })?;
        Ok(())
    }

    /// Takes `steps` off what may be computed; whether there were as many.
    pub(crate) fn spend(&mut self, steps: u64) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(self.steps);
        left.is_some()
    }
}
