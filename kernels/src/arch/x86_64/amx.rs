//! AMX tiles: eight registers of sixteen rows by 64 bytes, and the product of two of them.
//!
//! The intrinsics are unstable in the toolchain in use, so each instruction is an `asm!` function.
//! The compiler never touches tile registers: what one instruction leaves there the next one finds.

use core::arch::asm;
use core::arch::x86_64::{_mm512_maskz_loadu_epi8, _mm512_storeu_si512};

use crate::arch::{InstructionSet, Kernel, LANES};
use crate::isa::Isa;

/// Proof that the CPU and the process have AMX, beside AVX-512 with VNNI and VBMI.
#[derive(Clone, Copy)]
pub(crate) struct Amx(());

impl InstructionSet for Amx {
    const ISA: Isa = Isa::Amx;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    // The instructions of the tiles are `asm!`, which needs nothing enabled.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

/// Rows of a tile.
pub(crate) const TILE_ROWS: usize = 16;
/// Bytes of a tile's row: 64 activations, or four weights for each of sixteen columns.
pub(crate) const TILE_BYTES: usize = 64;

/// Eight tiles of sixteen rows by 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static WHOLE_TILES: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Configured tiles of this thread; released when dropped, so that idle threads have no tile state
/// to be saved.
///
/// Registers 0 to 3 are sums (register `2 * rows + columns`), 4 and 5 activations, 6 and 7 weights.
pub(crate) struct Tiles(());

impl Tiles {
    /// Configures the tiles of this thread.
    ///
    /// # Safety
    /// The process may use AMX, and no other `Tiles` exists on this thread.
    #[inline(always)]
    pub(crate) unsafe fn configure() -> Self {
        // SAFETY: the configuration is 64 readable bytes; the caller vouches for AMX.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const WHOLE_TILES, options(nostack, readonly, preserves_flags)) }
        Self(())
    }

    /// Sets the four tiles of sums to 0.
    #[inline(always)]
    pub(crate) fn clear_sums(&mut self) {
        // SAFETY: register operations on tiles that `self` proves to be configured.
        unsafe { asm!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", options(nomem, nostack)) }
    }

    /// Loads sixteen rows of 64 activations, `stride` bytes apart, into tile 0 or 1 of two.
    ///
    /// # Safety
    /// The rows are readable.
    #[inline(always)]
    pub(crate) unsafe fn load_activations<const TILE: usize>(&mut self, source: *const u8, stride: usize) {
        // SAFETY: `self` proves the configuration, the caller vouches for the rows.
        unsafe {
            match TILE {
                0 => asm!("tileloadd tmm4, [{}+{}*1]", in(reg) source, in(reg) stride, options(nostack, readonly)),
                _ => asm!("tileloadd tmm5, [{}+{}*1]", in(reg) source, in(reg) stride, options(nostack, readonly)),
            }
        }
    }

    /// Loads sixteen consecutive lines of weights into tile 0 or 1 of two.
    ///
    /// # Safety
    /// The 1024 bytes are readable.
    #[inline(always)]
    pub(crate) unsafe fn load_weights<const TILE: usize>(&mut self, source: *const i8) {
        // SAFETY: `self` proves the configuration, the caller vouches for the lines.
        unsafe {
            match TILE {
                0 => asm!("tileloadd tmm6, [{}+{}*1]", in(reg) source, in(reg) TILE_BYTES, options(nostack, readonly)),
                _ => asm!("tileloadd tmm7, [{}+{}*1]", in(reg) source, in(reg) TILE_BYTES, options(nostack, readonly)),
            }
        }
    }

    /// Adds the products of activation tiles below `ROWS` with weight tiles below `COLUMNS`.
    #[inline(always)]
    pub(crate) fn multiply<const ROWS: usize, const COLUMNS: usize>(&mut self) {
        // SAFETY: register operations on tiles that `self` proves to be configured.
        unsafe {
            asm!("tdpbusd tmm0, tmm4, tmm6", options(nomem, nostack));
            if COLUMNS == 2 {
                asm!("tdpbusd tmm1, tmm4, tmm7", options(nomem, nostack));
            }
            if ROWS == 2 {
                asm!("tdpbusd tmm2, tmm5, tmm6", options(nomem, nostack));
            }
            if ROWS == 2 && COLUMNS == 2 {
                asm!("tdpbusd tmm3, tmm5, tmm7", options(nomem, nostack));
            }
        }
    }

    /// Stores the tiles of sums below `ROWS` and `COLUMNS`: `[columns][32 rows][16]`.
    #[inline(always)]
    pub(crate) fn store_sums<const ROWS: usize, const COLUMNS: usize>(&mut self, target: &mut Sums) {
        let [first, second] = &mut target.0;
        let (first, second) = (first.as_mut_ptr(), second.as_mut_ptr());
        // SAFETY: a target has 32 rows of 64 bytes for each of two columns.
        unsafe {
            asm!("tilestored [{}+{}*1], tmm0", in(reg) first, in(reg) TILE_BYTES, options(nostack));
            if COLUMNS == 2 {
                asm!("tilestored [{}+{}*1], tmm1", in(reg) second, in(reg) TILE_BYTES, options(nostack));
            }
            if ROWS == 2 {
                let first = first.add(TILE_ROWS);
                asm!("tilestored [{}+{}*1], tmm2", in(reg) first, in(reg) TILE_BYTES, options(nostack));
            }
            if ROWS == 2 && COLUMNS == 2 {
                let second = second.add(TILE_ROWS);
                asm!("tilestored [{}+{}*1], tmm3", in(reg) second, in(reg) TILE_BYTES, options(nostack));
            }
        }
    }
}

impl Drop for Tiles {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: releasing configured tiles only ends their use.
        unsafe { asm!("tilerelease", options(nomem, nostack)) }
    }
}

/// Sums as tiles store them: two panels of 32 rows of sixteen columns.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Sums(pub(crate) [[[i32; LANES]; 2 * TILE_ROWS]; 2]);

impl Sums {
    /// All 0.
    pub(crate) const ZERO: Self = Self([[[0; LANES]; 2 * TILE_ROWS]; 2]);
}

/// Copies `count` bytes and zeros what follows up to a multiple of 64, counted from `target`.
///
/// # Safety
/// The CPU has AMX, which includes AVX-512; `count` bytes are readable, `count` rounded up to 64 writable.
#[inline(always)]
pub(crate) unsafe fn copy_and_zero(source: *const u8, target: *mut u8, count: usize) {
    let mut at = 0;
    while at < count {
        let mask = u64::MAX >> (64 - (count - at).min(64));
        // SAFETY: masked-out bytes are not read; the caller vouches for the others.
        unsafe {
            let bytes = _mm512_maskz_loadu_epi8(mask, source.add(at).cast());
            _mm512_storeu_si512(target.add(at).cast(), bytes);
        }
        at += 64;
    }
}
