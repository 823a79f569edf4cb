//! How a panel's weights lie in its lines.
//!
//! A line is 64 bytes: the weights of sixteen columns for four k. Instruction sets differ in how many k of a column
//! they want side by side; then several lines share their bytes, which is a *block*:
//!
//! ```text
//!  4:  line 0: [16 columns][4 k], line 1: [16 columns][4 k], ...
//!  8:  lines 0 and 1: [16 columns][8 k], ...
//! 16:  lines 0 to 3: [16 columns][16 k], ...    a segment's last two lines, where they are left: [16 columns][8 k]
//! ```
//!
//! Kernels that multiply a tile of sixteen lines at once may want each segment to be whole tiles, filled with zeros: then the
//! activations that the filling meets may be anything, and need not be copied apart.

#[cfg(test)]
use crate::arch::LANES;
use crate::memory::Line;
use crate::packed::PackedLayout;

/// How many k of a column lie side by side: 4 as dot products of four want them, 8 as matrix products of eight do, or 16, of which
/// two times eight products are added up in 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    side_by_side: usize,
    /// Segments are filled up to a multiple of so many lines where that does not take much more.
    tile_lines: usize,
}

impl Layout {
    /// So many k side by side.
    ///
    /// # Panics
    /// They are not 4, 8 or 16.
    pub(crate) const fn side_by_side(k: usize) -> Self {
        assert!(matches!(k, 4 | 8 | 16));
        Self { side_by_side: k, tile_lines: 1 }
    }

    /// The same with segments of whole tiles of so many lines.
    #[cfg(any(target_arch = "x86_64", test))]
    pub(crate) const fn in_tiles(self, lines: usize) -> Self {
        Self { tile_lines: lines, ..self }
    }

    /// Lines of a tile: segments are filled up to a multiple of so many where that does not take much more.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn tile_lines(self) -> usize {
        self.tile_lines
    }

    /// Lines from a segment of `lines` to the next: whole tiles, unless filling them up takes more than a third.
    pub(crate) const fn pitch(self, lines: usize) -> usize {
        let filled = lines.next_multiple_of(self.tile_lines);
        if 3 * filled <= 4 * lines { filled } else { lines }
    }

    /// Bytes of a row's activations that a segment of `lines` may read.
    pub(crate) const fn reach(self, lines: usize) -> usize {
        4 * lines.next_multiple_of(self.tile_lines)
    }

    /// What the k of a segment are filled up to a multiple of.
    pub(crate) const fn granule(self) -> usize {
        if self.side_by_side < 8 { self.side_by_side } else { 8 }
    }

    /// A segment can be entered at multiples of so many k.
    pub(crate) const fn block(self) -> usize {
        self.side_by_side
    }

    /// Lines of a segment of `k` weights of a column.
    pub(crate) const fn lines(self, k: usize) -> usize {
        k.next_multiple_of(self.granule()) / 4
    }

    /// The byte of weight `k` of the first column, counted from the start of a segment of `lines`, and how many bytes it
    /// is from a column to the next.
    #[cfg(test)]
    pub(crate) const fn position(self, lines: usize, k: usize) -> [usize; 2] {
        let block = self.block();
        // Blocks are powers of two.
        let first = k & !(block - 1);
        let left = 4 * lines - first;
        [first * LANES + (k - first), if left < block { left } else { block }]
    }

    /// What lines in this layout are called where they are stored.
    pub(crate) const fn packed(self) -> &'static PackedLayout {
        const FOURS: PackedLayout = PackedLayout::new("gemm.lines.k4", 1);
        const FOURS_IN_TILES: PackedLayout = PackedLayout::new("gemm.lines.k4.tiles", 1);
        const EIGHTS: PackedLayout = PackedLayout::new("gemm.lines.k8", 1);
        const SIXTEENS: PackedLayout = PackedLayout::new("gemm.lines.k16", 1);
        match self.side_by_side {
            4 if self.tile_lines > 1 => &FOURS_IN_TILES,
            4 => &FOURS,
            8 => &EIGHTS,
            _ => &SIXTEENS,
        }
    }

    /// Whether kernels add products up in 16 bits, in pairs.
    pub(crate) const fn adds_pairs(self) -> bool {
        self.side_by_side == 16
    }

    /// Whether the products of some pair of weights, added up, may leave 16 bits: two products of -128 and -128 do.
    pub(crate) fn overflows(self, lines: &[Line]) -> bool {
        self.adds_pairs() && lines.iter().any(|line| line.0.as_chunks::<16>().0.iter().any(pair_of_least))
    }
}

/// Whether two weights eight apart are both -128.
fn pair_of_least(weights: &[i8; 16]) -> bool {
    (0..8).any(|k| weights[k] == i8::MIN && weights[k + 8] == i8::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [Layout; 3] = [Layout::side_by_side(4), Layout::side_by_side(8), Layout::side_by_side(16)];

    fn byte(layout: Layout, lines: usize, k: usize, column: usize) -> usize {
        let [first, step] = layout.position(lines, k);
        first + step * column
    }

    #[test]
    fn every_weight_has_a_byte_of_its_own() {
        for layout in LAYOUTS {
            for k in 1..70 {
                let lines = layout.lines(k);
                let mut taken = vec![false; lines * LANES * 4];
                for (k, column) in (0..4 * lines).flat_map(|k| (0..LANES).map(move |column| (k, column))) {
                    let byte = &mut taken[byte(layout, lines, k, column)];
                    assert!(!*byte, "{layout:?} {lines} {k} {column}");
                    *byte = true;
                }
            }
        }
    }

    #[test]
    fn a_segment_entered_at_a_block_is_a_segment() {
        for layout in LAYOUTS {
            let (entered, lines) = (2 * layout.block(), layout.lines(5 * layout.block()));
            for k in entered..5 * layout.block() {
                let within = byte(layout, lines - entered / 4, k - entered, 3);
                assert_eq!(byte(layout, lines, k, 3), entered * LANES + within);
            }
        }
    }

    #[test]
    fn only_pairs_of_least_overflow() {
        let mut line = Line::ZERO;
        line.0[16 + 3] = -128;
        line.0[16 + 10] = -128;
        let [fours, eights, sixteens] = LAYOUTS;
        assert!(!sixteens.overflows(&[line]));
        line.0[16 + 11] = -127;
        assert!(!sixteens.overflows(&[line]));
        line.0[16 + 11] = -128;
        assert!(sixteens.overflows(&[Line::ZERO, line]));
        assert!(!eights.overflows(&[line]) && !fours.overflows(&[line]));
    }
}
