//! Whether AMX can be used: the CPU has it, and Linux lets this process.

use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
#[cfg(feature = "std")]
use std::sync::OnceLock;

/// CPUID leaf 7, EDX: tile registers, and products of 8-bit integers in them.
const AMX_TILE: u32 = 1 << 24;
const AMX_INT8: u32 = 1 << 25;
/// CPUID leaf 1, ECX: the operating system saves extended state.
const OSXSAVE: u32 = 1 << 27;
/// Bits of the extended state: tile configuration and tile data.
const TILE_STATE: u64 = 3 << 17;
/// Linux x86-64: `arch_prctl`, which grants a process the use of large register state.
const SYS_ARCH_PRCTL: i64 = 158;
const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
const XFEATURE_TILE_DATA: i64 = 18;

/// Asks once for the process, where there is a place to keep the answer.
pub(super) fn is_usable() -> bool {
    let usable = || cfg!(target_os = "linux") && cpu_has_it() && kernel_permits_it();
    #[cfg(feature = "std")]
    {
        static AVAILABLE: OnceLock<bool> = OnceLock::new();
        *AVAILABLE.get_or_init(usable)
    }
    // Asking again gives the same answer.
    #[cfg(not(feature = "std"))]
    usable()
}

fn cpu_has_it() -> bool {
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let wanted = AMX_TILE | AMX_INT8;
    // SAFETY: OSXSAVE says that the instruction is enabled.
    let enabled = unsafe { _xgetbv(0) };
    __cpuid_count(7, 0).edx & wanted == wanted && enabled & TILE_STATE == TILE_STATE
}

/// Linux wants to be asked before the first use of tile data; permission holds for all threads.
fn kernel_permits_it() -> bool {
    let result: i64;
    // SAFETY: the system call takes two integers and changes nothing but the permission; it clobbers
    // the two registers named and touches no memory of ours.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") SYS_ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}
