//! A session that has nothing to do takes no CPU time, whatever its threads just did.
#![cfg(target_os = "linux")]

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use ottava::{Model, Plan, PlanOptions, Session};

/// CPU time of all threads of this process but the calling one, which sleeps, in nanoseconds; how many there are.
fn others_nanos() -> Option<(u64, usize)> {
    let own = fs::read_link("/proc/thread-self").ok()?;
    let (mut sum, mut count) = (0, 0);
    for task in fs::read_dir("/proc/self/task").ok()? {
        let path = task.ok()?.path();
        if path.file_name() == own.file_name() {
            continue;
        }
        let times = fs::read_to_string(path.join("schedstat")).ok()?;
        sum += times.split_whitespace().next()?.parse::<u64>().ok()?;
        count += 1;
    }
    Some((sum, count))
}

#[test]
fn an_idle_session_uses_no_cpu() {
    let model = Model::from_bytes(ottava_models::tiny(3), "tiny").unwrap();
    let options = PlanOptions { threads: Some(3), ..PlanOptions::default() };
    let mut session = Session::new(&Plan::new(&model, &options).unwrap()).unwrap();
    for _ in 0..20 {
        session.run().unwrap();
    }
    // Threads look for more work for a short time; on a busy machine they get to it late.
    sleep(Duration::from_millis(500));
    let Some((before, threads)) = others_nanos() else {
        eprintln!("SKIPPED: this system does not tell the time of threads");
        return;
    };
    assert!(threads >= 2, "the session's helpers are threads of this process: {threads}");
    sleep(Duration::from_millis(1500));
    let (after, _) = others_nanos().unwrap();
    let used = after - before;
    println!("{threads} idle threads used {used} ns");
    // Not a thousandth of the time.
    assert!(used < 1_000_000, "{threads} idle threads used {used} ns");
}
