//! Parameters of builtin operators: from the host's structures to the tables of a file.

use std::ffi::{c_int, c_void};

use ottava::schema::{self, BuiltinOptions};

/// The parameters of an operator in the host's memory, read at byte offsets.
struct Fields(*const u8);

impl Fields {
    fn int(&self, offset: usize) -> i32 {
        // SAFETY: `options` reads what the structure of the operator has there.
        unsafe { self.0.add(offset).cast::<i32>().read_unaligned() }
    }

    fn float(&self, offset: usize) -> f32 {
        f32::from_bits(self.int(offset).cast_unsigned())
    }

    fn flag(&self, offset: usize) -> bool {
        // SAFETY: as in `int`.
        unsafe { self.0.add(offset).read() != 0 }
    }

    /// A padding: 1 and 2 here, 0 and 1 in files.
    fn padding(&self) -> Result<i8, String> {
        match self.int(0) {
            padding @ 1..=2 => Ok(padding as i8 - 1),
            other => Err(format!("padding {other}")),
        }
    }

    fn activation(&self, offset: usize) -> Result<i8, String> {
        i8::try_from(self.int(offset)).map_err(|_| format!("fused activation {}", self.int(offset)))
    }

    /// A list of at most eight integers, and behind it their number.
    fn list(&self) -> Result<Vec<i32>, String> {
        match usize::try_from(self.int(32)) {
            Ok(count @ 0..=8) => Ok((0..count).map(|index| self.int(4 * index)).collect()),
            _ => Err(format!("a list of {} integers", self.int(32))),
        }
    }

    fn element_type(&self) -> Result<i8, String> {
        type_code(self.int(0)).ok_or_else(|| format!("element type {}", self.int(0)))
    }
}

/// The file's number of the host's element type.
pub(crate) fn type_code(dtype: c_int) -> Option<i8> {
    match dtype {
        1 => Some(0),
        2..=9 => Some(dtype as i8),
        10 => Some(1),
        11..=18 => Some(dtype as i8 - 1),
        _ => None,
    }
}

/// The options of a builtin operator as a file has them; `None` for operators that have none. `bias_type` is the file's number of the
/// type that the sums of products have, 0 where there is no bias.
///
/// # Errors
/// There is no structure, or something in it that files cannot say.
///
/// # Safety
/// The pointer is NULL or leads to the structure that hosts have for operators of this code and version.
pub(crate) unsafe fn options(
    (code, version): (c_int, c_int),
    data: *const c_void,
    bias_type: i8,
) -> Result<Option<BuiltinOptions>, String> {
    let fields = Fields(data.cast());
    if data.is_null() {
        // Without options, operators that need some are refused when they are imported.
        return Ok(None);
    }
    match code {
        1 | 3 | 4 | 17 | 67 => windows((code, version), &fields, bias_type).map(Some),
        0 | 2 | 9 | 11 | 18 | 41 | 42 => fused(code, &fields, bias_type).map(Some),
        _ => others((code, version), &fields),
    }
}

/// Convolutions and pools.
fn windows((code, version): (c_int, c_int), fields: &Fields, bias_type: i8) -> Result<BuiltinOptions, String> {
    let padding = fields.padding()?;
    let (stride_w, stride_h) = (fields.int(4), fields.int(8));
    Ok(match code {
        3 => BuiltinOptions::Conv2DOptions(Box::new(schema::Conv2DOptions {
            padding,
            stride_w,
            stride_h,
            fused_activation_function: fields.activation(12)?,
            dilation_w_factor: fields.int(16),
            dilation_h_factor: fields.int(20),
            quantized_bias_type: bias_type,
        })),
        4 => BuiltinOptions::DepthwiseConv2DOptions(Box::new(schema::DepthwiseConv2DOptions {
            padding,
            stride_w,
            stride_h,
            depth_multiplier: fields.int(12),
            fused_activation_function: fields.activation(16)?,
            dilation_w_factor: fields.int(20),
            dilation_h_factor: fields.int(24),
        })),
        67 => BuiltinOptions::TransposeConvOptions(Box::new(schema::TransposeConvOptions {
            padding,
            stride_w,
            stride_h,
            // Older structures end before it.
            fused_activation_function: if version >= 4 { fields.activation(12)? } else { 0 },
            quantized_bias_type: bias_type,
        })),
        _ => BuiltinOptions::Pool2DOptions(Box::new(schema::Pool2DOptions {
            padding,
            stride_w,
            stride_h,
            filter_width: fields.int(12),
            filter_height: fields.int(16),
            fused_activation_function: fields.activation(20)?,
        })),
    })
}

