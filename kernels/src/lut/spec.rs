//! What a table lookup is to do.

use crate::strided::Strided;

/// What a table lookup is to do.
#[derive(Clone, Copy, Debug)]
pub struct LutSpec<'a> {
    /// Stored output byte for each stored input byte.
    pub table: &'a [u8; 256],
    /// Where the elements are.
    pub shape: Strided,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
