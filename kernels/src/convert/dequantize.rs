//! DEQUANTIZE to 32-bit floats.

use alloc::boxed::Box;

use super::family::CONVERSION;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// The kernel's name; portable code serves every instruction set.
pub(super) const DEQUANTIZE: &str = "dequantize_f32_portable";

/// What DEQUANTIZE to 32-bit floats is to do.
#[derive(Clone, Copy, Debug)]
pub struct DequantizeSpec<'a> {
    /// Pixels and channels of the input; the floats are dense.
    pub pixels: usize,
    /// Channels of each pixel.
    pub channels: usize,
    /// Bytes from one input pixel to the next; at least the channels.
    pub pixel_stride: usize,
    /// The float of each stored byte.
    pub table: &'a [f32; 256],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// DEQUANTIZE to 32-bit floats, ready to run. Input 0 holds stored bytes, output 0 floats.
pub struct Dequantize {
    table: Box<[[u8; 4]; 256]>,
    shape: [usize; 3],
    share: usize,
}

/// Prepares DEQUANTIZE to 32-bit floats.
///
/// # Panics
/// Pixels overlap.
pub fn prepare_dequantize(spec: &DequantizeSpec<'_>) -> Dequantize {
    assert!(spec.pixel_stride >= spec.channels || spec.pixels <= 1, "input pixels do not overlap");
    let dense = spec.pixels <= 1 || spec.pixel_stride == spec.channels;
    let shape = match dense {
        true => [spec.pixels * spec.channels, 1, 1],
        false => [spec.pixels, spec.channels, spec.pixel_stride],
    };
    let share = row_tasks(shape[0], 4 * shape[1], spec.threads);
    Dequantize { table: Box::new(spec.table.map(f32::to_le_bytes)), shape, share }
}

impl Layer for Dequantize {
    fn kernel(&self) -> KernelId {
        KernelId::portable(CONVERSION, DEQUANTIZE)
    }

    fn tasks(&self) -> usize {
        self.shape[0].div_ceil(self.share).max(1)
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&*self.table)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let [pixels, channels, stride] = self.shape;
        let needed = if pixels == 0 { 0 } else { (pixels - 1) * stride + channels };
        assert!(inputs[0].len() >= needed, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= 4 * pixels * channels, "output view of {} bytes", outputs[0].len());
        for pixel in task * self.share..pixels.min((task + 1) * self.share) {
            // SAFETY: pixels lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) = unsafe {
                (inputs[0].run(pixel * stride, channels), outputs[0].run(4 * pixel * channels, 4 * channels))
            };
            let (floats, _) = output.as_chunks_mut::<4>();
            for (out, &byte) in floats.iter_mut().zip(input) {
                *out = self.table[usize::from(byte)];
            }
        }
        Ok(())
    }
}
