//! Half lines as they are packed: cut out of panels, split where they are not safe, grouped, and put in their order.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::slice;

use super::groups::{Grouping, HALF, HalfLine, Load, WideningGroup};
use super::orders::{WideningOrder, line_offset, tap_steps};
use crate::arch::{InstructionSet, Kernel, LANES};
use crate::gemm::geometry::Geometry;
use crate::gemm::order::Order;
use crate::gemm::pack::Panel;
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::{MAX_GROUP_LINES, WideningStatistics};
use crate::memory::Line;

/// The entry points that pack, of one instruction set.
///
/// Nothing in them is special to it. But the loads of a half line are one register of AVX2, and comparing them is most of the time of
/// planning.
#[derive(Clone, Copy)]
pub(crate) struct HalvesPacker {
    pub(crate) count: CountFn,
    pub(crate) pack: PackUnitFn,
}

/// What belongs to the half lines of all panels, and memory to pack them with.
#[derive(Default)]
pub(super) struct Halves {
    pub(super) offsets: Vec<u32>,
    pub(super) starts: Vec<u32>,
    pub(super) statistics: WideningStatistics,
    /// Those of a half panel.
    units: Vec<RefCell<Unit>>,
    grouping: RefCell<Grouping>,
}

/// What is to be packed, and how.
#[derive(Clone, Copy)]
pub(super) struct HalvesWork<'a> {
    pub(super) spec: &'a ConvSpec<'a>,
    pub(super) geometry: &'a Geometry,
    pub(super) orders: &'a [WideningOrder],
    pub(super) panels: &'a [Panel],
    pub(super) packer: HalvesPacker,
}

/// The half lines of a unit.
#[derive(Default)]
struct Unit {
    /// Those of the panel, then repairs.
    lines: Vec<HalfLine>,
    offsets: Vec<u32>,
    loads: Vec<Load>,
    groups: Vec<WideningGroup>,
    counts: LineCounts,
}

/// A unit to pack.
pub(crate) struct UnitCall<'a> {
    lines: &'a [Line],
    half: usize,
    /// Of each line.
    offsets: &'a [u32],
    unit: &'a RefCell<Unit>,
    grouping: &'a RefCell<Grouping>,
}

/// An entry point of [`PackUnit`].
///
/// # Safety
/// The CPU has the instruction set.
pub(crate) type PackUnitFn = unsafe fn(&UnitCall<'_>);

/// Lines whose halves to count.
pub(crate) struct CountCall<'a> {
    lines: &'a [Line],
    counts: Cell<LineCounts>,
}

/// How many half lines there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineCounts {
    /// Those that are not of zeros.
    filled: usize,
    repairs: usize,
}

impl LineCounts {
    /// Lines that are packed: those of zeros are left out, and two are never one.
    pub(super) fn packed(self) -> usize {
        self.filled + self.repairs
    }
}

