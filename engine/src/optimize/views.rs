//! Views of the operands of all layers: of the arena, and for the time of a run of the caller's memory.
#![expect(unsafe_code, reason = "views are changed between runs, behind the region's shared reference")]

use std::cell::UnsafeCell;

use ottava_kernels::{Input, Output};

use super::lend::View;
use super::lifetimes::ArenaRange;
use super::memory::Arena;
use super::schedule::{Schedule, ScheduledLayer};

/// Views of one layer's operands.
pub(super) struct LayerViews {
    pub(super) inputs: Vec<Input<'static>>,
    pub(super) outputs: Vec<Output<'static>>,
}

impl LayerViews {
    /// # Safety
    /// The arena outlives the views; they are used by tasks alone, as the region orders those.
    unsafe fn new(arena: &Arena, layer: &ScheduledLayer) -> Self {
        // SAFETY: the caller's; the arena's layout keeps what is read apart from what is written.
        let input = |range: &ArenaRange| unsafe { arena.input(range.offset, range.len) };
        // SAFETY: as above.
        let output = |range: &ArenaRange| unsafe { arena.output(range.offset, range.len) };
        Self { inputs: layer.inputs.iter().map(input).collect(), outputs: layer.outputs.iter().map(output).collect() }
    }
}

/// Views of all layers.
pub(super) struct Views(UnsafeCell<Box<[LayerViews]>>);

// SAFETY: `of` reads in runs and the other methods change between them, as their callers vouch.
unsafe impl Sync for Views {}

impl Views {
    /// All of the arena.
    ///
    /// # Safety
    /// The arena outlives the views; they are used by tasks alone, as the region orders those.
    pub(super) unsafe fn new(arena: &Arena, schedule: &Schedule) -> Self {
        // SAFETY: the caller's.
        let views = schedule.layers.iter().map(|layer| unsafe { LayerViews::new(arena, layer) });
        Self(UnsafeCell::new(views.collect()))
    }

    /// Those of a layer.
    ///
    /// # Safety
    /// A run is going on: nobody changes the views while they are borrowed.
    pub(super) unsafe fn of(&self, layer: usize) -> &LayerViews {
        // SAFETY: the caller's.
        unsafe { &(&*self.0.get())[layer] }
    }

    /// Leads views of an input's buffer to `bytes`.
    ///
    /// # Safety
    /// No run is going on. The next one is over, or the views lead elsewhere again, before the borrow of `bytes` ends. Tasks only read
    /// the buffer, and none of them reads beyond its slack, which `bytes` includes.
    pub(super) unsafe fn lend_input(&self, views: &[View], bytes: &[u8]) {
        for &View { layer, operand, offset } in views {
            let bytes = &bytes[offset..];
            // SAFETY: the bytes are there as long as tasks use the view, as the caller vouches.
            let view = unsafe { Input::from_raw(bytes.as_ptr(), bytes.len()) };
            // SAFETY: nobody else has the views between runs.
            unsafe { (&mut *self.0.get())[layer].inputs[operand] = view }
        }
    }

    /// Leads views of an output's buffer to `bytes`.
    ///
    /// # Safety
    /// As [`Views::lend_input`]; tasks only write the buffer, each byte by one task, and nobody else uses `bytes` until then.
    pub(super) unsafe fn lend_output(&self, views: &[View], bytes: &mut [u8]) {
        let (first, len) = (bytes.as_mut_ptr(), bytes.len());
        for &View { layer, operand, offset } in views {
            assert!(offset <= len, "a view from byte {offset} on of {len}");
            // SAFETY: asserted to lie within the bytes, which are there as long as tasks use the view, as the caller vouches.
            let view = unsafe { Output::from_raw(first.wrapping_add(offset), len - offset) };
            // SAFETY: nobody else has the views between runs.
            unsafe { (&mut *self.0.get())[layer].outputs[operand] = view }
        }
    }

    /// Leads all views that can be lent to the arena again.
    ///
    /// # Safety
    /// As [`Views::new`], and no run is going on.
    pub(super) unsafe fn take_back(&self, arena: &Arena, schedule: &Schedule) {
        // SAFETY: nobody else has the views between runs.
        let own = unsafe { &mut *self.0.get() };
        let lendable = &schedule.lendable;
        for &View { layer, operand, .. } in lendable.inputs.iter().flatten().flat_map(|buffer| &buffer.views) {
            let range = &schedule.layers[layer].inputs[operand];
            // SAFETY: the caller's.
            own[layer].inputs[operand] = unsafe { arena.input(range.offset, range.len) };
        }
        for &View { layer, operand, .. } in lendable.outputs.iter().flatten().flat_map(|buffer| &buffer.views) {
            let range = &schedule.layers[layer].outputs[operand];
            // SAFETY: the caller's.
            own[layer].outputs[operand] = unsafe { arena.output(range.offset, range.len) };
        }
    }
}
