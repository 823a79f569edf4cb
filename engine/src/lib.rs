//! Exact int8 inference for quantized `.tflite` networks.
//!
//! A [`Model`] is a verified file and its [`Graph`]. A [`Plan`] binds it to kernels for an instruction set, a number of
//! threads and a batch. A [`Session`] runs it:
//!
//! ```no_run
//! use ottava::{Model, Plan, PlanOptions, Session};
//!
//! let model = Model::open("mobilenet_v1.tflite")?;
//! let plan = Plan::new(&model, &PlanOptions::default())?;
//! let mut session = Session::new(&plan)?;
//! session.input_mut(0)?.fill(128);
//! session.run()?;
//! println!("{:?} in {:?}", session.output(0)?, session.profile().total);
//! # Ok::<(), ottava::Error>(())
//! ```
//!
//! Every output byte equals that of LiteRT's reference kernels, on every instruction set and for any number of threads:
//! `docs/numerics.md` is the specification, `ottava-ref` its plain form, which [`Backend::Reference`] runs.
//!
//! * [`image`]: from the pixels of pictures to inputs.
//! * [`schema`]: the tables of the file format, to read and to write.
//! * [`graph`]: operators and tensors after import; nothing of the file format is left.
//! * `import`: from the file to the graph. Files are never trusted: `docs/security.md`.
//! * `lowering`: what an operator needs to become a layer.
//! * `ops`: everything the engine knows of an operator, one file each.
//! * `optimize`: the backend that turns the graph into kernels: passes, placement, lowering.
//! * `packed`: models with packed weights in their file.
//! * `exec`: how a run's layers and tasks are shared among threads.
//! * `reference`: the backend that runs the graph as it is.
//! * `backend`: what plans and sessions ask of a backend.

#![deny(unsafe_code)]

/// The README's example, which `cargo test --doc` compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the page on embedding, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;

pub mod graph;
pub mod image;
pub mod schema;

mod arena_info;
mod backend;
mod binding;
mod budget;
mod buffer;
mod clock;
mod error;
mod exec;
mod file;
mod import;
mod interface;
mod lowering;
mod model;
mod ops;
mod optimize;
mod packed;
mod pages;
mod plan;
mod reference;
mod save;
mod session;
mod tensor;
mod threads;
mod winograd;

#[cfg(target_endian = "big")]
compile_error!("models are little-endian and used in place: big-endian targets are not supported");

pub use arena_info::{ArenaBuffer, ArenaInfo};
pub use backend::{Backend, LayerInfo, MemoryInfo, PlanOptions, Profile, TaskSpan};
pub use binding::{Binding, INPUT_PADDING};
pub use error::{Error, ErrorKind, Result};
pub use exec::Cancel;
pub use file::open_regular;
pub use graph::{DType, Graph, Quantization};
pub use import::{FileOperator, MissingSupport, OperatorInfo, Signature, SignatureTensor};
pub use interface::{Element, TensorInfo};
pub use model::Model;
pub use ops::{InputShapes, Operator, SupportedOperator, TensorView, TensorViewMut, supported_operators};
pub use ottava_kernels::Isa;
pub use packed::{Cache, Kept, PackedSection};
pub use plan::Plan;
pub use save::{save_plans, write_plans};
pub use session::Session;
pub use winograd::Winograd;
