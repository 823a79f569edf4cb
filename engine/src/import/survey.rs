//! What is told of the operators of a file.

use std::fmt;

use crate::tensor::DType;

/// One operator of the file, in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorInfo {
    /// Position in the file.
    pub index: usize,
    /// The operator's name, such as `CONV_2D`.
    pub name: String,
    /// The version that the file asks for.
    pub version: i32,
}

/// An operator of a file, whether Ottava can run it or not; see [`crate::Model::survey`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOperator {
    /// Position, name and version.
    pub info: OperatorInfo,
    /// Element types of the inputs; `None` where an optional one is absent.
    pub inputs: Vec<Option<DType>>,
    /// Element types of the outputs.
    pub outputs: Vec<DType>,
    /// What keeps it from running, if anything does.
    pub missing: Option<MissingSupport>,
}

/// Why an operator cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MissingSupport {
    /// The operator is not known.
    Operator,
    /// It is newer than what is known.
    Version {
        /// The newest known version.
        newest_known: i32,
    },
    /// It is known, but not for these element types.
    Types,
}

impl fmt::Display for MissingSupport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("unknown operator"),
            Self::Version { newest_known } => write!(f, "known up to v{newest_known}"),
            Self::Types => f.write_str("not for these types"),
        }
    }
}
