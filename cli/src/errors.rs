//! Everything that can fail in the command: one line each, for people.

use std::io;
use std::path::Path;

/// Result of every step of the command.
pub type Result<T> = std::result::Result<T, CliError>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The engine refused; its message names the file and the cause.
    #[error(transparent)]
    Engine(#[from] ottava::Error),
    /// A file of the user's, and what is wrong with it.
    #[error("{file}: {cause}")]
    File {
        /// The path as the user wrote it.
        file: String,
        /// What is wrong.
        cause: String,
    },
    /// Something that the user asked for cannot be.
    #[error("{0}")]
    Request(String),
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// An error about a file.
    pub fn file(path: impl AsRef<Path>, cause: impl ToString) -> Self {
        Self::File { file: path.as_ref().display().to_string(), cause: cause.to_string() }
    }

    /// An error about what was asked for.
    pub fn request(message: impl Into<String>) -> Self {
        Self::Request(message.into())
    }

    /// Whether the reader of standard output went away, as `| head` does: no failure of ours.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
