//! Pictures, and what is in them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use walkdir::WalkDir;

use crate::args::{PrecisionsArgs, Truth};
use crate::classify::Labels;
use crate::errors::{CliError, Result};
use crate::files;

/// The pictures of these paths, in order: files as they are named, of folders and theirs those with a picture's ending.
///
/// # Errors
/// A folder cannot be read, or there is no picture.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for path in paths {
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| CliError::file(path, format!("cannot read: {error}")))?;
            let is_picture = entry.depth() == 0 || ImageFormat::from_path(entry.path()).is_ok();
            if !entry.file_type().is_dir() && is_picture {
                pictures.push(entry.into_path());
            }
        }
    }
    match paths.first() {
        Some(path) if pictures.is_empty() => Err(CliError::file(path, "has no pictures")),
        _ => Ok(pictures),
    }
}

/// The class of each picture, where the arguments say where it is written.
///
/// # Errors
/// A picture has none, or one that is not among so many classes.
pub fn truth(args: &PrecisionsArgs, pictures: &[PathBuf], classes: usize) -> Result<Option<Vec<usize>>> {
    let Some(truth) = &args.truth else {
        return Ok(None);
    };
    let labels = args.labels.as_deref().map(|path| crate::classify::read_labels(path, classes)).transpose()?;
    let class = |path: &Path, text: &str| {
        let class = class(text, labels.as_ref(), classes);
        class.ok_or_else(|| CliError::file(path, format!("'{text}' is none of the {classes} classes")))
    };
    let of_pictures: Result<Vec<usize>> = match truth {
        Truth::Folders => pictures.iter().map(|path| class(path, &folder(path))).collect(),
        Truth::File(file) => {
            let listed = listed(file)?;
            let of = |path: &PathBuf| match listed.get(path) {
                Some(text) => class(path, text),
                None => Err(CliError::file(file, format!("does not name the class of {}", path.display()))),
            };
            pictures.iter().map(of).collect()
        }
    };
    of_pictures.map(Some)
}

/// The name of the folder that a file is in.
fn folder(path: &Path) -> String {
    path.parent().and_then(Path::file_name).map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// Lines of a path and what follows its last blank, comma or tab.
fn listed(file: &Path) -> Result<HashMap<PathBuf, String>> {
    let text = String::from_utf8_lossy(&files::read(file)?).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (path, class) = line
            .rsplit_once([' ', '\t', ','])
            .ok_or_else(|| CliError::file(file, format!("'{line}' is no picture and its class")))?;
        Ok((PathBuf::from(path.trim_end_matches([' ', '\t', ','])), class.to_owned()))
    };
    lines.map(pair).collect()
}

/// A class by number or by label.
fn class(text: &str, labels: Option<&Labels>, classes: usize) -> Option<usize> {
    let by_label = labels.and_then(|labels| (0..classes).find(|&class| labels.of(class) == text));
    by_label.or_else(|| text.parse().ok().filter(|&class| class < classes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_go_by_number_and_by_label() {
        let labels = Labels::parse("cat\ndog\n7\n", 3).unwrap();
        assert_eq!(class("dog", Some(&labels), 3), Some(1));
        assert_eq!(class("7", Some(&labels), 3), Some(2));
        assert_eq!(class("0", Some(&labels), 3), Some(0));
        assert_eq!(class("3", None, 3), None);
        assert_eq!(folder(Path::new("a/3/picture.png")), "3");
    }
}
