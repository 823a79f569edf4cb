//! From the bytes of an output to probabilities.

use ottava::graph::TensorId;
use ottava::{DType, Graph, TensorInfo};

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

/// The real values of an output.
///
/// # Errors
/// The output is of no type that has them.
pub fn real(bytes: &[u8], info: &TensorInfo) -> Result<Vec<f64>, String> {
    let one = |list: Option<f64>, default: f64| list.unwrap_or(default);
    let quantization = info.quantization.as_ref();
    let scale = one(quantization.and_then(|q| q.scale.first()).map(|&scale| f64::from(scale)), 1.0);
    let zero = one(quantization.and_then(|q| q.zero_point.first()).map(|&zero| zero as f64), 0.0);
    match info.dtype {
        DType::U8 => Ok(bytes.iter().map(|&byte| scale * (f64::from(byte) - zero)).collect()),
        DType::I8 => Ok(bytes.iter().map(|&byte| scale * (f64::from(byte as i8) - zero)).collect()),
        DType::F32 => Ok(bytes.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()),
        other => Err(format!("is no image classifier: its first output is {other}")),
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
    use ottava::Quantization;

    use super::*;

    #[test]
    fn stored_values_become_real_ones() {
        let quantization = Some(Quantization { scale: vec![0.5], zero_point: vec![-128], dimension: 0 });
        let mut info = TensorInfo { name: String::new(), shape: vec![1, 2], dtype: DType::I8, quantization, tensor: 0 };
        assert_eq!(real(&[0x80, 0x82], &info).unwrap(), [0.0, 1.0]);
        info.dtype = DType::I64;
        assert!(real(&[0; 16], &info).unwrap_err().contains("int64"));
    }

    #[test]
    fn ranks_and_softmax() {
        assert_eq!(top(&[0.1, 0.7, 0.1], 2), [(1, 0.7), (0, 0.1)]);
        assert_eq!(top(&[0.1], 5).len(), 1);
        let probabilities = softmax(&[1000.0, 1000.0]);
        assert_eq!(probabilities, [0.5, 0.5]);
    }
}
