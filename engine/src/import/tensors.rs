//! Tensors: shapes, types, quantization, and where constants lie.

use std::ops::Range;

use crate::budget::{Budget, SCALE_BYTES, TENSOR_BYTES};
use crate::error::{Error, Result};
use crate::schema;
use crate::tensor::{Constant, ConstantBytes, DType, MAX_RANK, Quantization, Tensor, TensorId, checked_size_bytes};

/// All tensors of a graph.
pub(super) fn import(
    file: &[u8],
    model: &schema::ModelRef<'_>,
    graph: &schema::SubGraphRef<'_>,
    budget: &mut Budget,
) -> Result<Vec<Tensor>> {
    let tensors = graph.tensors()?.unwrap_or_else(planus::Vector::new_empty);
    let buffers = model.buffers()?.unwrap_or_else(planus::Vector::new_empty);
    budget.charge_each(tensors.len(), TENSOR_BYTES)?;
    let mut imported = Vec::with_capacity(tensors.len());
    for (id, tensor) in tensors.iter().enumerate() {
        let tensor = tensor?;
        // A name that is no UTF-8 is no reason to refuse a model: names are for people.
        let name = tensor.name().ok().flatten().unwrap_or_default();
        budget.charge(name.len())?;
        let named = |what: &str| format!("tensor {id} '{name}' {what}");
        refuse_unsupported(&tensor, named)?;
        let shape = shape(&tensor, named, budget)?;
        let dtype = DType::from_code(tensor.type_()?);
        let size = checked_size_bytes(&shape, dtype).ok_or_else(|| Error::unsupported(named("is too large")))?;
        let buffer = usize::try_from(tensor.buffer()?).unwrap_or(usize::MAX);
        let data = match buffers.get(buffer) {
            // Models without any constant may have no buffers at all.
            None if buffer == 0 => None,
            None => return Err(Error::corrupt(named(&format!("refers to buffer {buffer} of {}", buffers.len())))),
            Some(buffer) => constant(file, &buffer?, named)?,
        };
        if let Some(data) = &data
            && dtype.size_bytes() > 0
            && data.len() < size
        {
            return Err(Error::corrupt(named(&format!("needs {size} bytes, its buffer holds {}", data.len()))));
        }
        let used = if dtype.size_bytes() > 0 { size } else { usize::MAX };
        let data = data.map(|range| range.start..range.end.min(range.start.saturating_add(used)));
        let data = data.map(|range| Constant(ConstantBytes::InFile(range)));
        let quantization = quantization(&tensor, &shape, named, budget)?;
        let dynamic = data.is_none() && leaves_shape_open(&tensor, &shape)?;
        imported.push(Tensor { name: name.to_owned(), shape, dtype, quantization, data, dynamic });
    }
    Ok(imported)
}

/// Takes the bytes from constants that lie in a hole of the file.
pub(super) fn leave_out(tensors: &mut [Tensor], holes: &[Range<usize>]) {
    for constant in tensors.iter_mut().filter_map(|tensor| tensor.data.as_mut()) {
        let ConstantBytes::InFile(range) = &constant.0 else { continue };
        let next = holes.partition_point(|hole| hole.end <= range.start);
        if holes.get(next).is_some_and(|hole| hole.start < range.end) {
            constant.0 = ConstantBytes::LeftOut(range.len());
        }
    }
}

/// The tensors of a graph's `what` ("input" or "output") list.
pub(super) fn graph_tensors(
    tensors: &[Tensor],
    indices: planus::Vector<'_, i32>,
    what: &str,
    budget: &mut Budget,
) -> Result<Vec<TensorId>> {
    budget.charge_each(indices.len(), TENSOR_BYTES)?;
    let mut ids = Vec::with_capacity(indices.len());
    for index in indices.iter() {
        let found = usize::try_from(index).ok().and_then(|id| Some((id, tensors.get(id)?)));
        let (id, tensor) = found
            .ok_or_else(|| Error::corrupt(format!("a graph {what} is tensor {index}, there are {}", tensors.len())))?;
        if tensor.data.is_some() {
            return Err(Error::unsupported(format!("graph {what} '{}' is a constant", tensor.name)));
        }
        if tensor.dtype.size_bytes() == 0 {
            return Err(Error::unsupported(format!("graph {what} '{}' is {}", tensor.name, tensor.dtype)));
        }
        if tensor.element_count() == 0 {
            return Err(Error::unsupported(format!("graph {what} '{}' is empty: {:?}", tensor.name, tensor.shape)));
        }
        // What the caller is told of it.
        budget.charge(tensor.name.len())?;
        budget.charge_each(tensor.quantization.as_ref().map_or(0, |it| it.scale.len()), SCALE_BYTES)?;
        ids.push(id);
    }
    if ids.is_empty() {
        return Err(Error::invalid(format!("the graph has no {what}")));
    }
    Ok(ids)
}

fn refuse_unsupported(tensor: &schema::TensorRef<'_>, named: impl Fn(&str) -> String) -> Result<()> {
    let what = if tensor.is_variable()? {
        "is a variable; models that keep state are not supported"
    } else if tensor.sparsity()?.is_some() {
        "is sparse; densify the model before running it"
    } else if tensor.external_buffer()? != 0 {
        "lies in another file, which is not supported"
    } else {
        return Ok(());
    };
    Err(Error::unsupported(named(what)))
}

