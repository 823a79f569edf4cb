//! Which CPUs the command runs on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Above the number of any CPU that can be asked for.
const MAX_CPUS: usize = 1024;

/// CPUs by number, as Linux writes them: `0-3,8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(BTreeSet<usize>);

impl FromStr for CpuList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a list of CPUs below {MAX_CPUS} is needed, such as 0-3,8");
        let mut all = BTreeSet::new();
        for part in text.trim().split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse().ok().filter(|&cpu: &usize| cpu < MAX_CPUS).ok_or_else(wrong);
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(wrong());
            }
            all.extend(first..=last);
        }
        Ok(Self(all))
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().copied().peekable();
        let mut separator = "";
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if_eq(&(last + 1)) {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl CpuList {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The CPUs that this thread may run on, where the system tells.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub fn current() -> Option<Self> {
        let set = rustix::thread::sched_getaffinity(None).ok()?;
        Some(Self((0..MAX_CPUS.min(rustix::thread::CpuSet::MAX_CPU)).filter(|&cpu| set.is_set(cpu)).collect()))
    }

    /// The CPUs that this thread may run on, where the system tells.
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    pub fn current() -> Option<Self> {
        None
    }

    /// Keeps this thread, and those that it starts from now on, to these CPUs.
    ///
    /// # Errors
    /// Why the system refuses.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub fn pin(&self) -> Result<(), String> {
        let mut set = rustix::thread::CpuSet::new();
        self.0.iter().for_each(|&cpu| set.set(cpu));
        rustix::thread::sched_setaffinity(None, &set).map_err(|error| error.to_string())
    }

    /// Keeps this thread, and those that it starts from now on, to these CPUs.
    ///
    /// # Errors
    /// Why the system refuses.
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    pub fn pin(&self) -> Result<(), String> {
        Err("this system has no such call".to_owned())
    }
}

/// The kinds of cores among the CPUs of `allowed`, the fastest first: one where all are alike or the system does not tell.
/// `read` reads a file of the system.
pub fn kinds(allowed: &CpuList, read: impl Fn(&str) -> Option<String>) -> Vec<CpuList> {
    let among = |list: BTreeSet<usize>| CpuList(list.intersection(&allowed.0).copied().collect());
    // Hybrid x86 names its kinds, ARM gives each CPU a capacity.
    let named = ["/sys/devices/cpu_core/cpus", "/sys/devices/cpu_atom/cpus"];
    let mut kinds: Vec<CpuList> =
        named.into_iter().filter_map(|path| Some(among(read(path)?.parse::<CpuList>().ok()?.0))).collect();
    if kinds.is_empty() {
        let mut by_capacity: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
        for &cpu in &allowed.0 {
            let text = read(&format!("/sys/devices/system/cpu/cpu{cpu}/cpu_capacity"));
            let capacity = text.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            by_capacity.entry(capacity).or_default().insert(cpu);
        }
        kinds = by_capacity.into_values().rev().map(CpuList).collect();
    }
    kinds.retain(|kind| kind.len() > 0);
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> CpuList {
        text.parse().unwrap()
    }

    #[test]
    fn lists_are_read_and_written() {
        for text in ["0", "0-3,8", "1,3,5-6"] {
            assert_eq!(list(text).to_string(), text);
        }
        assert_eq!(list("3, 1,2\n").to_string(), "1-3");
        for wrong in ["", "a", "3-1", "0-", "1024", "0-99999999999999999999", "-1"] {
            assert!(wrong.parse::<CpuList>().unwrap_err().contains("such as 0-3,8"), "{wrong}");
        }
    }

    #[test]
    fn kinds_of_cores_are_told_apart() {
        let named = |path: &str| match path {
            "/sys/devices/cpu_core/cpus" => Some("0-3\n".to_owned()),
            "/sys/devices/cpu_atom/cpus" => Some("4-11\n".to_owned()),
            _ => None,
        };
        assert_eq!(kinds(&list("0-11"), named), [list("0-3"), list("4-11")]);
        assert_eq!(kinds(&list("1,5-6"), named), [list("1"), list("5-6")]);
        assert_eq!(kinds(&list("8"), named), [list("8")]);
        let big_little = |path: &str| {
            let cpu = path.strip_prefix("/sys/devices/system/cpu/cpu")?.strip_suffix("/cpu_capacity")?;
            Some(
                if cpu == "7" {
                    "1024\n"
                } else if cpu > "3" {
                    "800\n"
                } else {
                    "250\n"
                }
                .to_owned(),
            )
        };
        assert_eq!(kinds(&list("0-7"), big_little), [list("7"), list("4-6"), list("0-3")]);
        assert_eq!(kinds(&list("0-7"), |_| None), [list("0-7")]);
    }

    #[test]
    fn what_is_pinned_is_where_the_thread_may_run() {
        let Some(before) = CpuList::current() else { return };
        let one = CpuList(before.0.iter().copied().take(1).collect());
        // Some sandboxes refuse, which is no failure of the command either.
        if let Err(why) = one.pin() {
            eprintln!("SKIPPED, pinning is refused: {why}");
            return;
        }
        assert_eq!(CpuList::current(), Some(one));
        before.pin().unwrap();
        assert_eq!(CpuList::current(), Some(before));
    }
}
