//! MEAN, SUM, REDUCE_MAX, REDUCE_MIN and REDUCE_PROD over constant axes.

use std::sync::Arc;

use ottava_kernels::mean::{self, MeanSpec};
use ottava_kernels::pool::{self, PoolKind, PoolSpec};
use ottava_kernels::pool_f32::{self, PoolF32Kind, PoolF32Spec};
use ottava_kernels::pool16::{self, Pool16Kind, Pool16Spec};
use ottava_kernels::{Image, Range16, Window};
use ottava_ref::ops::mean::{MeanParams, divide_multiplier};
use ottava_ref::ops::reduction::{self, ReduceProdParams, reduced_dimensions};
use ottava_ref::{Multiplier, scales};

use super::quantized::{check_no_zero_points, kernel_multiplier};
use super::types::QUANTIZED;
use super::view::{input, only_output, with_quantized};
use super::window::MAX_BORDER_WORK;
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, TensorId};

/// What becomes of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mean,
    Sum,
    Max,
    Min,
    Product,
}

/// From the input's scale to the output's.
#[derive(Clone, Copy, Debug)]
struct Rescale {
    input_zero_point: i32,
    /// Input over output scale; of REDUCE_PROD, for each of its multiplications.
    multiplier: Multiplier,
    output_zero_point: i32,
}

/// A reduction of some dimensions.
#[derive(Clone, Debug)]
pub(crate) struct Reduction {
    kind: Kind,
    /// For each dimension of the input whether it is reduced.
    reduced: Vec<bool>,
    /// Whether reduced dimensions stay, with size 1.
    keep_dimensions: bool,
    /// For quantized types, where the operator computes with them. MEAN always rescales, even between equal scales.
    rescale: Option<Rescale>,
}

/// All types that the arithmetic is defined for.
const NUMBERS: [DType; 6] = [DType::I8, DType::U8, DType::I16, DType::F32, DType::I32, DType::I64];

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &NUMBERS) && types.input_is(1, &[DType::I32])
}

pub(crate) fn product_types(of: &TypeList) -> bool {
    types(of) && !of.input_is(0, &[DType::U8])
}

pub(crate) fn import_mean(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Mean)
}

pub(crate) fn import_sum(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Sum)
}

pub(crate) fn import_max(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Max)
}

pub(crate) fn import_min(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Min)
}

pub(crate) fn import_product(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Product)
}

fn import(context: &ImportContext<'_>, kind: Kind) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ReducerOptions(options) => Some(options),
        _ => None,
    })?;
    let keep_dimensions = options.map(|options| options.keep_dims()).transpose()?.unwrap_or(false);
    // The types were checked: axes are i32.
    let axes: Vec<i32> = context.integers(1)?.into_iter().map(|axis| axis as i32).collect();
    let shape = &context.input(0)?.shape;
    let reduced = reduced_dimensions(&axes, shape.len())
        .ok_or_else(|| Error::invalid(format!("axes {axes:?} of a tensor with {} dimensions", shape.len())))?;
    let count = reduction::Reduction { input_shape: shape, reduced: &reduced }.count();
    if count == 0 {
        return Err(Error::unsupported(format!("a reduction of no elements: axes {axes:?} of shape {shape:?}")));
    }
    let rescale = match context.input(0)?.dtype {
        DType::I8 | DType::U8 | DType::I16 => rescale(context, kind, count)?,
        _ => None,
    };
    Ok(Arc::new(Reduction { kind, reduced, keep_dimensions, rescale }))
}

/// How a reduction of `count` quantized elements rescales, if it does.
fn rescale(context: &ImportContext<'_>, kind: Kind, count: usize) -> Result<Option<Rescale>> {
    let (input, output) = (context.quantization(context.inputs[0])?, context.output_quantization()?);
    let multiplier = match kind {
        Kind::Max | Kind::Min => {
            let source = context.inputs[0].ok_or_else(|| Error::invalid("input 0 is missing"))?;
            context.same_quantization(source, context.outputs[0])?;
            return Ok(None);
        }
        Kind::Mean | Kind::Sum => scales::rescale(input.scale, output.scale)?,
        Kind::Product => scales::reduce_prod(input.scale, output.scale, count)?,
    };
    if context.input(0)?.dtype == DType::I16 && kind != Kind::Product {
        check_no_zero_points(input, output)?;
    }
    let (input_zero_point, output_zero_point) = (input.zero_point, output.zero_point);
    Ok(Some(Rescale { input_zero_point, multiplier, output_zero_point }))
}

