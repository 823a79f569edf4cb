//! The bytes of a file: mapped or owned.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;
use ottava_kernels::StableBytes;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The bytes of a file.
pub(crate) enum FileBytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

#[expect(unsafe_code, reason = "packed weights are used where they lie")]
// SAFETY: nobody changes a vector that is never handed out to be changed, nor moves its elements; a map stays where it is, and that
// nobody changes the file in place is the documented contract of `Model::open`.
unsafe impl StableBytes for FileBytes {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl FileBytes {
    /// Maps a regular file.
    ///
    /// # Errors
    /// It cannot be opened or mapped.
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let io = |error: io::Error| Error::new(ErrorKind::Io, format!("cannot open: {error}")).with_source(error);
        let file = open_regular(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            // An empty file cannot be mapped everywhere; as bytes it is refused like any other non-model.
            return Ok(Self::Owned(Vec::new()));
        }
        if cfg!(not(any(unix, windows))) {
            // WebAssembly has no memory maps.
            let mut bytes = Vec::new();
            (&file).read_to_end(&mut bytes).map_err(io)?;
            return Ok(Self::Owned(bytes));
        }
        #[expect(unsafe_code, reason = "memory maps are unsafe to create")]
        // SAFETY: the map is read-only and private to this process' view; that nobody changes the file in place is the
        // documented contract of `Model::open`. Verification does not lean on it: offsets and sizes are read once, checked
        // and copied, after that the map is only read as plain bytes at ranges inside it.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Ok(Self::Mapped(map))
    }

    /// Tells the system that a range will be read soon, all of it. Where it knows no such thing, pages come when they are read.
    pub(crate) fn populate(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        if let Self::Mapped(map) = self
            && range.end <= map.len()
        {
            // Older kernels refuse it.
            let _ = map.advise_range(memmap2::Advice::PopulateRead, range.start, range.len());
        }
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}

/// Bytes around a page that the system brings along with it, at most.
#[cfg(target_os = "linux")]
const FAULT_AROUND: usize = 1 << 16;
/// Bytes that are hashed before their pages are given back.
const HASHED: usize = 1 << 18;

impl FileBytes {
    /// SHA-256 of the file.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let mut at = 0;
        for bytes in self.bytes().chunks(HASHED) {
            hasher.update(bytes);
            self.release(at..at + bytes.len());
            at += bytes.len();
        }
        hasher.finalize().into()
    }

    /// Gives the pages of a range back, and those that came along with them, where the file is mapped. When they are read again
    /// they come back from the file.
    pub(crate) fn release(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        if let Self::Mapped(map) = self
            && !range.is_empty()
            && range.end <= map.len()
        {
            let base = map.as_ptr().addr();
            let start = (base + range.start) / FAULT_AROUND * FAULT_AROUND;
            let start = start.saturating_sub(base);
            let end = ((base + range.end).next_multiple_of(FAULT_AROUND) - base).min(map.len());
            #[expect(unsafe_code, reason = "to give pages back is unsafe")]
            // SAFETY: the map is shared and read-only. Its pages hold what the file holds, which nobody changes, before and after.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, end - start) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}

/// Opens a regular file for reading, as [`crate::Model::open`] does. Anything else is refused unopened: to open a pipe waits for
/// somebody to write.
///
/// # Errors
/// The file cannot be opened, or is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let require_regular = |metadata: Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("not a regular file")),
    };
    require_regular(fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // By now something else may be there. Without waiting it is opened, and refused after all.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    require_regular(file.metadata()?)?;
    Ok(file)
}
