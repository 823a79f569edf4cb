//! Operators: all that the engine knows of each one, in one file each.
//!
//! A new operator is a file here, a line in [`table::OPS`], and a function in `ottava-ref`.
//!
//! An operator's struct holds numbers only, taken and verified when the model is imported: window geometry, zero
//! points, multipliers, activation ranges. Tensors stay outside: a [`crate::graph::Node`] says which ones it reads.

mod arithmetic;
mod binary;
mod channels;
mod conv_kernels;
mod flex_map;
mod float_conv;
mod float_fully_connected;
mod hybrid_conv;
mod hybrid_fully_connected;
mod hybrid_step;
mod import;
mod lookup;
mod movement;
mod names;
mod operator;
mod quantized;
mod resize;
mod row_product;
mod shapes;
mod table;
mod types;
mod unary;
mod view;
mod weighted;
mod window;

mod absolute;
mod add;
mod arg_extreme;
mod batch_matmul;
mod cast;
mod comparison;
mod concatenation;
mod conv_2d;
mod depthwise_conv_2d;
mod dequantize;
mod detection_postprocess;
mod div;
mod fill;
mod floor_mod;
mod fully_connected;
mod gather;
mod hard_swish;
mod logic;
mod maximum_minimum;
mod mul;
mod pack;
mod pad;
mod pool_2d;
mod pow;
mod prelu;
mod quantize;
mod real_function;
mod reduction;
mod relu;
mod reshape;
mod resize_bilinear;
mod resize_nearest_neighbor;
mod rounding;
mod rows;
mod select;
mod shape;
mod slice;
mod softmax;
mod space_to_batch_nd;
mod space_to_depth;
mod split;
mod square_root;
mod squared_difference;
mod squeeze;
mod tile;
mod topk_v2;
mod transpose;
mod transpose_conv;

pub(crate) use conv_2d::merge as merge_convolutions;
pub(crate) use import::ImportContext;
pub(crate) use names::builtin_name;
pub use operator::Operator;
pub(crate) use operator::{Lower, PointConvolution};
pub use shapes::InputShapes;
use shapes::{nhwc_of, shape_of};
pub(crate) use table::{CUSTOM, OpSpec, find};
pub use table::{SupportedOperator, supported_operators};
pub(crate) use types::TypeList;
pub use view::{TensorView, TensorViewMut};
