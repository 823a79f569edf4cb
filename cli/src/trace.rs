//! `--trace FILE`: the tasks of a run as a trace for Perfetto and Chrome (`ui.perfetto.dev`, `about:tracing`).

use std::path::Path;

use ottava::{Session, TaskSpan};
use serde_json::{Value, json};

use crate::errors::Result;
use crate::files;

/// The process of all tracks.
const PROCESS: u32 = 1;

/// Writes the recorded tasks of a session's last run.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, session: &Session) -> Result<()> {
    let mut text = document(session).to_string();
    text.push('\n');
    files::write(path, text.as_bytes())
}

/// The trace event format: complete events (`X`) in microseconds, a track for each thread.
fn document(session: &Session) -> Value {
    let (plan, tasks) = (session.plan(), session.tasks());
    let threads = tasks.iter().map(|task| task.thread + 1).max().unwrap_or(0);
    let name = |thread: usize| {
        let name = if thread == 0 { "caller".to_owned() } else { format!("helper {thread}") };
        json!({"ph": "M", "pid": PROCESS, "tid": thread, "name": "thread_name", "args": {"name": name}})
    };
    let event = |task: &TaskSpan| {
        let layer = &plan.layers()[task.layer];
        json!({
            "ph": "X",
            "pid": PROCESS,
            "tid": task.thread,
            "name": layer.name,
            "cat": layer.op,
            "ts": task.begin.as_secs_f64() * 1e6,
            "dur": task.end.saturating_sub(task.begin).as_secs_f64() * 1e6,
            "args": {"layer": task.layer, "kernel": task.kernel, "part": task.part, "task": task.task},
        })
    };
    let events: Vec<Value> = (0..threads).map(name).chain(tasks.iter().map(event)).collect();
    let (isa, backend) = (plan.isa().to_string(), plan.backend().to_string());
    json!({
        "displayTimeUnit": "ns",
        "otherData": {"isa": isa, "backend": backend, "threads": plan.threads()},
        "traceEvents": events,
    })
}
