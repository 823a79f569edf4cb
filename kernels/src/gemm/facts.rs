//! What kernels have to know of packed weights beside the weights themselves, so that it can be stored with them.
//!
//! ```text
//! pair sums fit            0 or 1
//! zero point subtracted    0 or 1 for each panel
//! outliers                 panel, kernel row, tap across, channel, and what sixteen columns lack there
//! ```

use alloc::vec;
use alloc::vec::Vec;

use super::outliers::{self, Outlier};
use super::pack::{PackedRange, Panel, PanelSource};
use super::spec::ConvSpec;
use crate::arch::{FloatMultipliers, LANES};
use crate::packed::{PackedLayout, Packing, Unfit};
use crate::requantize::Lanes;

const FACTS: PackedLayout = PackedLayout::new("gemm.facts", 1);
/// How the sums of each panel are scaled in floats, where that is exact.
const FLOATS: PackedLayout = PackedLayout::new("gemm.floats", 1);

/// Words of a panel's floats: whether there are any, scales, offsets for both signs.
const FLOAT_WORDS: usize = 1 + 3 * LANES;

/// Words of an outlier.
const OUTLIER_WORDS: usize = 4 + LANES;

/// What became of the weights of all panels.
pub(crate) struct Facts {
    /// Whether no two products together leave 16 bits.
    pub(crate) pair_sums_fit: bool,
    /// The panels, in the order of their sources.
    pub(crate) panels: Vec<Panel>,
    /// What the packed weights lack.
    pub(crate) outliers: Vec<Outlier>,
}

impl Facts {
    /// The facts, found by `find` where weights are packed now; `classes` border classes repeat the outliers.
    ///
    /// # Errors
    /// Stored facts are not those of such a convolution.
    pub(crate) fn new(
        spec: &ConvSpec<'_>,
        sources: &[PanelSource],
        classes: usize,
        packing: &mut Packing,
        find: impl FnOnce() -> Self,
    ) -> Result<Self, Unfit> {
        let mut found = None;
        let words = packing.buffer(&FACTS, || found.insert(find()).words())?;
        match found {
            Some(facts) => Ok(facts),
            None => Self::of_words(spec, sources, classes, &words).ok_or_else(|| Unfit::new(&FACTS, "is damaged")),
        }
    }

    /// The facts where zero points are subtracted from all weights that this suits; `least` is the least weight that is packed. Pair
    /// sums are not looked at.
    pub(crate) fn of_weights(spec: &ConvSpec<'_>, least: i32, classes: usize, sources: &[PanelSource]) -> Self {
        let (panels, outliers) = outliers::subtract_zero_points(spec, least, classes, sources);
        Self { pair_sums_fit: true, panels, outliers }
    }

    fn words(&self) -> Vec<i32> {
        let mut words = vec![i32::from(self.pair_sums_fit)];
        words.extend(self.panels.iter().map(|panel| i32::from(panel.range != PackedRange::WHOLE)));
        for Outlier { panel, at, weights } in &self.outliers {
            words.extend([*panel, at[0], at[1], at[2]].map(|index| index as i32));
            words.extend(weights.0);
        }
        words
    }

    fn of_words(spec: &ConvSpec<'_>, sources: &[PanelSource], classes: usize, words: &[i32]) -> Option<Self> {
        let flag = |word: i32| matches!(word, 0 | 1).then_some(word == 1);
        let (&fit, words) = words.split_first()?;
        let (subtracted, outliers) = words.split_at_checked(sources.len())?;
        let panel = |(&source, &word): (&PanelSource, &i32)| {
            let subtracted_zero = spec.parts[source.part].weights.signed_zero();
            let range =
                if flag(word)? { PackedRange { subtracted_zero, ..PackedRange::WHOLE } } else { PackedRange::WHOLE };
            Some(Panel { source, range })
        };
        let (outliers, rest) = outliers.as_chunks::<OUTLIER_WORDS>();
        let ends = [sources.len(), spec.window.taps[0], spec.window.taps[1], spec.group_channels()];
        let outlier = |words: &[i32; OUTLIER_WORDS]| {
            let (place, weights) = words.split_first_chunk::<4>()?;
            let place = place.map(|index| usize::try_from(index).unwrap_or(usize::MAX));
            let inside = place.iter().zip(ends).all(|(&index, end)| index < end);
            let [panel, at @ ..] = place;
            inside.then_some(Outlier { panel, at, weights: Lanes(weights.try_into().ok()?) })
        };
        let few = rest.is_empty() && outliers.len() <= outliers::limit(spec, sources.len(), classes);
        few.then_some(Self {
            pair_sums_fit: flag(fit)?,
            panels: sources.iter().zip(subtracted).map(panel).collect::<Option<_>>()?,
            outliers: outliers.iter().map(outlier).collect::<Option<_>>()?,
        })
    }
}

/// How sums are scaled in floats, for each panel: what `prove` shows to be exact where weights are packed now.
///
/// # Errors
/// There are not as many.
pub(crate) fn floats(
    panels: usize,
    packing: &mut Packing,
    prove: impl Fn(usize) -> Option<FloatMultipliers>,
) -> Result<Vec<Option<FloatMultipliers>>, Unfit> {
    let words = packing.buffer_of(&FLOATS, panels * FLOAT_WORDS, || {
        let of_panel = |panel: usize| {
            let proven = prove(panel);
            let found = f32::from(u8::from(proven.is_some()));
            let FloatMultipliers { scale, offsets: [positive, negative] } = proven.unwrap_or(FloatMultipliers::ZERO);
            let floats = [scale, positive, negative].into_iter().flatten();
            [found].into_iter().chain(floats)
        };
        (0..panels).flat_map(of_panel).collect::<Vec<f32>>()
    })?;
    let of_panel = |words: &[f32; FLOAT_WORDS]| {
        let lanes = |first: usize| core::array::from_fn(|lane| words[first + lane]);
        let offsets = [lanes(1 + LANES), lanes(1 + 2 * LANES)];
        (words[0] != 0.0).then_some(FloatMultipliers { scale: lanes(1), offsets })
    };
    Ok(words.as_chunks().0.iter().map(of_panel).collect())
}
