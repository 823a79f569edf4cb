//! Dot products of bytes: `sdot` by element. Other types as on Armv8.0.
//!
//! 32 registers: four rows of four registers of sums, sixteen bytes of each row, and four of columns. A register is loaded
//! as soon as its last product is under way, and several products before its next, for cores that issue in order.

use core::arch::aarch64::*;

use super::bytes::{Products, ROWS, STEP};
use super::pack::CHUNK;
use crate::arch::{Arch, DotProd, LANES, Neon, dotprod, ordered};

/// Bytes of a panel's four k.
const LINE: usize = 4 * LANES;

/// What stays in registers.
struct Registers {
    sums: [[int32x4_t; 4]; ROWS],
    x: [int8x16_t; ROWS],
    columns: [int8x16_t; 4],
}

/// Rows, and quarters of the columns.
struct Operands {
    rows: [*const i8; ROWS],
    quarters: [*const i8; 4],
}

/// Adds the products of four k, of which the rows' are in element `LANE`. `MORE` columns follow, and with `NEXT`, bytes `k`
/// of the rows do.
///
/// # Safety
/// The CPU has the dot products, and there are such columns and rows.
#[inline(always)]
unsafe fn line<const LANE: u8, const MORE: bool, const NEXT: bool>(
    registers: &mut Registers,
    operands: &Operands,
    line: usize,
    k: usize,
) {
    let Registers { sums, x, columns } = registers;
    for quarter in 0..4 {
        for row in 0..ROWS {
            // SAFETY: the caller's promise.
            unsafe {
                sums[row][quarter] = dotprod::sdot_lane::<LANE>(sums[row][quarter], columns[quarter], x[row]);
                if NEXT && quarter == 3 {
                    x[row] = ordered::load(operands.rows[row], k);
                }
            }
        }
        if MORE {
            // SAFETY: as above.
            columns[quarter] = unsafe { ordered::load(operands.quarters[quarter], line + LINE) };
        }
    }
}

impl Products for DotProd {
    const GROUP: usize = 4;

    #[inline(always)]
    fn neon(self) -> Neon {
        self.neon()
    }

    #[inline(always)]
    unsafe fn add(self, rows: *const i8, panel: *const i8, depth: usize, totals: &mut [[i32; LANES]; ROWS]) {
        let operands = Operands {
            rows: core::array::from_fn(|row| rows.wrapping_add(row * CHUNK)),
            quarters: core::array::from_fn(|quarter| panel.wrapping_add(LANES * quarter)),
        };
        // SAFETY: a `DotProd` proves the feature; the caller vouches for rows and panel, and each row has sixteen sums.
        unsafe {
            let (none, zero) = (vdupq_n_s8(0), vdupq_n_s32(0));
            let mut registers = Registers { sums: [[zero; 4]; ROWS], x: [none; ROWS], columns: [none; 4] };
            for row in 0..ROWS {
                registers.sums[row] = self.neon().load(totals[row].as_ptr());
                registers.x[row] = ordered::load(operands.rows[row], 0);
            }
            for quarter in 0..4 {
                registers.columns[quarter] = ordered::load(operands.quarters[quarter], 0);
            }
            let mut at = 0;
            for k in (STEP..depth).step_by(STEP) {
                line::<0, true, false>(&mut registers, &operands, at, k);
                line::<1, true, false>(&mut registers, &operands, at + LINE, k);
                line::<2, true, false>(&mut registers, &operands, at + 2 * LINE, k);
                line::<3, true, true>(&mut registers, &operands, at + 3 * LINE, k);
                at += 4 * LINE;
            }
            line::<0, true, false>(&mut registers, &operands, at, 0);
            line::<1, true, false>(&mut registers, &operands, at + LINE, 0);
            line::<2, true, false>(&mut registers, &operands, at + 2 * LINE, 0);
            line::<3, false, false>(&mut registers, &operands, at + 3 * LINE, 0);
            for row in 0..ROWS {
                self.neon().store(totals[row].as_mut_ptr(), registers.sums[row]);
            }
        }
    }
}
