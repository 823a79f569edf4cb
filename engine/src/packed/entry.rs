//! Packed weights that were kept in a folder for the next start.
//!
//! An entry is a packed model without a source. Its name says of which source, for which instruction set, by which version. It is
//! written beside its place and renamed, so that any number of processes may write the same one at once, and is never changed.
//! Whatever goes wrong costs the cache and nothing else.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ottava_kernels::{Isa, StableBytes};

use super::cache::Cache;
use super::read::{PackedFile, StoredPlan};
use super::step::PackedStep;
use super::write::{self, write};
use crate::error::Result;
use crate::file::FileBytes;
use crate::model::Model;
use crate::winograd::Winograd;

/// What names of entries begin and end with.
const PREFIX: &str = "cache-";
const SUFFIX: &str = ".ottava";
/// Files that were not finished are somebody's who ended, once they are so old.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Whether a file is one of the cache's. Others in its folder are left alone.
fn is_entry(name: &str) -> bool {
    let hash = name.strip_prefix(PREFIX).filter(|_| name.ends_with(SUFFIX)).and_then(|rest| rest.split('-').next());
    hash.is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Where a plan's packed weights are kept, or will be.
pub(crate) struct CacheEntry<'a> {
    cache: &'a Cache,
    path: PathBuf,
    source_hash: [u8; 32],
    isa: Isa,
    winograd: Winograd,
}

impl<'a> CacheEntry<'a> {
    /// The entry for a plan of a model.
    pub(crate) fn of(cache: &'a Cache, model: &Model, isa: Isa, winograd: Winograd) -> Self {
        let source_hash = model.source_hash();
        let hash: String = source_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let way = match winograd {
            Winograd::Auto => "auto",
            Winograd::Never => "never",
            Winograd::Always => "always",
        };
        let name = format!("{PREFIX}{hash}-{isa}-{way}-{}{SUFFIX}", env!("CARGO_PKG_VERSION"));
        Self { cache, path: cache.folder.join(name), source_hash, isa, winograd }
    }

    /// The packed weights; `None` where there are none, or damaged ones.
    pub(crate) fn load(&self) -> Option<StoredPlan> {
        let found = self.check_folder().and_then(|()| self.read().ok().flatten());
        if found.is_some() {
            // What was used last is removed last. In a folder that cannot be written to nothing is removed either.
            let _ = fs::File::open(&self.path).and_then(|file| file.set_modified(SystemTime::now()));
        }
        found
    }

    /// `None` for a folder without a name, which would be the one that the process happens to be in.
    fn check_folder(&self) -> Option<()> {
        (!self.cache.folder.as_os_str().is_empty()).then_some(())
    }

    fn read(&self) -> Result<Option<StoredPlan>> {
        let file = Arc::new(FileBytes::map(&self.path)?);
        let packed = PackedFile::new(file.bytes())?;
        if packed.source_hash != self.source_hash {
            return Ok(None);
        }
        if let Some(range) = packed.plan_range(self.isa, self.winograd) {
            file.populate(range);
        }
        // Its bytes will all be read anyway.
        packed.check(file.bytes())?;
        packed.plan(&(file as Arc<dyn StableBytes>), self.isa, self.winograd)
    }

    /// Keeps the packed weights of a plan, and removes what the cache has too much of.
    pub(crate) fn store(&self, model: &Model, steps: &[PackedStep]) {
        let _ = self.check_folder().map(|()| self.write(model, steps));
    }

    fn write(&self, model: &Model, steps: &[PackedStep]) -> io::Result<()> {
        let bytes: usize = steps.iter().flat_map(|step| &step.buffers).map(|buffer| buffer.bytes.len()).sum();
        if bytes as u64 > self.cache.limit_bytes {
            return Ok(());
        }
        fs::create_dir_all(&self.cache.folder)?;
        let section = write::Section::plan(self.isa, self.winograd, steps);
        let source = write::SourceInfo { bytes: model.bytes().len(), hash: self.source_hash };
        write::replace(&self.path, |file| write(&source, &[section], file))?;
        self.evict()
    }

    /// Removes entries until the others are within the limit, all but this one, and files that were never finished.
    fn evict(&self) -> io::Result<()> {
        let kept = &self.path;
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.cache.folder)? {
            let file = file?;
            let (name, metadata) = (file.file_name(), file.metadata()?);
            let (name, used) = (name.to_string_lossy(), metadata.modified()?);
            if name.starts_with(write::TEMPORARY) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
                // Somebody else may do the same.
                let _ = fs::remove_file(file.path());
            }
            if is_entry(&name) && metadata.is_file() && file.path() != *kept {
                entries.push((used, metadata.len(), file.path()));
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.0));
        let mut bytes = fs::metadata(kept)?.len();
        for (_, size, path) in entries {
            bytes = bytes.saturating_add(size);
            if bytes > self.cache.limit_bytes {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_files_are_entries() {
        let hash = "0f".repeat(32);
        assert!(is_entry(&format!("cache-{hash}-avx2-auto-0.1.0.ottava")));
        for other in ["net.ottava", "cache-net.ottava", &format!("cache-{hash}-avx2.tmp"), &format!("{hash}.ottava")] {
            assert!(!is_entry(other), "{other}");
        }
    }
}