/// Other operators with an activation function.
fn fused(code: c_int, fields: &Fields, bias_type: i8) -> Result<BuiltinOptions, String> {
    let fused_activation_function = fields.activation(if code == 2 { 4 } else { 0 })?;
    Ok(match code {
        0 => BuiltinOptions::AddOptions(Box::new(schema::AddOptions {
            fused_activation_function,
            pot_scale_int16: fields.flag(4),
        })),
        41 => BuiltinOptions::SubOptions(Box::new(schema::SubOptions {
            fused_activation_function,
            pot_scale_int16: fields.flag(4),
        })),
        2 => BuiltinOptions::ConcatenationOptions(Box::new(schema::ConcatenationOptions {
            axis: fields.int(0),
            fused_activation_function,
        })),
        9 => BuiltinOptions::FullyConnectedOptions(Box::new(schema::FullyConnectedOptions {
            fused_activation_function,
            weights_format: i8::try_from(fields.int(4)).map_err(|_| "a format of weights".to_owned())?,
            keep_num_dims: fields.flag(8),
            asymmetric_quantize_inputs: fields.flag(9),
            quantized_bias_type: bias_type,
        })),
        11 => BuiltinOptions::L2NormOptions(Box::new(schema::L2NormOptions { fused_activation_function })),
        18 => BuiltinOptions::MulOptions(Box::new(schema::MulOptions { fused_activation_function })),
        _ => BuiltinOptions::DivOptions(Box::new(schema::DivOptions { fused_activation_function })),
    })
}

/// Operators without window and activation function.
fn others((code, version): (c_int, c_int), fields: &Fields) -> Result<Option<BuiltinOptions>, String> {
    let (int, flag) = (|offset| fields.int(offset), |offset| fields.flag(offset));
    Ok(Some(match code {
        5 => BuiltinOptions::DepthToSpaceOptions(Box::new(schema::DepthToSpaceOptions { block_size: int(0) })),
        22 => {
            let shape = fields.list()?;
            let new_shape = (!shape.is_empty()).then_some(shape);
            BuiltinOptions::ReshapeOptions(Box::new(schema::ReshapeOptions { new_shape }))
        }
        23 => {
            let (align_corners, half_pixel_centers) = (flag(0), flag(1));
            let options = schema::ResizeBilinearOptions { align_corners, half_pixel_centers };
            BuiltinOptions::ResizeBilinearOptions(Box::new(options))
        }
        25 => BuiltinOptions::SoftmaxOptions(Box::new(schema::SoftmaxOptions { beta: fields.float(0) })),
        26 => BuiltinOptions::SpaceToDepthOptions(Box::new(schema::SpaceToDepthOptions { block_size: int(0) })),
        36 => BuiltinOptions::GatherOptions(Box::new(schema::GatherOptions { axis: int(0), batch_dims: int(4) })),
        40 | 74 | 81 | 82 | 89 => {
            BuiltinOptions::ReducerOptions(Box::new(schema::ReducerOptions { keep_dims: flag(0) }))
        }
        43 => {
            let squeeze_dims = Some(fields.list()?);
            BuiltinOptions::SqueezeOptions(Box::new(schema::SqueezeOptions { squeeze_dims }))
        }
        45 => BuiltinOptions::StridedSliceOptions(Box::new(schema::StridedSliceOptions {
            begin_mask: int(0),
            end_mask: int(4),
            ellipsis_mask: int(8),
            new_axis_mask: int(12),
            shrink_axis_mask: int(16),
            // Older structures end before it.
            offset: version >= 8 && flag(20),
        })),
        49 => BuiltinOptions::SplitOptions(Box::new(schema::SplitOptions { num_splits: int(0) })),
        56 => BuiltinOptions::ArgMaxOptions(Box::new(schema::ArgMaxOptions { output_type: fields.element_type()? })),
        77 => BuiltinOptions::ShapeOptions(Box::new(schema::ShapeOptions { out_type: fields.element_type()? })),
        79 => BuiltinOptions::ArgMinOptions(Box::new(schema::ArgMinOptions { output_type: fields.element_type()? })),
        83 => BuiltinOptions::PackOptions(Box::new(schema::PackOptions { values_count: int(0), axis: int(4) })),
        88 => BuiltinOptions::UnpackOptions(Box::new(schema::UnpackOptions { num: int(0), axis: int(4) })),
        97 => {
            let (align_corners, half_pixel_centers) = (flag(0), flag(1));
            let options = schema::ResizeNearestNeighborOptions { align_corners, half_pixel_centers };
            BuiltinOptions::ResizeNearestNeighborOptions(Box::new(options))
        }
        98 => BuiltinOptions::LeakyReluOptions(Box::new(schema::LeakyReluOptions { alpha: fields.float(0) })),
        100 => match int(0) {
            mode @ 1..=2 => {
                BuiltinOptions::MirrorPadOptions(Box::new(schema::MirrorPadOptions { mode: mode as i8 - 1 }))
            }
            other => return Err(format!("mode {other}")),
        },
        102 => BuiltinOptions::SplitVOptions(Box::new(schema::SplitVOptions { num_splits: int(0) })),
        126 => {
            BuiltinOptions::BatchMatMulOptions(Box::new(schema::BatchMatMulOptions { adj_x: flag(0), adj_y: flag(1) }))
        }
        150 => BuiltinOptions::GeluOptions(Box::new(schema::GeluOptions { approximate: flag(0) })),
        _ => return Ok(None),
    }))
}
