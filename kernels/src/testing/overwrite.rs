//! Layers that write over an input.

use super::Failures;
use crate::SLACK;
use crate::layer::{Layer, Task};
use crate::memory::{Input, Line, Output, Workspace};

/// Compares what a layer writes over each input that it may overwrite with what it writes elsewhere, `expected` as it is stored.
/// Tasks run in either order; nothing behind the output changes.
pub(crate) fn check(failures: &mut Failures, layer: &dyn Layer, inputs: &[&[u8]], expected: &[u8]) {
    for overwritten in (0..inputs.len()).filter(|&index| layer.may_overwrite(index)) {
        for reversed in [false, true] {
            let mut buffers: Vec<Vec<u8>> = inputs.iter().map(|bytes| bytes.to_vec()).collect();
            run(layer, &mut buffers, overwritten, reversed);
            let (result, behind) = buffers[overwritten].split_at(expected.len());
            let untouched = behind == &inputs[overwritten][expected.len()..];
            let result =
                if untouched { Ok(result.to_vec()) } else { Err("bytes behind the tensor changed".to_owned()) };
            failures.compare(result, expected, || {
                format!("{} over input {overwritten}, reversed {reversed}, {} bytes", layer.kernel(), expected.len())
            });
        }
    }
}

/// Runs all tasks with one buffer as input and output.
fn run(layer: &dyn Layer, buffers: &mut [Vec<u8>], overwritten: usize, reversed: bool) {
    assert!(buffers.iter().all(|bytes| bytes.len() >= SLACK));
    let views: Vec<(*mut u8, usize)> = buffers.iter_mut().map(|bytes| (bytes.as_mut_ptr(), bytes.len())).collect();
    // SAFETY: the buffers live on; the layer says that it works so.
    let inputs: Vec<Input<'_>> = views.iter().map(|&(at, len)| unsafe { Input::from_raw(at, len) }).collect();
    let (at, len) = views[overwritten];
    // SAFETY: as above.
    let outputs = [unsafe { Output::from_raw(at, len) }];
    let mut lines = vec![Line::ZERO; layer.workspace_bytes().div_ceil(size_of::<Line>())];
    for index in 0..layer.tasks() {
        let index = if reversed { layer.tasks() - 1 - index } else { index };
        let task = Task { index, inputs: &inputs, outputs: &outputs, workspace: Workspace::new(&mut lines) };
        // SAFETY: tasks run one after the other, and nobody else has the buffers.
        unsafe { layer.run(task) }.unwrap();
    }
}