/// Whether the shape is only an example (its signature has a dimension of -1) or not there at all.
fn leaves_shape_open(tensor: &schema::TensorRef<'_>, shape: &[usize]) -> Result<bool> {
    let signature = tensor.shape_signature()?.unwrap_or_else(planus::Vector::new_empty);
    let open = signature.iter().take(MAX_RANK).any(|size| size < 0);
    Ok(open || (shape.is_empty() && !tensor.has_rank()?))
}

fn shape(tensor: &schema::TensorRef<'_>, named: impl Fn(&str) -> String, budget: &mut Budget) -> Result<Vec<usize>> {
    let shape = tensor.shape()?.unwrap_or_else(planus::Vector::new_empty);
    if shape.len() > MAX_RANK {
        return Err(Error::unsupported(named(&format!("has {} dimensions, more than {MAX_RANK}", shape.len()))));
    }
    budget.charge(4 * shape.len())?;
    shape
        .iter()
        .map(|size| usize::try_from(size).map_err(|_| Error::corrupt(named(&format!("has a dimension of {size}")))))
        .collect()
}

/// The bytes of a buffer as a range of the file; `None` when it is empty.
fn constant(
    file: &[u8],
    buffer: &schema::BufferRef<'_>,
    named: impl Fn(&str) -> String,
) -> Result<Option<Range<usize>>> {
    let data = buffer.data()?.filter(|data| !data.is_empty());
    let (offset, size) = (buffer.offset()?, buffer.size()?);
    // Offsets 0 and 1 mean that the bytes are in the table; larger ones that they lie elsewhere in the file.
    if offset > 1 {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(usize::try_from(size).ok()?));
        return match (start, end) {
            (Some(start), Some(end)) if end <= file.len() && data.is_none() => Ok((start < end).then_some(start..end)),
            _ => Err(Error::corrupt(named(&format!("lies at {offset}+{size} of a file of {}", file.len())))),
        };
    }
    let Some(data) = data else {
        return Ok(None);
    };
    let start = data.as_ptr().addr().wrapping_sub(file.as_ptr().addr());
    let range = start..start.saturating_add(data.len());
    if file.get(range.clone()).is_none() {
        return Err(Error::internal(named("is not part of the file")));
    }
    Ok(Some(range))
}

fn quantization(
    tensor: &schema::TensorRef<'_>,
    shape: &[usize],
    named: impl Fn(&str) -> String,
    budget: &mut Budget,
) -> Result<Option<Quantization>> {
    let Some(quantization) = tensor.quantization()? else {
        return Ok(None);
    };
    if !matches!(quantization.details(), Ok(None)) {
        return Err(Error::unsupported(named("has custom quantization, which is not supported")));
    }
    let scale = quantization.scale()?.unwrap_or_else(planus::Vector::new_empty);
    let zero_point = quantization.zero_point()?.unwrap_or_else(planus::Vector::new_empty);
    if scale.len() != zero_point.len() {
        let what = format!("has {} scales but {} zero points", scale.len(), zero_point.len());
        return Err(Error::invalid(named(&what)));
    }
    if scale.is_empty() {
        return Ok(None);
    }
    budget.charge_each(scale.len(), SCALE_BYTES)?;
    let dimension = quantization.quantized_dimension()?;
    let dimension = match usize::try_from(dimension) {
        Ok(dimension) if shape.get(dimension) == Some(&scale.len()) => dimension,
        _ if scale.len() == 1 => 0,
        _ => {
            let what = format!("has {} scales along dimension {dimension} of shape {shape:?}", scale.len());
            return Err(Error::invalid(named(&what)));
        }
    };
    Ok(Some(Quantization { scale: scale.iter().collect(), zero_point: zero_point.iter().collect(), dimension }))
}

/// What the scales of a tensor must be, beside finite; later ones forbid more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ScaleRule {
    /// Of filters.
    NotBelowZero,
    /// Of all others.
    AboveZero,
}

/// Checks the scales and zero points of a tensor that an operator reads or writes. Those of types that are not quantized
/// mean nothing, whatever they are.
pub(super) fn check_scales(tensor: &Tensor, rule: ScaleRule) -> Result<()> {
    let (Some(quantization), Some((lowest, highest))) = (&tensor.quantization, tensor.dtype.quantized_range()) else {
        return Ok(());
    };
    let name = &tensor.name;
    let fits = |scale: f32| scale.is_finite() && (scale > 0.0 || scale == 0.0 && rule == ScaleRule::NotBelowZero);
    if let Some(scale) = quantization.scale.iter().find(|scale| !fits(**scale)) {
        return Err(Error::invalid(format!("tensor '{name}' has scale {scale}")));
    }
    let range = i64::from(lowest)..=i64::from(highest);
    if let Some(zero_point) = quantization.zero_point.iter().find(|zero_point| !range.contains(zero_point)) {
        let dtype = tensor.dtype;
        return Err(Error::invalid(format!("tensor '{name}' has zero point {zero_point}, outside its type {dtype}")));
    }
    Ok(())
}
