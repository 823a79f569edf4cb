//! An external delegate for LiteRT: a library that a host loads, and that runs the parts of the host's graph which Ottava can run.
//!
//! The host hands over structures in C, whose layout is in `abi`. What a part computes is written down as a `.tflite` file in memory,
//! which the engine verifies and plans as any other. `docs/embedding-delegate.md` is the guide, ADR 30 says why it is built so.
//!
//! * `abi`: the host's structures, byte for byte.
//! * `border`: panics and texts at the border.
//! * `host`: what is asked of the host.
//! * `builtin`, `operator`: an operator of the host's graph, with what it would be in a file.
//! * `network`: a part of the graph as a model.
//! * `claim`: which parts are taken.
//! * `kernel`: what the host calls for each part.
//! * `report`: the time of each layer, in a file.
//! * `options`, `plugin`: what the host is given to hold.

mod abi;
mod border;
mod builtin;
mod claim;
mod host;
mod kernel;
mod network;
mod operator;
mod options;
mod plugin;
mod report;

#[cfg(test)]
mod tests;
