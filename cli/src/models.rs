//! MODEL on the command line: a path, or the name of a network that is built once and kept in the user's cache folder.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use ottava::{ErrorKind, Model};
use ottava_models::Builtin;

use crate::errors::{CliError, Result};
use crate::files;

/// Names the cache folder, in place of the platform's own.
const CACHE_VARIABLE: &str = "OTTAVA_CACHE";

/// Where a model is, and built if it was not there.
///
/// Built-in names win over files of the same name; `./NAME` is the file.
///
/// # Errors
/// There is neither a file nor a built-in network of that name, or the latter cannot be written.
pub fn locate(model: &str) -> Result<PathBuf> {
    if let Some(builtin) = ottava_models::builtin(model) {
        let path = cached_path(builtin)?;
        if !path.is_file() {
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
pub fn open(model: &str) -> Result<Model> {
    let path = locate(model)?;
    match (Model::open(&path), ottava_models::builtin(model)) {
        // A cached file is only damaged if something else wrote to it: it is made anew.
        (Err(error), Some(builtin)) if matches!(error.kind(), ErrorKind::NotAModel | ErrorKind::Corrupt) => {
            build(builtin, &path)?;
            Ok(Model::open(&path)?)
        }
        (result, _) => Ok(result?),
    }
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

fn build(builtin: &Builtin, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    let spinner = spinner(format!("building {} once, into {}", builtin.name, path.display()));
    let result = files::write(path, &builtin.build());
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
