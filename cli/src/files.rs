//! Writing files so that a failure half way loses nothing that was there before.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::errors::{CliError, Result};

/// Replaces a file by `bytes`: written beside it under another name first, then renamed over it.
///
/// What is there and is no regular file (a device, a pipe) is written in place.
///
/// # Errors
/// The file cannot be written; it is as it was before.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).map_err(|error| CliError::file(path, format!("cannot write: {error}")))
}

/// Makes a folder and those above it.
///
/// # Errors
/// It cannot be made.
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| CliError::file(path, format!("cannot create the folder: {error}")))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return OpenOptions::new().write(true).open(&target)?.write_all(bytes),
        _ => {}
    }
    let temporary = temporary_beside(&target)?;
    let result = fill(&temporary, bytes).and_then(|()| fs::rename(&temporary, &target));
    if result.is_err() {
        // Best effort: the failure to report is the first one.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// A name that no other process uses, in the folder that the rename stays in.
fn temporary_beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(target.with_file_name(hidden))
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_no_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let message = write(folder.path(), b"x").unwrap_err().to_string();
        assert!(message.contains(&folder.path().display().to_string()), "{message}");
        let below_a_file = folder.path().join("a.bin");
        write(&below_a_file, b"one").unwrap();
        assert!(write(&below_a_file.join("b"), b"x").is_err());
        assert!(create_folder(&below_a_file.join("c")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
