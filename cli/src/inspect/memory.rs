//! `ottava inspect --memory`: what a plan and its sessions hold, and what is where in the arena.

use ottava::{ArenaBuffer, ArenaInfo, Model, Plan};
use serde_json::{Value, json};

use crate::table::{self, Align::Left, Align::Right, counted, plain};

/// For people.
pub fn text(model: &Model, plan: &Plan) -> String {
    let arena = plan.arena().cloned().unwrap_or_default();
    [sums(plan), buffers(model, plan, &arena)].join("\n")
}

/// What the plan and each session hold.
pub fn sums(plan: &Plan) -> String {
    let memory = plan.memory();
    let columns = [("memory", Left), ("bytes", Right)];
    let rows = [
        ("memory of a session", memory.arena_bytes),
        ("  arena of activations", memory.activation_bytes),
        ("  inputs and outputs", memory.staged_bytes),
        ("  workspaces of all threads", memory.workspace_bytes),
        ("the same, if no tensors shared memory", memory.unshared_arena_bytes),
        ("packed weights, shared by all sessions", memory.packed_weight_bytes),
        ("model file, mapped", memory.model_bytes),
    ];
    let rows = rows.map(|(name, bytes)| vec![name.to_owned(), table::bytes(bytes)]);
    table::render(&columns, rows)
}

fn buffers(model: &Model, plan: &Plan, arena: &ArenaInfo) -> String {
    let columns =
        [("offset", Right), ("bytes", Right), ("first", Right), ("last", Right), ("peak", Left), ("tensors", Left)];
    let rows = sorted(arena).into_iter().map(|buffer| {
        let last =
            if buffer.last_layer < plan.layers().len() { buffer.last_layer.to_string() } else { "end".to_owned() };
        let at_peak = (buffer.first_layer..=buffer.last_layer).contains(&arena.peak_layer);
        vec![
            buffer.offset.to_string(),
            buffer.bytes.to_string(),
            buffer.first_layer.to_string(),
            last,
            if at_peak { "*".to_owned() } else { String::new() },
            names(model, buffer),
        ]
    });
    let peak = plan.layers().get(arena.peak_layer).map_or("the outputs", |layer| &layer.name);
    let (bytes, bound) = (arena.bytes, arena.lower_bound_bytes);
    let more = 100.0 * (bytes as f64 / bound.max(1) as f64 - 1.0);
    format!(
        "Arena: {bytes} bytes, {}, {more:.1} % above its lower bound: {bound} bytes are alive together\nPeak at layer {}: {peak}\n{}",
        counted(arena.buffers.len(), "buffer"),
        arena.peak_layer,
        table::render(&columns, rows),
    )
}

/// The buffers in the order that they are used.
fn sorted(arena: &ArenaInfo) -> Vec<&ArenaBuffer> {
    let mut buffers: Vec<&ArenaBuffer> = arena.buffers.iter().collect();
    buffers.sort_by_key(|buffer| (buffer.first_layer, buffer.last_layer, buffer.offset));
    buffers
}

/// The tensors of a buffer with the ends of their names, cut where they are many.
fn names(model: &Model, buffer: &ArenaBuffer) -> String {
    const MOST: usize = 3;
    if buffer.tensors.is_empty() {
        return "(temporary)".to_owned();
    }
    let tensors = &model.graph().tensors;
    let name = |&id: &usize| {
        let name = tensors[id].name.rsplit('/').next().unwrap_or_default();
        format!("{id} {}", plain(&name.chars().take(32).collect::<String>()))
    };
    let mut names: Vec<String> = buffer.tensors.iter().take(MOST).map(name).collect();
    if buffer.tensors.len() > MOST {
        names.push(format!("and {} more", buffer.tensors.len() - MOST));
    }
    names.join(", ")
}

/// For programs.
pub fn document(plan: &Plan) -> Value {
    let memory = plan.memory();
    json!({
        "arena_bytes": memory.arena_bytes,
        "unshared_arena_bytes": memory.unshared_arena_bytes,
        "activation_bytes": memory.activation_bytes,
        "staged_bytes": memory.staged_bytes,
        "workspace_bytes": memory.workspace_bytes,
        "packed_weight_bytes": memory.packed_weight_bytes,
        "model_bytes": memory.model_bytes,
        "arena": plan.arena().map(arena),
    })
}

fn arena(arena: &ArenaInfo) -> Value {
    let buffer = |buffer: &ArenaBuffer| {
        json!({
            "offset": buffer.offset,
            "bytes": buffer.bytes,
            "first_layer": buffer.first_layer,
            "last_layer": buffer.last_layer,
            "tensors": buffer.tensors,
        })
    };
    json!({
        "bytes": arena.bytes,
        "lower_bound_bytes": arena.lower_bound_bytes,
        "peak_layer": arena.peak_layer,
        "buffers": sorted(arena).into_iter().map(buffer).collect::<Vec<_>>(),
    })
}
