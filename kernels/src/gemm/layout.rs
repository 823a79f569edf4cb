//! How a panel's weights lie in its lines.
//!
//! A line is 64 bytes: the weights of sixteen columns for four k. Instruction sets differ in how many k of a column
//! they want side by side; then several lines share their bytes, which is a *block*:
//!
//! ```text
//! fours:     line 0: [16 columns][4 k], line 1: [16 columns][4 k], ...
//! eights:    lines 0 and 1: [16 columns][8 k], ...
//! sixteens:  lines 0 to 3: [16 columns][16 k], ...    a run's last two lines, where they are left: [16 columns][8 k]
//! ```

#[cfg(test)]
use crate::arch::LANES;
use crate::memory::Line;

/// The k of a column that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Four, as dot products of four want them.
    Fours,
    /// Eight, as matrix products of eight want them.
    #[cfg_attr(not(any(target_arch = "aarch64", test)), expect(dead_code, reason = "only ARM has these"))]
    Eights,
    /// Sixteen, of which two times eight products are added up in 16 bits.
    Sixteens,
}

impl Layout {
    /// What the k of a run are filled up to a multiple of.
    pub(crate) const fn granule(self) -> usize {
        match self {
            Self::Fours => 4,
            Self::Eights | Self::Sixteens => 8,
        }
    }

    /// A run can be entered at multiples of so many k.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::Fours => 4,
            Self::Eights => 8,
            Self::Sixteens => 16,
        }
    }

    /// Lines of a run of `k` weights of a column.
    pub(crate) const fn lines(self, k: usize) -> usize {
        k.next_multiple_of(self.granule()) / 4
    }

    /// The byte of weight `k` of the first column, counted from the start of a run of `lines`, and how many bytes it
    /// is from a column to the next.
    #[cfg(test)]
    pub(crate) const fn position(self, lines: usize, k: usize) -> [usize; 2] {
        let block = self.block();
        // Blocks are powers of two.
        let first = k & !(block - 1);
        let left = 4 * lines - first;
        [first * LANES + (k - first), if left < block { left } else { block }]
    }

    /// Whether the products of some pair of weights, added up, may leave 16 bits: two products of -128 and -128 do.
    pub(crate) fn overflows(self, lines: &[Line]) -> bool {
        self == Self::Sixteens && lines.iter().any(|line| line.0.as_chunks::<16>().0.iter().any(pair_of_least))
    }
}

/// Whether two weights eight apart are both -128.
fn pair_of_least(weights: &[i8; 16]) -> bool {
    (0..8).any(|k| weights[k] == i8::MIN && weights[k + 8] == i8::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte(layout: Layout, lines: usize, k: usize, column: usize) -> usize {
        let [first, step] = layout.position(lines, k);
        first + step * column
    }

    #[test]
    fn every_weight_has_a_byte_of_its_own() {
        for layout in [Layout::Fours, Layout::Eights, Layout::Sixteens] {
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
    fn a_run_entered_at_a_block_is_a_run() {
        for layout in [Layout::Fours, Layout::Eights, Layout::Sixteens] {
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
        assert!(!Layout::Sixteens.overflows(&[line]));
        line.0[16 + 11] = -127;
        assert!(!Layout::Sixteens.overflows(&[line]));
        line.0[16 + 11] = -128;
        assert!(Layout::Sixteens.overflows(&[Line::ZERO, line]));
        assert!(!Layout::Eights.overflows(&[line]) && !Layout::Fours.overflows(&[line]));
    }
}
