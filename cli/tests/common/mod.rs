//! Running the command as a user does, and files to run it on.

#![expect(dead_code, reason = "each test file uses a part")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What the command did.
pub struct Ran {
    /// Exit code; a signal has none.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The run, which must have gone well and told nothing on standard error.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stderr, "");
        self
    }

    /// The one line on standard error of a run that must have failed, with nothing on standard output.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{} {}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        let line = self.stderr.strip_prefix("error: ").expect("the line begins with `error: `");
        line.trim_end().to_owned()
    }

    /// What standard error says of a run that must have been refused for its usage.
    #[track_caller]
    pub fn misused(self) -> String {
        assert_eq!(self.code, Some(2), "{} {}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

/// The command, with built-in networks in a folder of the test run's own.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottava"));
    command.env("OTTAVA_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")).env_remove("OTTAVA_ISA");
    command
}

/// Runs the command.
pub fn ottava<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    finish(command().args(arguments))
}

/// Runs a command that was prepared with [`command`].
pub fn finish(command: &mut Command) -> Ran {
    Ran::of(command.stdin(Stdio::null()).output().expect("the command starts"))
}

/// Runs a command that was prepared with [`command`] and that may not take longer than half a minute.
#[track_caller]
pub fn finish_soon(command: &mut Command) -> Ran {
    let (stdin, piped) = (Stdio::null(), Stdio::piped);
    let mut child = command.stdin(stdin).stdout(piped()).stderr(piped()).spawn().expect("the command starts");
    let end = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > end {
            child.kill().expect("a child");
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ran::of(child.wait_with_output().expect("what it printed"))
}

/// A folder that goes away, with a small network in it: input `[1, 13, 11, 3]` and output `[1, 10]`, both float32.
pub struct Tiny {
    folder: TempDir,
}

impl Tiny {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("tiny.tflite"), ottava_models::tiny(1)).expect("a file");
        Self { folder }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The network.
    pub fn model(&self) -> String {
        self.path("tiny.tflite")
    }

    /// A path in the folder that is no UTF-8, where paths can be that.
    pub fn odd_path(&self) -> PathBuf {
        #[cfg(unix)]
        let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"na\xefve");
        #[cfg(not(unix))]
        let name = OsStr::new("na\u{ef}ve");
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// An input that fits the network.
    pub fn input(&self) -> String {
        let values: Vec<u8> = (0..13 * 11 * 3).flat_map(|i| (i as f32 / 100.0 - 2.0).to_le_bytes()).collect();
        self.file("input.npy", &npy("<f4", "(1, 13, 11, 3)", &values))
    }
}

/// A `.npy` file of version 1.
pub fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{text:117}\n");
    [&b"\x93NUMPY\x01\x00\x76\x00"[..], header.as_bytes(), elements].concat()
}

/// The folder with models: `OTTAVA_MODELS`, or `shared/models` beside the workspace. Absent is a loud skip, or a
/// failure under `OTTAVA_REQUIRE_MODELS=1`.
pub fn models() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    let folder = std::env::var_os("OTTAVA_MODELS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("OTTAVA_REQUIRE_MODELS").is_ok_and(|value| value == "1");
    assert!(!required, "OTTAVA_REQUIRE_MODELS=1, but there is no folder {}", folder.display());
    eprintln!("SKIPPED, models are missing: no folder {} (set OTTAVA_MODELS)", folder.display());
    None
}
