//! The table of all operators.

use std::sync::Arc;

use super::import::ImportContext;
use super::operator::Operator;
use super::types::TypeList;
use super::{
    absolute, add, arg_extreme, batch_matmul, cast, comparison, concatenation, conv_2d, depthwise_conv_2d, dequantize,
    detection_postprocess, div, fill, floor_mod, fully_connected, gather, hard_swish, logic, maximum_minimum, mul,
    pack, pad, pool_2d, pow, prelu, quantize, quantized, real_function, reduction, relu, reshape, resize_bilinear,
    resize_nearest_neighbor, rounding, rows, select, shape, slice, softmax, space_to_batch_nd, space_to_depth, split,
    square_root, squared_difference, squeeze, tile, topk_v2, transpose, transpose_conv,
};
use crate::error::Result;
use crate::tensor::DType::{self, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U16, U32};

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
    /// The input that is a filter, which may have channels of nothing but zeros, with scale 0.
    pub(crate) filter: Option<usize>,
    /// Types of the main operand for which there are kernels.
    kernels: &'static [DType],
    /// Types of the main operand that only the reference runs.
    reference: &'static [DType],
}

/// Verifies an operator of the file and takes its parameters.
type Import = fn(&mut ImportContext<'_>) -> Result<Arc<dyn Operator>>;

const fn op(code: i32, name: &'static str, max_version: i32, types: fn(&TypeList) -> bool, import: Import) -> OpSpec {
    OpSpec { code, name, max_version, types, import, filter: None, kernels: &[], reference: &[] }
}

impl OpSpec {
    /// The same with a filter as its second input.
    const fn with_filter(mut self) -> Self {
        self.filter = Some(1);
        self
    }

    /// The same with the types of the main operand that have kernels, and those that only the reference runs.
    const fn runs(mut self, kernels: &'static [DType], reference: &'static [DType]) -> Self {
        self.kernels = kernels;
        self.reference = reference;
        self
    }
}

/// Every operator that Ottava runs: code, name, newest known version, element types, import; how the types of its main
/// operand run (`tests/operator_table.rs` compares with the recordings).
pub(crate) static OPS: &[OpSpec] = &[
    // Weights.
    op(3, "CONV_2D", 8, quantized::conv_or_hybrid_types, conv_2d::import).with_filter().runs(&[I8, U8, I16, F32], &[]),
    op(4, "DEPTHWISE_CONV_2D", 7, quantized::conv_or_hybrid_types, depthwise_conv_2d::import)
        .with_filter()
        .runs(&[I8, U8, I16, F32], &[]),
    op(9, "FULLY_CONNECTED", 14, fully_connected::types, fully_connected::import)
        .with_filter()
        .runs(&[I8, U8, I16, F32], &[]),
    op(67, "TRANSPOSE_CONV", 5, transpose_conv::types, transpose_conv::import)
        .with_filter()
        .runs(&[I8, U8, I16], &[F32]),
    op(126, "BATCH_MATMUL", 4, batch_matmul::types, batch_matmul::import).runs(&[I8, I16, F32], &[]),
    // Pools and reductions.
    op(1, "AVERAGE_POOL_2D", 3, pool_2d::types, pool_2d::import_average).runs(&[I8, U8, I16, F32], &[]),
    op(17, "MAX_POOL_2D", 3, pool_2d::types, pool_2d::import_maximum).runs(&[I8, U8, I16, F32], &[]),
    op(40, "MEAN", 3, reduction::types, reduction::import_mean).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(74, "SUM", 2, reduction::types, reduction::import_sum).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(81, "REDUCE_PROD", 2, reduction::product_types, reduction::import_product).runs(&[], &[I8, I16, F32, I32, I64]),
    op(82, "REDUCE_MAX", 3, reduction::types, reduction::import_max).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(89, "REDUCE_MIN", 3, reduction::types, reduction::import_min).runs(&[F32], &[I8, U8, I16, I32, I64]),
    // Arithmetic.
    op(0, "ADD", 6, add::types, add::import).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(18, "MUL", 8, mul::types, mul::import).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(41, "SUB", 5, add::types, add::import_sub).runs(&[I8, U8, I16, F32], &[I32, I64]),
    op(42, "DIV", 2, div::types, div::import).runs(&[I8, U8, F32], &[I16, I32]),
    op(54, "PRELU", 1, prelu::types, prelu::import).runs(&[I8, U8, F32], &[I16]),
    op(55, "MAXIMUM", 4, maximum_minimum::types, maximum_minimum::import_maximum)
        .runs(&[I8, U8, F32], &[I16, I32, I64]),
    op(57, "MINIMUM", 4, maximum_minimum::types, maximum_minimum::import_minimum)
        .runs(&[I8, U8, F32], &[I16, I32, I64]),
    op(58, "LESS", 3, comparison::types, comparison::import_less).runs(&[I8, U8], &[I16, F32, I32, I64]),
    op(61, "GREATER", 2, comparison::types, comparison::import_greater).runs(&[I8, U8], &[I16, F32, I32, I64]),
    op(62, "GREATER_EQUAL", 3, comparison::types, comparison::import_greater_equal)
        .runs(&[I8, U8], &[I16, F32, I32, I64]),
    op(63, "LESS_EQUAL", 2, comparison::types, comparison::import_less_equal).runs(&[I8, U8], &[I16, F32, I32, I64]),
    op(71, "EQUAL", 5, comparison::equality_types, comparison::import_equal)
        .runs(&[I8, U8], &[I16, F32, I32, I64, Bool]),
    op(72, "NOT_EQUAL", 4, comparison::equality_types, comparison::import_not_equal)
        .runs(&[I8, U8], &[I16, F32, I32, I64, Bool]),
    op(78, "POW", 1, pow::types, pow::import).runs(&[], &[F32]),
    op(84, "LOGICAL_OR", 1, logic::types, logic::or).runs(&[], &[Bool]),
    op(86, "LOGICAL_AND", 1, logic::types, logic::and).runs(&[], &[Bool]),
    op(90, "FLOOR_DIV", 3, div::floor_types, div::import_floor).runs(&[I8], &[I16, F32, I32]),
    op(95, "FLOOR_MOD", 2, floor_mod::types, floor_mod::import).runs(&[I8], &[I16, F32, I32, I64]),
    op(99, "SQUARED_DIFFERENCE", 2, squared_difference::types, squared_difference::import).runs(&[I8, F32], &[I32]),
    // Functions of one input.
    op(8, "FLOOR", 2, rounding::types, rounding::floor).runs(&[F32], &[]),
    op(11, "L2_NORMALIZATION", 2, rows::types, rows::import_l2_normalization).runs(&[F32], &[I8, U8]),
    op(14, "LOGISTIC", 3, real_function::types, real_function::logistic).runs(&[I8, U8, I16, F32], &[]),
    op(19, "RELU", 3, relu::types, relu::relu).runs(&[I8, U8, I16, F32], &[]),
    op(20, "RELU_N1_TO_1", 1, relu::types, relu::relu_n1_to_1).runs(&[I8, U8, F32], &[]),
    op(21, "RELU6", 3, relu::types, relu::relu6).runs(&[I8, U8, I16, F32], &[]),
    op(25, "SOFTMAX", 3, softmax::types, softmax::import).runs(&[I8, U8, F32], &[I16]),
    op(28, "TANH", 3, real_function::types, real_function::tanh).runs(&[I8, U8, I16, F32], &[]),
    op(47, "EXP", 2, real_function::signed_types, real_function::exp).runs(&[I8, I16, F32], &[]),
    op(50, "LOG_SOFTMAX", 2, rows::types, rows::import_log_softmax).runs(&[F32], &[I8, U8]),
    op(59, "NEG", 1, absolute::neg_types, absolute::neg).runs(&[I8, I16, F32], &[I32, I64]),
    op(66, "SIN", 1, real_function::float_types, real_function::sin).runs(&[F32], &[]),
    op(73, "LOG", 2, real_function::signed_types, real_function::log).runs(&[I8, I16, F32], &[]),
    op(75, "SQRT", 2, square_root::types, square_root::sqrt).runs(&[I8, F32], &[I16]),
    op(76, "RSQRT", 3, square_root::types, square_root::rsqrt).runs(&[I8, F32], &[I16]),
    op(87, "LOGICAL_NOT", 1, logic::not_types, logic::not).runs(&[], &[Bool]),
    op(98, "LEAKY_RELU", 2, relu::types, relu::leaky_relu).runs(&[I8, U8, I16, F32], &[]),
    op(101, "ABS", 5, absolute::abs_types, absolute::abs).runs(&[I8, I16, F32], &[I32]),
    op(104, "CEIL", 1, rounding::types, rounding::ceil).runs(&[F32], &[]),
    op(108, "COS", 1, real_function::float_types, real_function::cos).runs(&[F32], &[]),
    op(111, "ELU", 1, real_function::int8_types, real_function::elu).runs(&[I8, F32], &[]),
    op(116, "ROUND", 1, rounding::types, rounding::round).runs(&[F32], &[]),
    op(117, "HARD_SWISH", 1, hard_swish::types, hard_swish::import).runs(&[I8, U8, F32], &[]),
    op(150, "GELU", 2, real_function::types, real_function::gelu).runs(&[I8, U8, I16, F32], &[]),
    op(152, "RELU_0_TO_1", 1, relu::types, relu::relu_0_to_1).runs(&[I8, U8, F32], &[]),
    // Conversions.
    op(6, "DEQUANTIZE", 6, dequantize::types, dequantize::import).runs(&[I8, U8, I16], &[F16]),
    op(53, "CAST", 7, cast::types, cast::import).runs(&[I8, U8], &[I16, F32, F16, I32, I64, Bool, F64, U16, U32]),
    op(114, "QUANTIZE", 4, quantize::types, quantize::import).runs(&[I8, U8, I16, F32], &[]),
    // Movement.
    op(2, "CONCATENATION", 7, concatenation::types, concatenation::import)
        .runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(5, "DEPTH_TO_SPACE", 2, space_to_depth::types, space_to_depth::import_spread)
        .runs(&[I8, U8, F32, I32, I64], &[]),
    op(22, "RESHAPE", 1, reshape::types, reshape::import).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(26, "SPACE_TO_DEPTH", 2, space_to_depth::types, space_to_depth::import_deepen)
        .runs(&[I8, U8, F32, I32, I64], &[]),
    op(34, "PAD", 6, pad::types, pad::import).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(37, "BATCH_TO_SPACE_ND", 4, space_to_batch_nd::types, space_to_batch_nd::import_to_space)
        .runs(&[I8, U8, I16, F32, I32], &[]),
    op(38, "SPACE_TO_BATCH_ND", 4, space_to_batch_nd::types, space_to_batch_nd::import_to_batch)
        .runs(&[I8, U8, I16, F32, I32], &[]),
    op(39, "TRANSPOSE", 9, transpose::types, transpose::import).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(43, "SQUEEZE", 2, squeeze::squeeze_types, squeeze::import_squeeze).runs(&[I8, U8, I16, F32], &[]),
    op(45, "STRIDED_SLICE", 8, slice::types, slice::import_strided).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(49, "SPLIT", 5, split::types, split::import).runs(&[I8, U8, I16, F32, I32], &[]),
    op(60, "PADV2", 6, pad::types_v2, pad::import_v2).runs(&[I8, U8, I16, F32, I32, I64], &[]),
    op(65, "SLICE", 8, slice::types, slice::import).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(69, "TILE", 3, tile::types, tile::import_tile).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(70, "EXPAND_DIMS", 1, squeeze::expand_types, squeeze::import_expand).runs(&[I8, U8, I16, F32], &[]),
    op(77, "SHAPE", 1, shape::types, shape::import).runs(&[], &[I8, U8, I16, F32, I32, I64, Bool]),
    op(83, "PACK", 5, pack::types, pack::import).runs(&[I8, U8, I16, F32, I32, I64], &[]),
    op(88, "UNPACK", 6, split::types_unpack, split::import_unpack).runs(&[I8, U8, I16, F32, I32, Bool], &[]),
    op(94, "FILL", 5, fill::types, fill::import).runs(&[], &[I8, U8, I16, F32, I32, I64, Bool]),
    op(100, "MIRROR_PAD", 3, pad::types, pad::import_mirror).runs(&[I8, U8, I16, F32], &[]),
    op(102, "SPLIT_V", 3, split::types_v, split::import_v).runs(&[I8, U8, I16, F32, I32], &[]),
    op(105, "REVERSE_V2", 4, slice::types, slice::import_reverse).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(130, "BROADCAST_TO", 4, tile::types, tile::import_broadcast).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    // Selection and resizing.
    op(23, "RESIZE_BILINEAR", 4, resize_bilinear::types, resize_bilinear::import).runs(&[I8, U8, I16, F32], &[]),
    op(36, "GATHER", 8, gather::types, gather::import).runs(&[I8, U8, I16, F32, I32, I64, Bool], &[]),
    op(48, "TOPK_V2", 3, topk_v2::types, topk_v2::import).runs(&[], &[I8, U8, I16, F32, I32, I64]),
    op(97, "RESIZE_NEAREST_NEIGHBOR", 4, resize_nearest_neighbor::types, resize_nearest_neighbor::import)
        .runs(&[I8, U8, I16, F32], &[]),
    op(107, "GATHER_ND", 6, gather::types, gather::import_nd).runs(&[], &[I8, U8, I16, F32, I32, I64, Bool]),
    op(56, "ARG_MAX", 3, arg_extreme::types, arg_extreme::import_max).runs(&[I8, U8], &[F32, I32]),
    op(79, "ARG_MIN", 3, arg_extreme::types, arg_extreme::import_min).runs(&[I8, U8], &[F32, I32]),
    op(64, "SELECT", 4, select::types, select::import).runs(&[], &[I8, U8, I16, F32, I32, I64, Bool]),
    op(123, "SELECT_V2", 2, select::types, select::import_v2).runs(&[], &[I8, U8, I16, F32, I32, I64, Bool]),
    // Custom operators.
    op(CUSTOM, detection_postprocess::NAME, 1, detection_postprocess::types, detection_postprocess::import)
        .runs(&[], &[U8, F32]),
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
    /// Types of the main operand for which there are kernels. Unusual forms of the operator may still run through the
    /// reference: [`crate::LayerInfo::kernel`] tells.
    pub kernels: &'static [DType],
    /// Types of the main operand that only the reference runs: exact, but on one thread and without vectors.
    pub reference: &'static [DType],
}

/// All operators that Ottava runs, by name.
pub fn supported_operators() -> Vec<SupportedOperator> {
    let one = |spec: &OpSpec| SupportedOperator {
        name: spec.name,
        code: spec.code,
        max_version: spec.max_version,
        kernels: spec.kernels,
        reference: spec.reference,
    };
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
    use super::super::names::builtin_name;
    use super::*;

    #[test]
    fn codes_and_names_are_those_of_the_format_and_unique() {
        for (index, spec) in OPS.iter().enumerate() {
            assert!(spec.code == CUSTOM || builtin_name(spec.code) == spec.name, "{}", spec.name);
            assert!(!OPS[..index].iter().any(|other| other.name == spec.name), "{} twice", spec.name);
        }
    }
}
