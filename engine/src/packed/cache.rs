//! The folder of the cache.

use std::path::PathBuf;

/// Size of a folder that nobody chose another for.
const USUAL_LIMIT: u64 = 1 << 30;

/// A folder that plans keep packed weights in, for processes that plan the same model later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// The folder; made when it is first written to. An empty path is none. Who may write to it may change what models compute.
    pub folder: PathBuf,
    /// Bytes that its entries may take together. Those that were not used for longest are removed first.
    pub limit_bytes: u64,
}

impl Cache {
    /// A folder of at most 1 GiB.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), limit_bytes: USUAL_LIMIT }
    }
}
