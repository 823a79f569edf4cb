//! What the reference says, and the search for the first difference.

use ottava::graph::{Tensor, TensorId};
use ottava::{Backend, DType, Model, Plan, Session};

use crate::errors::{CliError, Result};
use crate::table;

/// One input and every tensor that the reference makes of it.
pub struct Expected {
    pub inputs: Vec<Vec<u8>>,
    /// By graph tensor; `None` for constants.
    tensors: Vec<Option<Vec<u8>>>,
    outputs: Vec<Vec<u8>>,
}

impl Expected {
    /// Runs the reference on the `index`-th made-up input.
    ///
    /// # Errors
    /// The reference cannot run it.
    pub fn new(model: &Model, plan: &Plan, index: usize) -> Result<Self> {
        debug_assert_eq!(plan.backend(), Backend::Reference);
        let inputs = super::make_inputs(plan, index);
        let mut session = Session::new(plan)?;
        for (index, bytes) in inputs.iter().enumerate() {
            session.input_mut(index)?.copy_from_slice(bytes);
        }
        session.run()?;
        let tensors = (0..model.graph().tensors.len()).map(|id| session.tensor(id)).collect();
        let output = |index| Ok(session.output(index)?.to_vec());
        let outputs = (0..plan.outputs().len()).map(output).collect::<Result<_>>()?;
        Ok(Self { inputs, tensors, outputs })
    }
}

/// What was found equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Tensors of layers.
    pub tensors: usize,
    /// Outputs of the network.
    pub outputs: usize,
    /// Bytes of both.
    pub bytes: usize,
}

/// What a session computed, and what the reference did.
pub struct Comparison<'a> {
    pub model: &'a Model,
    pub session: &'a Session,
    pub expected: &'a Expected,
}

impl Comparison<'_> {
    /// Compares what the layers wrote, in the order of the plan. Tensors that were fused away are nowhere to compare.
    ///
    /// # Errors
    /// The first difference.
    pub fn layers(&self, compared: &mut Compared) -> Result<()> {
        for layer in self.session.plan().layers() {
            for &id in &layer.output_tensors {
                let (Some(is), Some(Some(expected))) = (self.session.tensor(id), self.expected.tensors.get(id)) else {
                    continue;
                };
                let location =
                    || format!("layer {} {} ({}), {}", layer.index, layer.name, layer.kernel, self.tensor(id));
                self.equal(id, &is, expected, location)?;
                compared.tensors += 1;
                compared.bytes += is.len();
            }
        }
        Ok(())
    }

    /// Compares the outputs of the network.
    ///
    /// # Errors
    /// The first difference.
    pub fn outputs(&self, compared: &mut Compared) -> Result<()> {
        for (index, info) in self.session.plan().outputs().iter().enumerate() {
            let is = self.session.output(index)?;
            let location = || format!("output {index} of the fused plan, {}", self.tensor(info.tensor));
            self.equal(info.tensor, is, &self.expected.outputs[index], location)?;
            compared.outputs += 1;
            compared.bytes += is.len();
        }
        Ok(())
    }

    fn tensor(&self, id: TensorId) -> String {
        format!("tensor {id} '{}'", self.model.graph().tensors[id].name)
    }

    fn equal(&self, id: TensorId, is: &[u8], expected: &[u8], location: impl Fn() -> String) -> Result<()> {
        match difference(&self.model.graph().tensors[id], is, expected) {
            None => Ok(()),
            Some(difference) => Err(CliError::request(format!("{}: {difference}", location()))),
        }
    }
}

/// Says where two tensors differ first, and what they have there.
fn difference(tensor: &Tensor, is: &[u8], expected: &[u8]) -> Option<String> {
    if is.len() != expected.len() {
        return Some(format!("{} bytes where the reference has {}", is.len(), expected.len()));
    }
    let byte = is.iter().zip(expected).position(|(a, b)| a != b)?;
    let size = tensor.dtype.size_bytes().max(1);
    let element = byte / size;
    let at = |bytes: &[u8]| value(tensor.dtype, &bytes[element * size..(element + 1) * size]);
    let differing = is.chunks(size).zip(expected.chunks(size)).filter(|(a, b)| a != b).count();
    Some(format!(
        "element {element} at [{}] is {}, the reference has {} ({differing} of {} differ)",
        position(element, &tensor.shape),
        at(is),
        at(expected),
        table::counted(is.len() / size, "element"),
    ))
}

/// The indices of an element, outermost first.
fn position(element: usize, shape: &[usize]) -> String {
    let mut rest = element;
    let mut indices: Vec<String> = Vec::new();
    for &extent in shape.iter().rev() {
        indices.push((rest % extent.max(1)).to_string());
        rest /= extent.max(1);
    }
    indices.reverse();
    indices.join(", ")
}

fn value(dtype: DType, bytes: &[u8]) -> String {
    match (dtype, bytes) {
        (DType::U8, &[byte]) => byte.to_string(),
        (DType::I8, &[byte]) => (byte as i8).to_string(),
        (DType::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).to_string(),
        (DType::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]).to_string(),
        _ => format!("{bytes:02x?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dtype: DType, shape: &[usize]) -> Tensor {
        Tensor { name: "t".to_owned(), shape: shape.to_vec(), dtype, quantization: None, data: None, dynamic: false }
    }

    #[test]
    fn equal_tensors_have_no_difference() {
        assert_eq!(difference(&tensor(DType::U8, &[2]), &[1, 2], &[1, 2]), None);
    }

    #[test]
    fn the_first_difference_is_named_with_both_values() {
        let text = difference(&tensor(DType::I8, &[1, 2, 2]), &[1, 2, 3, 255], &[1, 2, 4, 0]).unwrap();
        assert!(text.contains("element 2 at [0, 1, 0] is 3, the reference has 4 (2 of 4 elements differ)"), "{text}");
        let float = difference(&tensor(DType::F32, &[1]), &1.5f32.to_le_bytes(), &2f32.to_le_bytes()).unwrap();
        assert!(float.contains("is 1.5, the reference has 2"), "{float}");
        assert!(difference(&tensor(DType::U8, &[2]), &[1], &[1, 2]).unwrap().contains("1 bytes where"));
    }
}
