//! Weights in the order in which tiles that share widenings take them.
//!
//! K is cut into *units*: what border classes take whole or not at all, which is a tap, or
//! everything for a class that takes all taps. Lines share widenings inside their unit ([`super::groups`]), and
//! a half panel lies in this order:
//!
//! ```text
//! single lines: of unit 0, of unit 1, ...; groups of two lines; of three; of four; of five
//! ```
//!
//! So a range of units is one range of each of these parts. Each line has the offset of its
//! four activations, counted from where the first tap of the whole window would be.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{HALF, HalfLine};
use super::halves::{self, Halves, HalvesPacker, HalvesWork, LineCounts};
use super::orders::{ClassUnits, WideningOrder, orders, reaches, tap_steps};
use crate::arch::LANES;
use crate::gemm::geometry::Geometry;
use crate::gemm::pack::Panel;
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::{MAX_GROUP_LINES, WideningStatistics};
use crate::packed::{PackedLayout, PackedSlice, Packing, Unfit};

const LINES: PackedLayout = PackedLayout::new("gemm.halves", 1);
const OFFSETS: PackedLayout = PackedLayout::new("gemm.halves.offsets", 1);
const STARTS: PackedLayout = PackedLayout::new("gemm.halves.starts", 1);

/// The half lines of a convolution, ordered by widening group.
pub(crate) struct WideningPack {
    lines: PackedSlice<HalfLine>,
    /// Offset of each line's activations.
    offsets: PackedSlice<u32>,
    /// For each order, panel, half and number of lines in a group: where each unit's groups start, and where the last's end.
    starts: PackedSlice<u32>,
    orders: Vec<WideningOrder>,
    /// What each border class takes.
    classes: Vec<ClassUnits>,
    /// What packing made of the weights, if they were packed now.
    statistics: Option<WideningStatistics>,
}

/// The half panels of a panel, and which units of them to take.
#[derive(Clone, Copy)]
pub(crate) struct WideningPanel<'a> {
    lines: &'a [HalfLine],
    offsets: &'a [u32],
    /// For each half and number of lines in a group, `units + 1` starts.
    starts: &'a [u32],
    units: usize,
    /// Which units to take.
    pub(crate) ranges: &'a [Range<usize>],
    /// Bytes from the window's first tap to the first inside.
    pub(crate) origin: usize,
}

impl WideningPanel<'_> {
    /// The lines of all groups of `size` lines of a range of units, and their offsets.
    #[inline(always)]
    pub(crate) fn groups(&self, half: usize, size: usize, units: &Range<usize>) -> (&[HalfLine], &[u32]) {
        let starts = &self.starts[(half * MAX_GROUP_LINES + size - 1) * (self.units + 1)..];
        let lines = starts[units.start] as usize..starts[units.end] as usize;
        (&self.lines[lines.clone()], &self.offsets[lines])
    }
}

impl WideningPack {
    /// Whether offsets fit their type; windows far larger than any image do not.
    pub(crate) fn suits(spec: &ConvSpec<'_>) -> bool {
        // In 64 bits, so that saturation is beyond the type on every target.
        let [down, across] = tap_steps(spec).map(|step| step as u64);
        let [rows, columns] = spec.window.taps.map(|taps| taps as u64);
        let last = down.saturating_mul(rows).saturating_add(across.saturating_mul(columns));
        u32::try_from(last.saturating_add(spec.input.channels as u64)).is_ok()
    }

    /// Packs the panels in the orders that the border classes take, or takes what was packed before.
    ///
    /// # Errors
    /// What was packed before is not of such a convolution.
    pub(crate) fn new(
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        (panels, packer): (&[Panel], HalvesPacker),
        packing: &mut Packing,
    ) -> Result<Self, Unfit> {
        let (orders, classes) = orders(spec, geometry, panels.len());
        let starts = orders.iter().map(|order| order.starts(panels.len())).sum();
        let work = HalvesWork { spec, geometry, orders: &orders, panels, packer };
        let counts = if packing.is_stored() { LineCounts::default() } else { halves::count(&work) };
        if packing.is_measuring() {
            let lines = packing.buffer_in_place(&LINES, counts.packed(), |_| ())?;
            let offsets = packing.buffer_in_place(&OFFSETS, counts.packed(), |_| ())?;
            let starts = packing.buffer_in_place(&STARTS, starts, |_| ())?;
            return Ok(Self { lines, offsets, starts, orders, classes, statistics: Some(counts.into()) });
        }
        // Its memory serves one layer after the other.
        let mut made: Box<Halves> = packing.scratch();
        let (lines, statistics) = if packing.is_stored() {
            (packing.buffer(&LINES, Vec::new)?, None)
        } else {
            let lines = packing.buffer_in_place(&LINES, counts.packed(), |lines| made.pack(&work, lines))?;
            (lines, Some(made.statistics))
        };
        let offsets = packing.buffer_copied(&OFFSETS, &made.offsets, lines.len())?;
        let starts = packing.buffer_copied(&STARTS, &made.starts, starts)?;
        packing.keep_scratch(made);
        let pack = Self { lines, offsets, starts, orders, classes, statistics };
        pack.check(geometry, panels.len())?;
        Ok(pack)
    }

    /// Checks what tiles compute addresses with: each unit's groups are whole ones among the lines, and no offset leads out of
    /// what a class that takes the unit may read.
    fn check(&self, geometry: &Geometry, panels: usize) -> Result<(), Unfit> {
        for (index, order) in self.orders.iter().enumerate() {
            let reaches = reaches(geometry, &self.classes, index, order.units);
            let starts = &self.starts[order.first..][..order.starts(panels)];
            for (row, starts) in starts.chunks_exact(order.units + 1).enumerate() {
                let size = row % MAX_GROUP_LINES + 1;
                for (reach, unit) in reaches.iter().zip(starts.windows(2)) {
                    let lines = unit[0] as usize..unit[1] as usize;
                    let offsets = self.offsets.get(lines).ok_or_else(|| Unfit::new(&STARTS, "is damaged"))?;
                    if !offsets.len().is_multiple_of(size) {
                        return Err(Unfit::new(&STARTS, "is damaged"));
                    }
                    let ends = offsets.iter().fold((u32::MAX, 0), |(low, high), &at| (low.min(at), high.max(at)));
                    if !offsets.is_empty() && (ends.0 < reach.start || ends.1 >= reach.end) {
                        return Err(Unfit::new(&OFFSETS, "is damaged"));
                    }
                }
            }
        }
        Ok(())
    }

    /// What a tile of a panel takes in a border class.
    pub(crate) fn panel(&self, class: usize, panel: usize) -> WideningPanel<'_> {
        let ClassUnits { order, ranges, origin } = &self.classes[class];
        let WideningOrder { first, units, .. } = self.orders[*order];
        let of_panel = LANES / HALF * MAX_GROUP_LINES * (units + 1);
        WideningPanel {
            lines: &self.lines,
            offsets: &self.offsets,
            starts: &self.starts[first + panel * of_panel..][..of_panel],
            units,
            ranges,
            origin: *origin,
        }
    }

    pub(crate) fn statistics(&self) -> Option<WideningStatistics> {
        self.statistics
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.offsets[..]) + size_of_val(&self.starts[..])
    }
}