/// An entry point of [`CountHalves`].
///
/// # Safety
/// The CPU has the instruction set.
pub(crate) type CountFn = unsafe fn(&CountCall<'_>);

/// Counts the half lines that come of lines.
pub(crate) struct CountHalves;

impl<A: InstructionSet> Kernel<A> for CountHalves {
    type Call<'a> = CountCall<'a>;

    /// # Safety
    /// As [`CountFn`].
    #[inline(always)]
    unsafe fn run(_: A, call: &CountCall<'_>) {
        let LineCounts { mut filled, mut repairs } = call.counts.get();
        for line in call.lines {
            for half in 0..LANES / HALF {
                let load = half_of(line, half).load();
                filled += usize::from(!load.is_nothing());
                repairs += usize::from(!load.is_safe());
            }
        }
        call.counts.set(LineCounts { filled, repairs });
    }
}

/// Cuts the half lines of a unit out, splits and groups them.
pub(crate) struct PackUnit;

impl<A: InstructionSet> Kernel<A> for PackUnit {
    type Call<'a> = UnitCall<'a>;

    /// # Safety
    /// As [`PackUnitFn`].
    #[inline(always)]
    unsafe fn run(_: A, call: &UnitCall<'_>) {
        let mut unit = call.unit.borrow_mut();
        unit.cut(call.lines, call.half, call.offsets);
        let Unit { loads, groups, .. } = &mut *unit;
        call.grouping.borrow_mut().group(loads, groups);
    }
}

impl Unit {
    /// Takes half of each line, and splits those that are not safe.
    #[inline(always)]
    fn cut(&mut self, lines: &[Line], half: usize, offsets: &[u32]) {
        self.lines.clear();
        self.lines.extend(lines.iter().map(|line| half_of(line, half)));
        self.offsets.clear();
        self.offsets.extend_from_slice(offsets);
        self.loads.clear();
        self.loads.extend(self.lines.iter().map(HalfLine::load));
        let filled = self.loads.iter().filter(|load| !load.is_nothing()).count();
        for (line, &offset) in offsets.iter().enumerate() {
            if self.loads[line].is_safe() {
                continue;
            }
            if let Some(repair) = self.lines[line].split() {
                self.loads[line] = self.lines[line].load();
                self.loads.push(repair.load());
                self.lines.push(repair);
                self.offsets.push(offset);
            }
        }
        self.counts = LineCounts { filled, repairs: self.lines.len() - lines.len() };
    }

    /// The groups of so many lines.
    fn groups_of(&self, size: usize) -> impl Iterator<Item = &[u32]> {
        self.groups.iter().map(WideningGroup::lines).filter(move |group| group.len() == size)
    }
}

impl Halves {
    /// Packs all panels in all orders to `target`, which has as many lines as [`count`] says.
    pub(super) fn pack(&mut self, work: &HalvesWork<'_>, target: &mut [HalfLine]) {
        let HalvesWork { spec, geometry, orders, panels, packer } = *work;
        let mut target = target.iter_mut();
        self.offsets.clear();
        self.starts.clear();
        self.statistics = WideningStatistics::default();
        let steps = tap_steps(spec);
        for WideningOrder { order, unit_lines, .. } in orders {
            let order = &geometry.orders[*order];
            let offsets: Vec<u32> =
                (0..order.panel_lines()).map(|line| line_offset(order, steps, line) as u32).collect();
            self.units.resize_with(order.panel_lines() / unit_lines, RefCell::default);
            for_each_panel(spec, order, panels, |lines| {
                for half in 0..LANES / HALF {
                    let of_units = lines.chunks_exact(*unit_lines).zip(offsets.chunks_exact(*unit_lines));
                    for ((lines, offsets), unit) in of_units.zip(&self.units) {
                        let call = UnitCall { lines, half, offsets, unit, grouping: &self.grouping };
                        // SAFETY: the entry point is one of the table's row, of which a layer is only prepared where the CPU has the
                        // instruction set.
                        unsafe { (packer.pack)(&call) }
                    }
                    self.push_units(&mut target);
                }
            });
        }
    }

    /// Appends the units of half a panel.
    fn push_units(&mut self, target: &mut slice::IterMut<'_, HalfLine>) {
        let Self { offsets, starts, statistics, units, .. } = self;
        for unit in units.iter_mut().map(RefCell::get_mut) {
            statistics.lines += unit.counts.filled;
            statistics.repairs += unit.counts.repairs;
        }
        for size in 1..=MAX_GROUP_LINES {
            for unit in units.iter_mut().map(RefCell::get_mut) {
                starts.push(offsets.len() as u32);
                statistics.grouped[size - 1] += size * unit.groups_of(size).count();
                let of_size = || unit.groups_of(size).flatten();
                for &line in of_size() {
                    *target.next().expect("as many lines as were counted") = unit.lines[line as usize];
                }
                offsets.extend(of_size().map(|&line| unit.offsets[line as usize]));
            }
            starts.push(u32::try_from(offsets.len()).expect("fewer lines than weights"));
        }
    }
}

/// How many half lines [`Halves::pack`] packs.
pub(super) fn count(work: &HalvesWork<'_>) -> LineCounts {
    let mut counts = LineCounts::default();
    for WideningOrder { order, .. } in work.orders {
        for_each_panel(work.spec, &work.geometry.orders[*order], work.panels, |lines| {
            let call = CountCall { lines, counts: Cell::new(counts) };
            // SAFETY: as in `Halves::pack`.
            unsafe { (work.packer.count)(&call) }
            counts = call.counts.get();
        });
    }
    counts
}

impl From<LineCounts> for WideningStatistics {
    /// Before lines are grouped.
    fn from(counts: LineCounts) -> Self {
        Self { lines: counts.filled, repairs: counts.repairs, ..Self::default() }
    }
}

/// Calls `visit` with the lines of each panel in an order.
fn for_each_panel(spec: &ConvSpec<'_>, order: &Order, panels: &[Panel], mut visit: impl FnMut(&[Line])) {
    let mut lines = vec![Line::ZERO; order.panel_lines()];
    for panel in panels {
        lines.fill(Line::ZERO);
        panel.pack(spec, order, &mut lines);
        visit(&lines);
    }
}

/// Eight columns of a line.
#[inline(always)]
fn half_of(line: &Line, half: usize) -> HalfLine {
    let mut columns = HalfLine::ZERO;
    columns.0.copy_from_slice(&line.0[4 * HALF * half..][..4 * HALF]);
    columns
}
