//! The tensors of an interpreter at addresses that stay.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use ottava::graph::{Quantization, Tensor, TensorId};
use ottava::{DType, Model};

use crate::abi::{AFFINE, Allocation, TfLiteAffineQuantization, TfLiteQuantizationParams, TfLiteTensor, type_number};

/// A tensor that callers have a pointer to.
pub(crate) type TensorHandle = NonNull<TfLiteTensor>;

/// Owned memory that pointers lead to from elsewhere: a box would claim to be the only way there.
struct Pinned<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Pinned<T> {
    fn new(value: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(value)))
    }
}

impl<T: ?Sized> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nothing else frees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<T> Pinned<[T]> {
    fn start(&self) -> *mut T {
        self.0.as_ptr().cast()
    }
}

/// `TfLiteIntArray` or `TfLiteFloatArray`: a count and then as many values.
fn counted<T>(values: impl ExactSizeIterator<Item = T>, count: impl Fn(usize) -> T) -> Pinned<[T]> {
    let length = values.len();
    Pinned::new(std::iter::once(count(length)).chain(values).collect())
}

fn int_array(values: impl ExactSizeIterator<Item = c_int>) -> Pinned<[c_int]> {
    counted(values, to_int)
}

/// The number as the API has it; what does not fit cannot be in a file.
fn to_int(size: usize) -> c_int {
    c_int::try_from(size).unwrap_or(c_int::MAX)
}

/// What a tensor points to and never changes.
struct Row {
    name: Pinned<[c_char]>,
    signature: Pinned<[c_int]>,
    affine: Option<AffineRow>,
}

struct AffineRow {
    scale: Pinned<[u32]>,
    zero_point: Pinned<[c_int]>,
    quantization: Pinned<TfLiteAffineQuantization>,
}

impl AffineRow {
    fn new(quantization: &Quantization) -> Self {
        let scale = counted(quantization.scale.iter().map(|scale| scale.to_bits()), |count| count as u32);
        let zero_point = int_array(quantization.zero_point.iter().map(|&zero_point| zero_point as c_int));
        let quantization = Pinned::new(Box::new(TfLiteAffineQuantization {
            scale: scale.start(),
            zero_point: zero_point.start(),
            quantized_dimension: to_int(quantization.dimension),
        }));
        Self { scale, zero_point, quantization }
    }
}

/// All tensors of the main graph, by their index in the file.
pub(crate) struct TensorTable {
    tensors: Pinned<[TfLiteTensor]>,
    rows: Box<[Row]>,
    dims: Mutex<Vec<Pinned<[c_int]>>>,
}

// SAFETY: it owns what its pointers lead to, and constants, which nobody writes. Tensors change in `TensorTable::set` alone, which
// callers' threads reach one at a time.
unsafe impl Send for TensorTable {}
// SAFETY: likewise.
unsafe impl Sync for TensorTable {}

/// Where a tensor's bytes are now, and how many.
pub(crate) struct Extent<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) dtype: DType,
    pub(crate) data: *mut u8,
    pub(crate) allocation: Allocation,
}

impl TensorTable {
    /// The tensors as the file has them: constants where they lie, all others nowhere yet.
    pub(crate) fn new(model: &Model) -> ottava::Result<Self> {
        let graph = model.graph();
        let signatures = (0..graph.tensors.len()).map(|id| model.declared_shape(id));
        let row = |(tensor, signature): (&Tensor, ottava::Result<Vec<Option<usize>>>)| -> ottava::Result<Row> {
            let name: Vec<u8> = tensor.name.bytes().take_while(|&byte| byte != 0).collect();
            let name = CString::new(name).unwrap_or_default();
            Ok(Row {
                name: Pinned::new(name.as_bytes_with_nul().iter().map(|&byte| byte as c_char).collect()),
                signature: int_array(signature?.into_iter().map(|size| size.map_or(-1, to_int))),
                affine: tensor.quantization.as_ref().map(AffineRow::new),
            })
        };
        let rows: Box<[Row]> = graph.tensors.iter().zip(signatures).map(row).collect::<ottava::Result<_>>()?;
        let dims: Vec<_> =
            graph.tensors.iter().map(|tensor| int_array(tensor.shape.iter().map(|&size| to_int(size)))).collect();
        let tensors = graph.tensors.iter().enumerate();
        let tensors = tensors.map(|(id, tensor)| described(model, tensor, (&rows[id], &dims[id]))).collect();
        Ok(Self { tensors: Pinned::new(tensors), rows, dims: Mutex::new(dims) })
    }

    /// The tensor of an index.
    pub(crate) fn get(&self, index: c_int) -> Option<TensorHandle> {
        let id = usize::try_from(index).ok().filter(|&id| id < self.rows.len())?;
        // SAFETY: the index is one of the slice's.
        NonNull::new(unsafe { self.tensors.start().add(id) })
    }

    /// Changes what a tensor says of its shape and its bytes.
    pub(crate) fn set(&self, id: TensorId, extent: &Extent<'_>) {
        let Some(mut handle) = self.get(to_int(id)) else { return };
        let mut all = self.dims.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the tensor lives as long as the table. The API is for one thread at a time, but for cancelling, which reads no tensor,
        // and no function of ours keeps a reference to one.
        let tensor = unsafe { handle.as_mut() };
        tensor.bytes = extent.shape.iter().product::<usize>() * extent.dtype.size_bytes();
        tensor.data = extent.data.cast();
        tensor.allocation_type = extent.allocation as c_int;
        // Callers may have kept the address of dimensions, which stays while they do.
        // SAFETY: the lock keeps others from replacing the array.
        let old = unsafe { all[id].0.as_ref() };
        if !old[1..].iter().copied().eq(extent.shape.iter().map(|&size| to_int(size))) {
            all[id] = int_array(extent.shape.iter().map(|&size| to_int(size)));
        }
        tensor.dims = all[id].start();
    }

    /// The dimensions that the file declares, -1 for those that it leaves open.
    pub(crate) fn signature(&self, id: TensorId) -> &[c_int] {
        // SAFETY: nobody changes what the tensors point to, and it lives as long as the table.
        self.rows.get(id).map_or(&[], |row| unsafe { &row.signature.0.as_ref()[1..] })
    }
}

/// A tensor as the file has it.
fn described(model: &Model, tensor: &Tensor, (row, dims): (&Row, &Pinned<[c_int]>)) -> TfLiteTensor {
    let constant = tensor.data.as_ref().map(|constant| model.constant(constant));
    let per_tensor = tensor.quantization.as_ref().filter(|it| it.scale.len() == 1);
    let params = per_tensor.map(|it| TfLiteQuantizationParams {
        scale: it.scale[0],
        zero_point: it.zero_point.first().map_or(0, |&zero_point| zero_point as i32),
    });
    let affine = row.affine.as_ref();
    debug_assert!(affine.is_none_or(|affine| affine.scale.0.len() == affine.zero_point.0.len()));
    TfLiteTensor {
        element_type: type_number(tensor.dtype),
        data: constant.map_or(std::ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
        dims: dims.start(),
        params: params.unwrap_or_default(),
        allocation_type: if constant.is_some() { Allocation::Constant } else { Allocation::Arena } as c_int,
        bytes: constant.map_or_else(|| tensor.size_bytes(), <[u8]>::len),
        name: row.name.start(),
        quantization_type: if affine.is_some() { AFFINE } else { 0 },
        quantization_params: affine
            .map_or(std::ptr::null_mut(), |affine| affine.quantization.0.as_ptr().cast::<c_void>()),
        dims_signature: row.signature.start(),
        ..TfLiteTensor::default()
    }
}
