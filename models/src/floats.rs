//! The float32 form of a network: what an int8 network was before it was quantized.

use crate::network::{Element, Network, OperatorRecord, TensorRecord};

impl Network {
    /// The same operators on float32, with the weights as they were drawn. Biases are real values of the quantized ones,
    /// which have 32 bits.
    ///
    /// # Panics
    /// When the network is not an int8 one whose builder kept its weights, or has QUANTIZE or DEQUANTIZE.
    pub(crate) fn in_floats(mut self) -> Network {
        self.tensors.iter_mut().for_each(to_float);
        self.operators.iter_mut().for_each(check_operator);
        self
    }
}

fn to_float(tensor: &mut TensorRecord) {
    let values: Option<Vec<f32>> = match (&tensor.weights, &tensor.data, tensor.element) {
        // Paddings, axes and shapes.
        (None, Some(_), _) => return,
        (None, None, _) => None,
        (Some(quantization), Some(data), Element::I32) => {
            let biases = data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes));
            let scales = quantization.scales.iter().cycle();
            Some(biases.zip(scales).map(|(bias, &scale)| (f64::from(bias) * f64::from(scale)) as f32).collect())
        }
        (Some(_), data, _) => {
            let count = data.as_ref().map_or(0, Vec::len);
            assert!(count == tensor.reals.len(), "'{}' has not kept its weights", tensor.name);
            Some(std::mem::take(&mut tensor.reals))
        }
    };
    tensor.data = values.map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect());
    (tensor.element, tensor.quantization, tensor.weights) = (Element::F32, None, None);
}

/// The first version of every operator takes float32.
fn check_operator(operator: &mut OperatorRecord) {
    assert!(!["quantize", "dequantize"].contains(&operator.name.as_str()), "{} has no place here", operator.name);
    operator.version = 1;
}
