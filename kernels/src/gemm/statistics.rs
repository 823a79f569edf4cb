//! What packing made of a convolution.

/// Most lines of a widening group; their weights and the sums of a tile share the registers.
pub(crate) const MAX_GROUP_LINES: usize = 5;

/// What packing and cutting made of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvStatistics {
    /// Outputs with their own set of taps in range.
    pub border_classes: usize,
    /// Panels of sixteen channels.
    pub panels: usize,
    /// Steps of four k of all panels.
    pub lines: usize,
    /// What became of them where the instruction set multiplies in pairs.
    pub widening: Option<WideningStatistics>,
    /// Whether sums of the activations correct for weight zero points.
    pub corrects_row_sums: bool,
    /// Steps of one k of a panel that are added because weights less their zero point leave eight bits.
    pub outliers: usize,
    /// Panels whose sums are scaled in floats, because that is proven to give the same.
    pub panels_in_floats: usize,
    /// Whether two products fit 16 bits together. Where they may not, instruction sets that add up two before they widen
    /// them widen every product on its own.
    pub pair_sums_fit: bool,
}

/// What packing made of weights whose lines share widenings; lines are eight columns by four k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WideningStatistics {
    /// Lines that the weights fill, but for zeros.
    pub lines: usize,
    /// Lines that are added because the dot product cannot take the weights of others whole.
    pub repairs: usize,
    /// Lines and repairs that are computed alone, in groups of two, three, four and five.
    pub grouped: [usize; MAX_GROUP_LINES],
}
