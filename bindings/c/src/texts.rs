//! Texts of models and plans as C can have them.

use std::ffi::CString;

use ottava::{LayerInfo, Model, Session, Signature};

/// A text up to its first zero byte.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// The signatures of a model with texts that C can have.
pub(crate) struct Signatures(pub(crate) Box<[(CString, Signature)]>);

impl Signatures {
    pub(crate) fn new(model: &Model) -> ottava::Result<Self> {
        let signatures = model.signatures()?;
        Ok(Self(signatures.into_iter().map(|signature| (c_string(&signature.key), signature)).collect()))
    }
}

/// The texts of a layer as C can have them.
pub(crate) struct LayerTexts {
    pub(crate) name: CString,
    pub(crate) kernel: CString,
    pub(crate) isa: CString,
}

impl LayerTexts {
    /// Those of all layers of a session.
    pub(crate) fn of(session: &Session) -> Box<[Self]> {
        let texts = |layer: &LayerInfo| Self {
            name: c_string(&layer.name),
            kernel: c_string(&layer.kernel),
            isa: c_string(layer.isa.map_or("", |isa| isa.name())),
        };
        session.plan().layers().iter().map(texts).collect()
    }
}
