//! Where the models are that tests use.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder with models: `OTTAVA_MODELS`, or `shared/models` beside the workspace. Absent is a loud skip, or a
/// failure under `OTTAVA_REQUIRE_MODELS=1`.
pub fn models() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    let folder = std::env::var_os("OTTAVA_MODELS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!("no folder {}", folder.display()));
    None
}

/// Says that a test did nothing.
pub fn skip(why: &str) {
    let required = std::env::var("OTTAVA_REQUIRE_MODELS").is_ok_and(|value| value == "1");
    assert!(!required, "OTTAVA_REQUIRE_MODELS=1, but {why}");
    // Not `eprintln`, which the test harness swallows when a test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED, models are missing: {why} (set OTTAVA_MODELS)");
}
