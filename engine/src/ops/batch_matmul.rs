//! BATCH_MATMUL: products of stacks of matrices.

use std::sync::Arc;

use ottava_kernels::matmul::{self, Elements, MatmulSpec};
use ottava_kernels::{Image, Requantize, Weights, Window, gemm};
use ottava_ref::ops::batch_matmul::{BatchMatmulParams, MatmulShape, batch_matmul, batch_matmul_f32};
use ottava_ref::{Multiplier, scales};

use super::quantized::{check_no_zero_points, kernel_multiplier};
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, Tensor, TensorId};

/// Most products that kernels keep a list of; the reference takes more.
const MAX_PRODUCTS: usize = 1 << 16;

/// Products of matrices; leading dimensions broadcast.
#[derive(Clone, Debug)]
pub(crate) struct BatchMatmul {
    /// Whether the left and the right matrices are stored transposed.
    adjoint: [bool; 2],
    /// `None` for f32.
    quantization: Option<MatmulQuantization>,
    mixes_batch: bool,
}

#[derive(Clone, Copy, Debug)]
struct MatmulQuantization {
    /// Of the left and the right operand.
    zero_points: [i32; 2],
    multiplier: Multiplier,
    output_zero_point: i32,
}

pub(crate) fn types(types: &TypeList) -> bool {
    let sixteen = types.input_is(0, &[DType::I16]) && types.input_is(1, &[DType::I8]) && types.output_is(&[DType::I16]);
    types.one_type(2, &[DType::I8, DType::I16, DType::F32]) || sixteen
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::BatchMatMulOptions(options) => Some(options),
        _ => None,
    })?;
    let adjoint = options.map_or(Ok([false; 2]), |options| Ok::<_, Error>([options.adj_x()?, options.adj_y()?]))?;
    let (left, right) = (context.input(0)?, context.input(1)?);
    let quantization = match left.dtype {
        DType::F32 => None,
        dtype => {
            let (x, y) = (context.quantization(context.inputs[0])?, context.quantization(context.inputs[1])?);
            let output = context.output_quantization()?;
            let multiplier = scales::matrix_product(x.scale, y.scale, output.scale)?;
            if dtype == DType::I16 {
                check_no_zero_points(x, output)?;
                check_no_zero_points(y, output)?;
                multiplier.check_wide()?;
            }
            let zero_points = [x.zero_point, y.zero_point];
            Some(MatmulQuantization { zero_points, multiplier, output_zero_point: output.zero_point })
        }
    };
    let mixes_batch = mixes_batch(left, right, adjoint);
    let operator = BatchMatmul { adjoint, quantization, mixes_batch };
    operator.shape(&left.shape, &right.shape)?;
    Ok(Arc::new(operator))
}

/// Whether anything but dimension 0 of each operand that is computed, and of the product, goes together.
fn mixes_batch(left: &Tensor, right: &Tensor, adjoint: [bool; 2]) -> bool {
    let (rank, right_rank) = (left.shape.len(), right.shape.len());
    if right.data.is_some() {
        // Rows of a single matrix are a batch, too, where the right operand is the same for all of them.
        let same = right_rank < rank || right.shape.first() == Some(&1) || rank == 2;
        return !(same && right_rank <= rank && (rank > 2 || !adjoint[0]));
    }
    left.data.is_some() || rank < 3 || rank != right_rank || left.shape[0] != right.shape[0]
}

impl BatchMatmul {
    /// Operands of these shapes, which have a product.
    fn shape<'a>(&self, left: &'a [usize], right: &'a [usize]) -> Result<MatmulShape<'a>> {
        let [left_adjoint, right_adjoint] = self.adjoint;
        let shape = MatmulShape { left, right, left_adjoint, right_adjoint };
        match shape.output() {
            Some(_) => Ok(shape),
            None => Err(Error::invalid(format!(
                "matrices of shapes {left:?} and {right:?} (transposed: {left_adjoint}, {right_adjoint}) have no product"
            ))),
        }
    }
}

impl Operator for BatchMatmul {
    fn name(&self) -> &'static str {
        "BATCH_MATMUL"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = self.shape(shape_of(inputs, 0)?, shape_of(inputs, 1)?)?;
        Ok(shape.output().into_iter().collect())
    }

    fn mixes_batch(&self) -> bool {
        self.mixes_batch
    }

    fn macs(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        let left = shape_of(inputs, 0).unwrap_or_default();
        let depth = left.iter().rev().nth(usize::from(self.adjoint[0])).copied().unwrap_or(0);
        (elements as u64).saturating_mul(depth as u64)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, y, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let shape = self.shape(x.shape, y.shape)?;
        let Some(quantization) = self.quantization else {
            let mut values = vec![0.0; output.bytes.len() / size_of::<f32>()];
            batch_matmul_f32(&shape, &x.values(), &y.values(), &mut values);
            return output.store(&values);
        };
        let params = BatchMatmulParams {
            shape,
            left_zero_point: quantization.zero_points[0],
            right_zero_point: quantization.zero_points[1],
            multiplier: quantization.multiplier,
            output_zero_point: quantization.output_zero_point,
        };
        if x.dtype == DType::I8 {
            return output_of_8_bits(&params, x, y, output);
        }
        let mut values = vec![0_i16; output.bytes.len() / size_of::<i16>()];
        match y.dtype {
            DType::I8 => {
                batch_matmul::<i16, i8, i64>(&params, &x.values(), y.bytes_as()?, &mut values);
            }
            _ => batch_matmul::<i16, i16, i64>(&params, &x.values(), &y.values(), &mut values),
        }
        output.store(&values)
    }
}

