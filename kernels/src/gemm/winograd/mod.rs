//! Convolutions of 3x3 by way of points: Winograd's F(4x4, 3x3), in integers, exact.
//!
//! Outputs are computed in *patches* of 4x4, which depend on 6x6 pixels. Both the pixels and the weights are transformed
//! to 36 *points*, at which they are multiplied; the sums over the channels are transformed to outputs:
//!
//! ```text
//! V = B^T d B             of each patch and input channel         16 bits          inputs.rs
//! U = G g G^T             of each output and input channel        16 bits          weights.rs
//! M = Σ U · V             over the input channels, point by point 32 bits, wraps   products.rs
//! 64 · Y = A1 M A1^T      times constants                         32 bits, wraps   outputs.rs
//! ```
//!
//! 36 products take the place of 144. `docs/adr/021-exact-winograd.md` has the algebra; what a convolution must fulfil to come
//! out exact is proven for each (`proof.rs`).
//!
//! A task takes patches in blocks: it transforms the inputs of a block, and for each panel group its weights; then it computes the
//! products of a tile of patches, which it makes outputs before they leave the cache. Files use what is below them:
//!
//! ```text
//! choice      choice
//! driver      layer
//! cutting     partition
//! table       table
//! kernels     inputs, weights, products, outputs
//! packing     taps, proof
//! words       costs, patch, refusal
//! ```

mod choice;
mod costs;
mod inputs;
mod layer;
mod outputs;
mod partition;
mod patch;
mod products;
mod proof;
mod refusal;
mod table;
mod taps;
mod weights;

#[cfg(test)]
pub(crate) use choice::prepare_exact;
pub use choice::{Offer, When, prepare, prepare_packed};
pub use layer::Winograd;
pub use refusal::Refusal;
pub(crate) use table::kernels;
