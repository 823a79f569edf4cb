//! MODEL on the command line: a path, or the name of a network that is built once and kept in the user's cache folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use ottava::Model;
use ottava_models::Builtin;

use crate::errors::{CliError, Result};
use crate::{files, table};

/// Names the cache folder, in place of the platform's own.
const CACHE_VARIABLE: &str = "OTTAVA_CACHE";

/// Where a model is, and built if it was not there.
///
/// Built-in names win over files of the same name; `./NAME` is the file.
///
/// # Errors
/// There is neither a file nor a built-in network of that name, or the latter cannot be written.
pub fn locate(model: &OsStr) -> Result<PathBuf> {
    if let Some(builtin) = model.to_str().and_then(ottava_models::builtin) {
        let path = cached_path(builtin)?;
        if !is_cached(builtin, &path)? {
            build(builtin, &path)?;
        }
        return Ok(path);
    }
    match Path::new(model).try_exists() {
        Ok(false) => Err(CliError::file(model, format!("no such file, and no built-in model; those are {}", names()))),
        _ => Ok(PathBuf::from(model)),
    }
}

/// Maps the model, building it first if need be.
///
/// # Errors
/// As [`locate`], or the file is no sound model.
pub fn open(model: &OsStr) -> Result<Model> {
    Ok(Model::open(locate(model)?)?)
}

/// Names of the built-in networks, for messages.
pub fn names() -> String {
    ottava_models::builtins().iter().map(|builtin| builtin.name).collect::<Vec<_>>().join(", ")
}

fn cached_path(builtin: &Builtin) -> Result<PathBuf> {
    let folder = match std::env::var_os(CACHE_VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let platform = etcetera::choose_base_strategy()
                .map_err(|_| CliError::request(format!("no home folder to keep models in; set {CACHE_VARIABLE}")))?;
            platform.cache_dir().join("ottava")
        }
    };
    Ok(folder.join(builtin.cache_file_name()))
}

/// Whether the network's file is there, as it was built. Another model under its name is none, nor is a damaged file.
fn is_cached(builtin: &Builtin, path: &Path) -> Result<bool> {
    // Where it cannot be told whether it is there, writing it fails, too, and says why.
    if !path.exists() {
        return Ok(false);
    }
    let is_file = builtin.is_file(files::open(path)?);
    is_file.map_err(|error| CliError::file(path, format!("cannot read: {error}")))
}

fn build(builtin: &Builtin, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    // Through a link a file that is not the cache's would be written.
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        fs::remove_file(path).map_err(|error| CliError::file(path, format!("cannot remove the link: {error}")))?;
    }
    let spinner = spinner(format!("building {} once, into {}", builtin.name, table::path(path)));
    let file = builtin.build();
    let result = match builtin.is_file(&file[..]) {
        Ok(true) => files::write(path, &file),
        _ => Err(CliError::request(format!("{} was built with wrong bytes: a defect of Ottava", builtin.name))),
    };
    spinner.finish_and_clear();
    result
}

/// A turning sign with a message on a terminal's standard error, nothing elsewhere.
pub fn spinner(message: String) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(message).with_finish(ProgressFinish::AndClear);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
