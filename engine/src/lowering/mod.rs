//! What operators need to become layers, and what they become.
//!
//! This floor lies below the operators and knows none of them: tensors with their places, the instruction set, and layers
//! with the tensors that they read and write.

mod context;
mod lowered;
mod parallel;
mod places;

pub use context::{Lowering, NodeTensors};
pub(crate) use context::{StepPacking, TableBudget, xor_mask};
pub use lowered::Lowered;
pub(crate) use lowered::{LoweredLayer, Operand};
pub(crate) use parallel::{Parallel, Piece};
pub(crate) use places::{Place, Places};
