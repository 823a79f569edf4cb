//! An operator of the host's graph, as a file would have it.

use std::ffi::c_int;
use std::slice;

use ottava::schema::BuiltinOptions;
use ottava::{SupportedOperator, supported_operators};

use crate::abi::{CUSTOM_CODE, DELEGATE_CODE, Node};
use crate::builtin::{options, type_code};
use crate::host::{Host, elements, text};
use crate::options::Options;

/// The code of FULLY_CONNECTED.
const FULLY_CONNECTED: c_int = 9;
/// The host's numbers of float32 and int16.
const FLOAT32: c_int = 1;
const INT16: c_int = 7;

#[derive(Clone, Debug)]
pub(crate) struct HostOperator {
    pub(crate) name: &'static str,
    pub(crate) code: c_int,
    pub(crate) version: c_int,
    pub(crate) custom: Option<String>,
    pub(crate) options: Option<BuiltinOptions>,
    pub(crate) custom_options: Option<Vec<u8>>,
    /// -1 where an optional input is absent.
    pub(crate) inputs: Vec<c_int>,
    pub(crate) outputs: Vec<c_int>,
}

/// The operators that Ottava knows.
pub(crate) struct Known(Vec<SupportedOperator>);

impl Known {
    pub(crate) fn new() -> Self {
        Self(supported_operators())
    }

    fn find(&self, code: c_int, custom: &str) -> Option<&SupportedOperator> {
        self.0.iter().find(|known| known.code == code && (code != CUSTOM_CODE || known.name == custom))
    }

    /// An operator of the host's.
    ///
    /// # Errors
    /// Why Ottava does not run it; what its tensors say is looked at later.
    pub(crate) fn describe(&self, host: &Host<'_>, id: c_int, wishes: &Options) -> Result<HostOperator, String> {
        let (node, registration) = host.node(id)?;
        let (code, version) = (registration.builtin_code, registration.version);
        if code == DELEGATE_CODE {
            return Err("another delegate has it".into());
        }
        // SAFETY: the name of a custom operator; other registrations have none, or NULL.
        let custom = if code == CUSTOM_CODE { unsafe { text(registration.custom_name) } } else { "" };
        let label = || if custom.is_empty() { format!("operator {code}") } else { format!("operator '{custom}'") };
        let known = self.find(code, custom).ok_or_else(|| format!("{} is unknown", label()))?;
        if version > known.max_version {
            return Err(format!("{} has version {version}, {} is the newest known", known.name, known.max_version));
        }
        // SAFETY: arrays of the node's.
        let (inputs, outputs) = unsafe { (elements(node.inputs).to_vec(), elements(node.outputs).to_vec()) };
        for &tensor in inputs.iter().chain(&outputs).filter(|&&tensor| tensor >= 0) {
            if !wishes.allow_fp32 && host.tensor(tensor)?.dtype == FLOAT32 {
                return Err(format!("{} computes in float32, which the options leave to the host", known.name));
            }
        }
        let bias_type = bias_type(host, code, &inputs)?;
        // SAFETY: the structure of a node that the host has given this code and version.
        let options = unsafe { options((code, version), node.builtin_data, bias_type) };
        Ok(HostOperator {
            name: known.name,
            code,
            version,
            custom: (code == CUSTOM_CODE).then(|| custom.to_owned()),
            options: options.map_err(|what| format!("{} has {what}", known.name))?,
            custom_options: custom_options(node),
            inputs,
            outputs,
        })
    }
}

/// The options of a custom operator.
fn custom_options(node: &Node) -> Option<Vec<u8>> {
    let size = usize::try_from(node.custom_data_size).ok()?;
    if node.custom_data.is_null() {
        return None;
    }
    // SAFETY: that many bytes of the host's.
    Some(unsafe { slice::from_raw_parts(node.custom_data.cast::<u8>(), size) }.to_vec())
}

/// What `quantized_bias_type` has to say for the bias that there is. The option itself is not read: older hosts leave it undefined.
fn bias_type(host: &Host<'_>, code: c_int, inputs: &[c_int]) -> Result<i8, String> {
    let tensor = |index: usize| inputs.get(index).filter(|&&id| id >= 0).map(|&id| host.tensor(id)).transpose();
    let bias = match code {
        // Its second input is the filter, its third the image.
        67 => tensor(3)?,
        3 | FULLY_CONNECTED => tensor(2)?,
        _ => return Ok(0),
    };
    if code == FULLY_CONNECTED && tensor(1)?.is_some_and(|weights| weights.dtype == INT16) {
        return Err("FULLY_CONNECTED has int16 weights, whose sums only the file tells".into());
    }
    let integer = |code: &i8| matches!(code, 2 | 4);
    Ok(bias.and_then(|bias| type_code(bias.dtype)).filter(integer).unwrap_or(0))
}
