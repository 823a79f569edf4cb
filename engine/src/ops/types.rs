//! Element types of an operator's tensors.

use std::fmt;

use crate::tensor::DType;

/// Element types of the inputs and outputs of an operator in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeList {
    pub(crate) inputs: Vec<Option<DType>>,
    pub(crate) outputs: Vec<DType>,
}

impl TypeList {
    /// Whether the first `count` inputs and the first output that there are share one 8-bit type.
    pub(crate) fn one_8_bit_type(&self, count: usize) -> bool {
        self.one_type(count, &EIGHT_BIT)
    }

    /// Whether the first `count` inputs and the first output that there are share one of `types`.
    pub(crate) fn one_type(&self, count: usize, types: &[DType]) -> bool {
        let mut all = self.inputs.iter().take(count).flatten().chain(self.outputs.first());
        let first = all.next();
        first.is_some_and(|dtype| types.contains(dtype)) && all.all(|dtype| Some(dtype) == first)
    }

    /// Whether the first `count` inputs and the outputs that there are share one type, of a fixed element size.
    pub(crate) fn one_sized_type(&self, count: usize) -> bool {
        let mut all = self.inputs.iter().take(count).flatten().chain(&self.outputs);
        let first = all.next();
        first.is_some_and(|dtype| dtype.size_bytes() > 0) && all.all(|dtype| Some(dtype) == first)
    }

    /// Whether input `index` is absent or of one of `types`.
    pub(crate) fn input_is(&self, index: usize, types: &[DType]) -> bool {
        self.inputs.get(index).copied().flatten().is_none_or(|dtype| types.contains(&dtype))
    }

    /// Whether the first output, if there is one, is of one of `types`.
    pub(crate) fn output_is(&self, types: &[DType]) -> bool {
        self.outputs.first().is_none_or(|dtype| types.contains(dtype))
    }
}

/// The two quantized types of one byte.
pub(crate) const EIGHT_BIT: [DType; 2] = [DType::I8, DType::U8];

/// All quantized types.
pub(crate) const QUANTIZED: [DType; 3] = [DType::I8, DType::U8, DType::I16];

impl fmt::Display for TypeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let absent = || "none".to_owned();
        let inputs = self.inputs.iter().map(|dtype| dtype.map_or_else(absent, |dtype| dtype.to_string()));
        let outputs = self.outputs.iter().map(DType::to_string);
        write!(f, "{} -> {}", inputs.collect::<Vec<_>>().join(", "), outputs.collect::<Vec<_>>().join(", "))
    }
}
