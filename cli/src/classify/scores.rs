//! From the bytes of an output to probabilities.

use ottava::graph::TensorId;
use ottava::{DType, Graph, Quantization};

/// Operators that change how scores are stored, not what they are.
const REPRESENTATION: [&str; 3] = ["RESHAPE", "QUANTIZE", "DEQUANTIZE"];

/// Whether a SOFTMAX made the tensor.
pub fn are_probabilities(graph: &Graph, tensor: TensorId) -> bool {
    let mut tensor = tensor;
    // Each tensor is written once, by a node that stands before its readers: the walk ends at the graph's inputs.
    while let Some(node) = graph.nodes.iter().find(|node| node.outputs.contains(&tensor)) {
        match (node.operator.name(), node.inputs.first()) {
            ("SOFTMAX", _) => return true,
            (name, Some(&Some(input))) if REPRESENTATION.contains(&name) => tensor = input,
            _ => return false,
        }
    }
    false
}

/// The real values of a tensor of this type, where it is one of values of one scale.
pub fn real(bytes: &[u8], dtype: DType, quantization: Option<&Quantization>) -> Option<Vec<f64>> {
    let scale = quantization.and_then(|q| q.scale.first()).map_or(1.0, |&scale| f64::from(scale));
    let zero = quantization.and_then(|q| q.zero_point.first()).map_or(0.0, |&zero| zero as f64);
    let stored = |value: f64| scale * (value - zero);
    match dtype {
        DType::U8 => Some(bytes.iter().map(|&byte| stored(f64::from(byte))).collect()),
        DType::I8 => Some(bytes.iter().map(|&byte| stored(f64::from(byte as i8))).collect()),
        DType::I16 => Some(bytes.as_chunks().0.iter().map(|&b| stored(f64::from(i16::from_le_bytes(b)))).collect()),
        DType::F32 => Some(bytes.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()),
        _ => None,
    }
}

/// Probabilities from logits.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The classes with the greatest scores, the lower class first among equals.
pub fn top(scores: &[f64], count: usize) -> Vec<(usize, f64)> {
    let mut ranked: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(count);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_become_real_ones() {
        let quantization = Quantization { scale: vec![0.5], zero_point: vec![-128], dimension: 0 };
        assert_eq!(real(&[0x80, 0x82], DType::I8, Some(&quantization)).unwrap(), [0.0, 1.0]);
        let quantization = Quantization { scale: vec![0.5], zero_point: vec![0], dimension: 0 };
        assert_eq!(real(&[0xfe, 0xff, 3, 0], DType::I16, Some(&quantization)).unwrap(), [-1.0, 1.5]);
        assert_eq!(real(&[0; 16], DType::I64, None), None);
    }

    #[test]
    fn ranks_and_softmax() {
        assert_eq!(top(&[0.1, 0.7, 0.1], 2), [(1, 0.7), (0, 0.1)]);
        assert_eq!(top(&[0.1], 5).len(), 1);
        let probabilities = softmax(&[1000.0, 1000.0]);
        assert_eq!(probabilities, [0.5, 0.5]);
    }
}
