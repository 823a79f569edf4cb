//! How many threads this process can keep busy.

use std::num::NonZero;
use std::{fs, thread};

/// Where Linux mounts the controller of CPU time: version 1 with its two usual names, and version 2, which systems that have
/// both mount beside it.
const MOUNTS_V1: [&str; 2] = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"];
const MOUNTS_V2: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// As many threads as this process can keep busy: the CPUs that it may run on, and no more than its share of CPU time lasts
/// for, rounded up.
pub(crate) fn usable() -> usize {
    let read = |path: &str| fs::read_to_string(path).ok();
    // The standard library knows both as well, but rounds a share of one and a half CPUs down.
    let known = || thread::available_parallelism().map_or(1, NonZero::get);
    let cpus = allowed(read).unwrap_or_else(known);
    quota(read).map_or(cpus, |quota| cpus.min(quota)).max(1)
}

/// The number of CPUs that the calling thread may run on and that are there.
fn allowed(read: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let status = read("/proc/thread-self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let allowed = cpus(list)?;
    let online = read("/sys/devices/system/cpu/online").and_then(|list| cpus(&list));
    let count = allowed.into_iter().filter(|cpu| online.as_ref().is_none_or(|online| online.contains(cpu))).count();
    (count > 0).then_some(count)
}

/// The CPUs of a list such as `0-3,8`.
fn cpus(list: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // More than any system has would be a mistake of ours.
        (first <= last && last < 1 << 16).then(|| all.extend(first..=last))?;
    }
    Some(all)
}

/// The least number of CPUs' time that a control group of this process and those around it allow, rounded up.
fn quota(read: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let groups = read("/proc/self/cgroup")?;
    let mut least: Option<usize> = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let (mounts, is_v2) = match controllers {
            "" => (MOUNTS_V2, true),
            list if list.split(',').any(|name| name == "cpu") => (MOUNTS_V1, false),
            _ => continue,
        };
        for mount in mounts {
            // Inside a container the path may be the one outside: then what is mounted is the group itself, the last one.
            let mut group = path.trim_end_matches('/');
            loop {
                let file = |name: &str| read(&format!("{mount}{group}/{name}"));
                let found = if is_v2 { share_v2(file) } else { share_v1(file) };
                least = least.into_iter().chain(found).min();
                match group.rfind('/') {
                    Some(end) => group = &group[..end],
                    None => break,
                }
            }
        }
    }
    least
}

/// `cpu.max`: a quota or `max`, and its period.
fn share_v2(file: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let text = file("cpu.max")?;
    let mut words = text.split_whitespace();
    share(words.next()?, words.next()?)
}

fn share_v1(file: impl Fn(&str) -> Option<String>) -> Option<usize> {
    share(&file("cpu.cfs_quota_us")?, &file("cpu.cfs_period_us")?)
}

/// A quota of -1 or `max` is none.
fn share(quota: &str, period: &str) -> Option<usize> {
    let (quota, period): (usize, usize) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota > 0 && period > 0).then(|| quota.div_ceil(period))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by path.
    fn files(list: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> + Copy {
        |path| list.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    }

    #[test]
    fn a_share_of_one_and_a_half_cpus_keeps_two_threads_busy() {
        let v2 = files(&[("/proc/self/cgroup", "0::/a/b\n"), ("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n")]);
        assert_eq!(quota(v2), Some(2));
        let v1 = files(&[
            ("/proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/a\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(quota(v1), Some(2));
    }

    #[test]
    fn the_least_share_of_the_groups_around_counts() {
        let nested = files(&[
            ("/proc/self/cgroup", "0::/a/b\n"),
            ("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/a/cpu.max", "300000 100000\n"),
        ]);
        assert_eq!(quota(nested), Some(3));
        let in_container =
            files(&[("/proc/self/cgroup", "0::/outside/x\n"), ("/sys/fs/cgroup/cpu.max", "50000 100000")]);
        assert_eq!(quota(in_container), Some(1));
        let hybrid = files(&[
            ("/proc/self/cgroup", "3:cpu:/\n0::/a\n"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"),
        ]);
        assert_eq!(quota(hybrid), None);
        assert_eq!(quota(files(&[])), None);
        assert_eq!(quota(files(&[("/proc/self/cgroup", "nonsense\n0::/\n"), ("/sys/fs/cgroup/cpu.max", "0 0")])), None);
    }

    #[test]
    fn cpus_that_may_run_this_and_are_there_are_counted() {
        let status = ("/proc/thread-self/status", "Name:\tx\nCpus_allowed_list:\t0-3,8,10-11\nMems:\t0\n");
        let only = |path: &str| (path == status.0).then(|| status.1.to_owned());
        assert_eq!(allowed(only), Some(7));
        let online = |path: &str| match path {
            "/sys/devices/system/cpu/online" => Some("0-1,11\n".to_owned()),
            other => only(other),
        };
        assert_eq!(allowed(online), Some(3));
        assert_eq!(cpus("3-1"), None);
        assert_eq!(cpus("0-99999999999"), None);
        assert_eq!(cpus(""), None);
        assert!(usable() >= 1);
    }
}
