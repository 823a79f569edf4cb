//! Kernels that take a block of rows times several panel groups in one call.

use core::cell::Cell;

use super::block::Block;
use super::panel_lines::Lines;
use super::panel_ranges::PanelRange;
use crate::memory::Line;

/// What a block kernel works on.
pub(crate) struct BlockCall<'a> {
    /// Rows and panel groups.
    pub(crate) block: &'a Block<'a>,
    /// The border class's K where it is contiguous in the panels.
    pub(crate) ranges: &'a [PanelRange],
    /// Whether each of the class's segments is whole tiles of weights, filled up with zeros at most, in bytes that the image
    /// has to itself: then rows can be read in place.
    #[cfg(target_arch = "x86_64")]
    pub(crate) whole_tiles: bool,
    /// The lines of the class's order.
    pub(crate) weights: Lines<'a>,
    /// Memory of the thread; a kernel takes it.
    pub(crate) workspace: Cell<&'a mut [Line]>,
}

/// A block kernel's entry point.
///
/// # Safety
/// The CPU has the instruction set. As [`TileFn`](super::tile::TileFn) for every row, panel and group. The workspace has
/// as many lines as the kernel says.
pub(crate) type BlockFn = unsafe fn(&BlockCall<'_>);

/// Lines of workspace that a block kernel needs for so many rows of a class of such ranges.
pub(crate) type WorkspaceFn = fn(&[PanelRange], usize) -> usize;
