//! The method of instruction sets that multiply in pairs: several lines are added up in 16 bits before one widening.

mod groups;
mod halves;
mod method;
mod orders;
mod pack;
mod tile;

pub(super) use halves::{CountHalves, HalvesPacker, PackUnit};
pub(super) use method::WideningTiles;
pub(super) use tile::WideningTile;
