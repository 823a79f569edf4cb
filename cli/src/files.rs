//! Reading files that are there to be read, and writing them so that a failure half way loses nothing that was there
//! before.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::errors::{CliError, Result};

/// No link that is meant leads over more others; Linux follows as many.
const MAX_LINKS: usize = 40;

/// Opens a regular file for reading. Anything else is refused unopened: to open a pipe waits for somebody to write.
///
/// # Errors
/// The file cannot be opened, or is no regular file.
pub fn open(path: &Path) -> Result<File> {
    ottava::open_regular(path).map_err(|error| CliError::file(path, format!("cannot open: {error}")))
}

/// The bytes of a regular file.
///
/// # Errors
/// As [`open`], or the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let result = open(path)?.read_to_end(&mut bytes);
    result.map_err(|error| CliError::file(path, format!("cannot read: {error}")))?;
    Ok(bytes)
}

/// Replaces a file by `bytes`: written beside it under another name first, then renamed over it. It keeps its
/// permissions.
///
/// A link stays a link, and what it leads to is written. What is there and is no regular file (a device, a pipe) is
/// written in place.
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
    let (target, permissions) = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return OpenOptions::new().write(true).open(path)?.write_all(bytes),
        Ok(metadata) => (fs::canonicalize(path)?, Some(metadata.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (end_of_links(path)?, None),
        Err(error) => return Err(error),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = permissions_of_new_files() {
        builder.permissions(permissions);
    }
    // Nobody can know the name beforehand, and what is there already is never opened. Unless it is renamed, the file
    // goes away with `temporary`.
    let mut temporary = builder.prefix(".ottava-").suffix(".tmp").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&target)?;
    Ok(())
}

/// What a new file is made with, of which the system takes the user's mask off; `None` where it knows no such thing.
fn permissions_of_new_files() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    None
}

/// Where links lead at whose end there is no file.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            // A relative link is relative to its own folder.
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links, one behind the other"))
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

    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let message = read(folder.path()).unwrap_err().to_string();
        assert!(message.ends_with("cannot open: not a regular file"), "{message}");
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        #[test]
        fn permissions_stay_and_those_of_new_files_are_the_usual_ones() {
            let folder = tempfile::tempdir().unwrap();
            let (path, usual) = (folder.path().join("a.bin"), folder.path().join("usual"));
            fs::write(&usual, "").unwrap();
            write(&path, b"one").unwrap();
            assert_eq!(mode(&path), mode(&usual));
            for kept in [0o600, 0o640, 0o444, 0o666] {
                fs::set_permissions(&path, Permissions::from_mode(kept)).unwrap();
                write(&path, b"two").unwrap();
                assert_eq!(mode(&path), kept, "{:o}", mode(&path));
            }
        }

        #[test]
        fn links_stay_links_whether_they_lead_to_a_file_or_nowhere_yet() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("far")).unwrap();
            symlink("far/second", at("first")).unwrap();
            symlink("../file", at("far/second")).unwrap();
            for bytes in [&b"one"[..], b"two"] {
                write(&at("first"), bytes).unwrap();
                for link in ["first", "far/second"] {
                    assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
                }
                assert!(fs::symlink_metadata(at("file")).unwrap().is_file());
                assert_eq!(fs::read(at("file")).unwrap(), bytes);
            }
            symlink("round", at("round")).unwrap();
            let message = write(&at("round"), b"x").unwrap_err().to_string();
            assert!(message.contains("round: cannot write"), "{message}");
            assert!(fs::symlink_metadata(at("round")).unwrap().is_symlink());
        }

        #[test]
        #[cfg(target_os = "linux")]
        fn a_pipe_is_written_in_place() {
            let (mut reader, writer) = io::pipe().unwrap();
            let descriptor = std::os::fd::AsRawFd::as_raw_fd(&writer);
            write(Path::new(&format!("/proc/self/fd/{descriptor}")), b"one").unwrap();
            drop(writer);
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, b"one");
        }

        #[test]
        fn no_link_under_a_name_that_can_be_guessed_is_followed() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::write(at("other"), "precious").unwrap();
            for guess in [format!(".a.bin.{}.tmp", std::process::id()), "a.bin.tmp".to_owned(), ".a.bin".to_owned()] {
                symlink("other", at(&guess)).unwrap();
            }
            write(&at("a.bin"), b"one").unwrap();
            assert_eq!(fs::read(at("other")).unwrap(), b"precious");
            assert_eq!(fs::read(at("a.bin")).unwrap(), b"one");
            assert!(fs::symlink_metadata(at("a.bin")).unwrap().is_file());
        }
    }
}