fn output_of_8_bits(
    params: &BatchMatmulParams<'_>,
    x: TensorView<'_>,
    y: TensorView<'_>,
    output: &mut TensorViewMut<'_>,
) -> Result<()> {
    batch_matmul::<i8, i8, i32>(params, x.bytes_as()?, y.bytes_as()?, output.bytes_as_mut()?);
    Ok(())
}

impl BatchMatmul {
    /// A right operand that is one constant matrix is the weights of a convolution of one pixel.
    fn lower_constant(
        &self,
        lowering: &Lowering<'_>,
        node: &NodeTensors,
        [source, right]: [TensorId; 2],
    ) -> Result<Option<Lowered>> {
        let Some(quantization) = self.quantization else { return Ok(None) };
        let left = lowering.tensor(source);
        let [lead @ .., a, b] = &lowering.tensor(right).shape[..] else { return Ok(None) };
        let one_matrix = lead.iter().all(|&size| size == 1);
        if !one_matrix || left.dtype != DType::I8 || self.adjoint[0] || !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        let (depth, columns) = if self.adjoint[1] { (*b, *a) } else { (*a, *b) };
        let stored = lowering.constant(right)?;
        let weights: Vec<u8> = match self.adjoint[1] {
            true => stored.to_vec(),
            false => (0..columns).flat_map(|column| (0..depth).map(move |k| stored[k * columns + column])).collect(),
        };
        let output = node.outputs[0];
        let offset = lowering.offset(output);
        let (output_min, output_max) = lowering.isa.storage().range();
        let multiplier = quantization.multiplier;
        let part = gemm::ConvPart {
            channels: columns,
            weights: Weights { bytes: &weights, signed: true, zero: quantization.zero_points[1] },
            bias: &[],
            requantize: Requantize::Fixed(&[kernel_multiplier(multiplier)]),
            output_zero: quantization.output_zero_point + offset,
            output_min,
            output_max,
            output_offset: offset,
            pixel_stride: columns,
        };
        let rows = left.element_count() / depth;
        let spec = gemm::ConvSpec {
            input: Image::dense(1, 1, rows, depth),
            input_zero: quantization.zero_points[0] + lowering.offset(source),
            window: Window::POINT,
            output: [1, rows],
            groups: 1,
            parts: &[part],
            threads: lowering.threads,
        };
        let layer = Box::new(gemm::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    /// The types and ends of operands that are computed, as kernels take them.
    fn elements(&self, lowering: &Lowering<'_>, [left, right]: [TensorId; 2], output: TensorId) -> Elements {
        let Some(MatmulQuantization { zero_points, multiplier, output_zero_point }) = self.quantization else {
            return Elements::Float;
        };
        let multiplier = kernel_multiplier(multiplier);
        let right_zero = zero_points[1] + lowering.offset(right);
        match lowering.types([left, right]) {
            [DType::I16, DType::I8] => Elements::SixteenByEight { right_zero, multiplier },
            [DType::I16, _] => Elements::Sixteen { multiplier },
            _ => Elements::Eight {
                zeros: [
                    zero_points[0] + lowering.offset(left),
                    right_zero,
                    output_zero_point + lowering.offset(output),
                ],
                multiplier,
                output_offset: lowering.offset(output),
            },
        }
    }
}

impl Lower for BatchMatmul {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), Some(right)) = (node.inputs[0], node.inputs[1]) else { return Ok(None) };
        let output = node.outputs[0];
        if !lowering.is_dense(output) {
            return Ok(None);
        }
        if lowering.tensor(right).data.is_some() {
            return self.lower_constant(lowering, node, [source, right]);
        }
        let shape = self.shape(&lowering.tensor(source).shape, &lowering.tensor(right).shape)?;
        let Some([rows, depth, columns]) = shape.sizes() else { return Ok(None) };
        let elements = lowering.tensor(output).element_count();
        let count = elements / (rows * columns);
        if !lowering.suits_kernels(node, 2) || count > MAX_PRODUCTS || !lowering.affords_entries(count) {
            return Ok(None);
        }
        let Some(products) = shape.products() else { return Ok(None) };
        let spec = MatmulSpec {
            elements: self.elements(lowering, [source, right], output),
            products: &products,
            rows,
            depth,
            columns,
            adjoint: self.adjoint,
            threads: lowering.threads,
        };
        let layer = Box::new(matmul::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source, right], vec![output])))
    }
}