/// Runs an expression with a type alias for the number that `$dtype` is.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::I64 => {
                type $T = i64;
                $body
            }
            quantized => with_quantized!(quantized, $T => $body),
        }
    };
}

impl Operator for Reduction {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Mean => "MEAN",
            Kind::Sum => "SUM",
            Kind::Max => "REDUCE_MAX",
            Kind::Min => "REDUCE_MIN",
            Kind::Product => "REDUCE_PROD",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let kept =
            shape.iter().zip(&self.reduced).filter_map(|(&size, &reduced)| match (reduced, self.keep_dimensions) {
                (false, _) => Some(size),
                (true, true) => Some(1),
                (true, false) => None,
            });
        Ok(vec![kept.collect()])
    }

    fn mixes_batch(&self) -> bool {
        self.reduced.first() == Some(&true)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let of = reduction::Reduction { input_shape: x.shape, reduced: &self.reduced };
        match self.rescale {
            Some(rescale) => self.quantized(of, &rescale, x, output),
            None => self.numbers(of, x, output),
        }
    }
}

impl Reduction {
    /// The reference on elements with scales.
    fn quantized(
        &self,
        of: reduction::Reduction<'_>,
        by: &Rescale,
        x: TensorView<'_>,
        output: &mut TensorViewMut<'_>,
    ) -> Result<()> {
        let Rescale { input_zero_point, multiplier, output_zero_point } = *by;
        let reduction::Reduction { input_shape, reduced } = of;
        let params = MeanParams { input_shape, reduced, input_zero_point, multiplier, output_zero_point };
        with_quantized!(x.dtype, T => {
            let mut values = vec![T::default(); output.bytes.len() / size_of::<T>()];
            let x = x.values::<T>();
            match self.kind {
                Kind::Mean => ottava_ref::ops::mean::mean(&params, &x, &mut values),
                Kind::Product => {
                    let params =
                        ReduceProdParams { reduction: of, input_zero_point, multiplier, output_zero_point };
                    reduction::reduce_prod(&params, &x, &mut values);
                }
                _ => reduction::sum(&params, &x, &mut values),
            }
            output.store(&values)
        })
    }

    /// The reference on elements as they are.
    fn numbers(&self, of: reduction::Reduction<'_>, x: TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        with_number!(x.dtype, T => {
            let mut values = vec![T::default(); output.bytes.len() / size_of::<T>()];
            let elements = x.values::<T>();
            match (self.kind, x.dtype) {
                (Kind::Max, _) => reduction::reduce_max(&of, &elements, &mut values),
                (Kind::Min, _) => reduction::reduce_min(&of, &elements, &mut values),
                (Kind::Sum, _) => reduction::sum_of_numbers(&of, &elements, &mut values),
                (Kind::Product, _) => reduction::product_of_numbers(&of, &elements, &mut values),
                (Kind::Mean, DType::F32) => return mean_of_floats(&of, x, output),
                (Kind::Mean, DType::I32) => return mean_of_integers(&of, x, output, |mean| mean as i32),
                (Kind::Mean, DType::I64) => return mean_of_integers(&of, x, output, |mean| mean),
                (Kind::Mean, other) => return Err(Error::internal(format!("a mean of {other} without scales"))),
            }
            output.store(&values)
        })
    }

    /// The reduced dimensions as one between what stands before them and what follows, if they are neighbours.
    fn neighbours(&self, shape: &[usize]) -> Option<[usize; 3]> {
        let first = self.reduced.iter().position(|&it| it)?;
        let last = self.reduced.iter().rposition(|&it| it)?;
        let product = |sizes: &[usize]| sizes.iter().product::<usize>();
        let neighbours = self.reduced[first..=last].iter().all(|&reduced| reduced);
        neighbours.then(|| [product(&shape[..first]), product(&shape[first..=last]), product(&shape[last + 1..])])
    }

    /// The greatest elements as a pool whose only window is the whole image.
    fn lower_max(&self, lowering: &Lowering<'_>, node: &NodeTensors, source: TensorId, sizes: [usize; 3]) -> Lowered {
        let [batch, count, channels] = sizes;
        let (output_min, output_max) = lowering.isa.storage().range();
        let spec = PoolSpec {
            kind: PoolKind::Maximum,
            input: Image::dense(batch, 1, count, channels),
            window: Window { taps: [1, count], ..Window::POINT },
            output: [1, 1],
            output_min,
            output_max,
            pixel_stride: channels,
            threads: lowering.threads,
        };
        let layer = Box::new(pool::prepare(lowering.isa, &spec));
        Lowered::one(layer, vec![source], vec![node.outputs[0]])
    }
}

