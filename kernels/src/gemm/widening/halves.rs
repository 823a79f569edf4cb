//! Half lines as they are packed: cut out of panels, split where they are not safe, grouped, and put in their order.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::groups::{Grouping, HALF, HalfLine, Load, WideningGroup};
use super::pack::{WideningOrder, line_offset, tap_steps};
use crate::arch::{InstructionSet, Kernel, LANES};
use crate::gemm::geometry::Geometry;
use crate::gemm::order::Order;
use crate::gemm::pack::Panel;
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::{MAX_GROUP_LINES, WideningStatistics};
use crate::memory::Line;

/// Half lines of all panels, and memory to pack them with.
#[derive(Default)]
pub(super) struct Halves {
    pub(super) lines: Vec<HalfLine>,
    pub(super) offsets: Vec<u32>,
    pub(super) starts: Vec<u32>,
    pub(super) statistics: WideningStatistics,
    /// Those of a half panel.
    units: Vec<RefCell<Unit>>,
    grouping: RefCell<Grouping>,
}

/// The half lines of a unit.
#[derive(Default)]
struct Unit {
    /// Those of the panel, then repairs.
    lines: Vec<HalfLine>,
    offsets: Vec<u32>,
    loads: Vec<Load>,
    groups: Vec<WideningGroup>,
    /// Lines of the panel that are not of zeros, and repairs.
    filled: usize,
    repairs: usize,
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

/// Cuts the half lines of a unit out, splits and groups them. Nothing in it is of one instruction set, but loads of half lines are
/// one register of AVX2, and comparing them is most of the time of planning.
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
        self.filled = self.lines.iter().filter(|&&line| line != HalfLine::ZERO).count();
        for line in 0..lines.len() {
            if self.loads[line].is_safe() {
                continue;
            }
            if let Some(repair) = self.lines[line].split_pairs() {
                self.loads[line] = self.lines[line].load();
                self.loads.push(repair.load());
                self.lines.push(repair);
                self.offsets.push(offsets[line]);
            }
        }
        self.repairs = self.lines.len() - lines.len();
    }

    /// The groups of so many lines.
    fn groups_of(&self, size: usize) -> impl Iterator<Item = &[u32]> {
        self.groups.iter().map(WideningGroup::lines).filter(move |group| group.len() == size)
    }
}

impl Halves {
    /// Packs all panels in all orders.
    pub(super) fn pack(
        &mut self,
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        orders: &[WideningOrder],
        (panels, pack_unit): (&[Panel], PackUnitFn),
    ) {
        self.lines.clear();
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
                        unsafe { pack_unit(&call) }
                    }
                    self.push_units();
                }
            });
        }
    }

    /// Appends the units of half a panel.
    fn push_units(&mut self) {
        let Self { lines, offsets, starts, statistics, units, .. } = self;
        for unit in units.iter_mut().map(RefCell::get_mut) {
            statistics.lines += unit.filled;
            statistics.repairs += unit.repairs;
        }
        for size in 1..=MAX_GROUP_LINES {
            for unit in units.iter_mut().map(RefCell::get_mut) {
                starts.push(lines.len() as u32);
                statistics.grouped[size - 1] += size * unit.groups_of(size).count();
                let of_size = || unit.groups_of(size).flatten();
                lines.extend(of_size().map(|&line| unit.lines[line as usize]));
                offsets.extend(of_size().map(|&line| unit.offsets[line as usize]));
            }
            starts.push(u32::try_from(lines.len()).expect("fewer lines than weights"));
        }
    }
}

/// What [`Halves::pack`] would count, and how many lines it would pack: it leaves lines of zeros out, puts repairs in, and never groups
/// two lines to one.
pub(super) fn measure(
    spec: &ConvSpec<'_>,
    geometry: &Geometry,
    orders: &[WideningOrder],
    panels: &[Panel],
) -> (WideningStatistics, usize) {
    let mut statistics = WideningStatistics::default();
    for WideningOrder { order, .. } in orders {
        for_each_panel(spec, &geometry.orders[*order], panels, |lines| {
            for mut half in lines.iter().flat_map(halves_of) {
                statistics.lines += usize::from(half != HalfLine::ZERO);
                statistics.repairs += usize::from(half.split().is_some());
            }
        });
    }
    (statistics, statistics.lines + statistics.repairs)
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

/// Both halves of a line.
fn halves_of(line: &Line) -> [HalfLine; LANES / HALF] {
    core::array::from_fn(|half| half_of(line, half))
}
