//! A limit on what an import may copy.

use crate::error::{Error, Result};

/// How often an honest file may refer to the same bytes, on average. Builders share equal strings and vectors.
const SHARING: usize = 16;

/// Small files may share more.
const MINIMUM_BYTES: usize = 1 << 20;

/// Bytes of the file that may still be copied out of it.
///
/// Offsets cost four bytes each and may all lead to the same long vector: without a limit a small file could ask for
/// the square of its size.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// For a file of this size.
    pub(crate) fn new(file_bytes: usize) -> Self {
        Self { left: file_bytes.saturating_mul(SHARING).max(MINIMUM_BYTES) }
    }

    /// Takes `bytes` off.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Error::corrupt("the file refers to the same bytes too many times; it would unpack to many times its size")
        })?;
        Ok(())
    }
}