impl Reduction {
    /// int16 values as windows that are whole images.
    fn lower_16(
        &self,
        lowering: &Lowering<'_>,
        node: &NodeTensors,
        source: TensorId,
        [batch, count, channels]: [usize; 3],
    ) -> Option<Lowered> {
        let scaled = |by: Multiplier| Pool16Kind::Scaled { multiplier: kernel_multiplier(by) };
        let kind = match (self.kind, self.rescale) {
            (Kind::Max, _) => Pool16Kind::Maximum,
            (Kind::Mean, Some(by)) => scaled(divide_multiplier(by.multiplier, count as u64)),
            (Kind::Sum, Some(by)) => scaled(by.multiplier),
            _ => return None,
        };
        let spec = Pool16Spec {
            kind,
            input: Image::dense(batch, 1, count, channels),
            window: Window { taps: [1, count], ..Window::POINT },
            output: [1, 1],
            range: Range16 { min: -32768, max: 32767 },
            threads: lowering.threads,
        };
        let layer = Box::new(pool16::prepare(lowering.isa, &spec));
        Some(Lowered::one(layer, vec![source], vec![node.outputs[0]]))
    }
}

impl Reduction {
    /// float32 as windows that are whole images.
    fn lower_real(
        &self,
        lowering: &Lowering<'_>,
        node: &NodeTensors,
        source: TensorId,
        [batch, count, channels]: [usize; 3],
    ) -> Option<Lowered> {
        let kind = match self.kind {
            Kind::Sum => PoolF32Kind::Sum,
            Kind::Mean => PoolF32Kind::Average,
            Kind::Max => PoolF32Kind::Maximum,
            Kind::Min => PoolF32Kind::Minimum,
            Kind::Product => return None,
        };
        let spec = PoolF32Spec {
            kind,
            input: Image::dense(batch, 1, count, channels),
            window: Window { taps: [1, count], ..Window::POINT },
            output: [1, 1],
            pixel_stride: channels,
            range: [f32::NEG_INFINITY, f32::INFINITY],
            threads: lowering.threads,
        };
        let layer = Box::new(pool_f32::prepare(lowering.isa, &spec));
        Some(Lowered::one(layer, vec![source], vec![node.outputs[0]]))
    }
}

fn mean_of_floats(of: &reduction::Reduction<'_>, x: TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
    let mut values = vec![0.0; output.bytes.len() / size_of::<f32>()];
    reduction::mean_of_floats(of, &x.values(), &mut values);
    output.store(&values)
}

fn mean_of_integers<T: bytemuck::Pod + Into<i64>>(
    of: &reduction::Reduction<'_>,
    x: TensorView<'_>,
    output: &mut TensorViewMut<'_>,
    from: fn(i64) -> T,
) -> Result<()> {
    let mut values = vec![T::zeroed(); output.bytes.len() / size_of::<T>()];
    reduction::mean_of_integers(of, &x.values(), &mut values, from);
    output.store(&values)
}

impl Lower for Reduction {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        let sizes = self.neighbours(&lowering.tensor(source).shape);
        let Some(sizes @ [batch, count, channels]) = sizes else { return Ok(None) };
        let dtype = lowering.tensor(source).dtype;
        let takes = QUANTIZED.contains(&dtype) || dtype == DType::F32;
        if !takes || !lowering.suits_kernels(node, 1) || !lowering.is_dense(output) {
            return Ok(None);
        }
        let (by, multiplier) = match (self.kind, self.rescale) {
            _ if dtype == DType::F32 => return Ok(self.lower_real(lowering, node, source, sizes)),
            _ if dtype == DType::I16 => return Ok(self.lower_16(lowering, node, source, sizes)),
            (Kind::Max, _) if count <= MAX_BORDER_WORK && lowering.affords_entries(count) => {
                return Ok(Some(self.lower_max(lowering, node, source, sizes)));
            }
            (Kind::Mean, Some(by)) => (by, divide_multiplier(by.multiplier, count as u64)),
            (Kind::Sum, Some(by)) => (by, by.multiplier),
            _ => return Ok(None),
        };
        let (offset, (lo, hi)) = (lowering.offset(output), lowering.isa.storage().range());
        let spec = MeanSpec {
            input: Image::dense(batch, 1, count, channels),
            input_zero: by.input_zero_point + lowering.offset(source),
            multiplier: kernel_multiplier(multiplier),
            output_zero: by.output_zero_point + offset,
            output_min: lo,
            output_max: hi,
            output_offset: offset,
            output_stride: channels,
            threads: lowering.threads,
        };
        let layer = Box::new(mean::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }
}
