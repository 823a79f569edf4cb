//! The machine that a measurement was made on.

use std::fs;
use std::thread;

use serde::Serialize;

/// What a report says of the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// The CPU's own name.
    pub cpu: String,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Operating system.
    pub os: &'static str,
    /// Architecture that the command was built for.
    pub arch: &'static str,
    /// Instruction sets that the CPU has and Ottava has kernels for, best last.
    pub isas: Vec<String>,
}

impl Host {
    /// This machine.
    pub fn detect() -> Self {
        Self {
            cpu: cpu_name(),
            cores: cores(),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            isas: ottava::Isa::available().iter().map(ToString::to_string).collect(),
        }
    }

    /// One line.
    pub fn line(&self) -> String {
        format!("{}, {}, {} {}", self.cpu, crate::table::counted(self.cores, "core"), self.os, self.arch)
    }
}

/// Logical cores that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The greatest resident memory of this process since [`reset_peak_memory`], where the system tells.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = field(&status, "VmHWM")?.trim_end_matches("kB").trim().parse::<u64>().ok()?;
    Some(kilobytes * 1024)
}

/// Starts the peak anew, so that building a model before does not count. Where the system cannot, the peak is that of
/// the whole process.
pub fn reset_peak_memory() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn cpu_name() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = ["model name", "Model", "Hardware"].into_iter().find_map(|key| field(&info, key));
    // Windows keeps the name in the environment.
    let name = named.map(str::to_owned).or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok());
    name.unwrap_or_else(|| format!("unnamed {} CPU", std::env::consts::ARCH))
}

/// The value of the first `key : value` line.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key && !value.trim().is_empty()).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_a_name_and_cores() {
        let host = Host::detect();
        assert!(!host.cpu.is_empty() && host.cores >= 1 && !host.isas.is_empty());
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmHWMx:\t1 kB\nVmHWM:\t  20 kB\n";
        assert_eq!(field(text, "VmHWM"), Some("20 kB"));
        assert_eq!(field(text, "Vm"), None);
    }
}
