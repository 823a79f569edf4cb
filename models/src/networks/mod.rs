//! The networks themselves.

pub(crate) mod inception_v3;
pub(crate) mod mobilenet;
pub(crate) mod random;
pub(crate) mod resnet;
pub(crate) mod ssd;
pub(crate) mod tiny;
