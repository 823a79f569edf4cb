//! The table of all operators.

use std::sync::Arc;

use super::*;

/// Code of the operators that are known by name only.
pub(crate) const CUSTOM: i32 = 32;

/// One line of the operator table.
pub(crate) struct OpSpec {
    /// Builtin code.
    pub(crate) code: i32,
    /// The format's name; that of custom operators is their own.
    pub(crate) name: &'static str,
    /// Newest version whose meaning is known.
    pub(crate) max_version: i32,
    /// Whether the operator can run with these element types. Inputs that are missing altogether are for `import` to
    /// refuse.
    pub(crate) types: fn(&TypeList) -> bool,
    pub(crate) import: Import,
}

/// Verifies an operator of the file and takes its parameters.
type Import = fn(&mut ImportContext<'_>) -> Result<Arc<dyn Operator>>;

const fn op(code: i32, name: &'static str, max_version: i32, types: fn(&TypeList) -> bool, import: Import) -> OpSpec {
    OpSpec { code, name, max_version, types, import }
}

/// Every operator that Ottava runs: code, name, newest known version, element types, import.
pub(crate) static OPS: &[OpSpec] = &[
    // Weights.
    op(3, "CONV_2D", 8, quantized::conv_types, conv_2d::import),
    op(4, "DEPTHWISE_CONV_2D", 7, quantized::conv_types, depthwise_conv_2d::import),
    op(9, "FULLY_CONNECTED", 14, quantized::conv_types, fully_connected::import),
    // Pools and reductions.
    op(1, "AVERAGE_POOL_2D", 3, window::pool_types, average_pool_2d::import),
    op(17, "MAX_POOL_2D", 3, window::pool_types, max_pool_2d::import),
    op(40, "MEAN", 3, mean::types, mean::import),
    // Arithmetic.
    op(0, "ADD", 5, add::types, add::import),
    // Functions of one input.
    op(25, "SOFTMAX", 3, softmax::types, softmax::import),
    // Conversions.
    op(6, "DEQUANTIZE", 6, dequantize::types, dequantize::import),
    op(114, "QUANTIZE", 4, quantize::types, quantize::import),
    // Movement.
    op(2, "CONCATENATION", 4, concatenation::types, concatenation::import),
    op(22, "RESHAPE", 1, reshape::types, reshape::import),
    op(34, "PAD", 4, pad::types, pad::import),
    // Selection and resizing.
    // Custom operators.
];

/// An operator that Ottava runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SupportedOperator {
    /// The format's name, such as `CONV_2D`; that of custom operators is their own.
    pub name: &'static str,
    /// Builtin code; 32 for custom operators.
    pub code: i32,
    /// Newest version whose meaning is known.
    pub max_version: i32,
}

/// All operators that Ottava runs, by name.
pub fn supported_operators() -> Vec<SupportedOperator> {
    let one = |spec: &OpSpec| SupportedOperator { name: spec.name, code: spec.code, max_version: spec.max_version };
    let mut all: Vec<_> = OPS.iter().map(one).collect();
    all.sort_by_key(|operator| operator.name);
    all
}

/// The line of an operator: by its code, or by its name for custom ones.
pub(crate) fn find(code: i32, custom: Option<&str>) -> Option<&'static OpSpec> {
    OPS.iter().find(|spec| spec.code == code && custom.is_none_or(|name| name == spec.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_those_of_the_format_and_unique() {
        for (index, spec) in OPS.iter().enumerate() {
            assert!(spec.code == CUSTOM || builtin_name(spec.code) == spec.name, "{}", spec.name);
            assert!(!OPS[..index].iter().any(|other| other.name == spec.name), "{} twice", spec.name);
        }
    }
}
