//! Seeded random networks.
use crate::network::Network;
pub(crate) fn build(seed: u64) -> Network {
    super::tiny::build(seed)
}
