//! How far the values of a network are from those of the same network in another precision.

use ottava::graph::{Graph, TensorId};
use ottava::{DType, Session};

use crate::classify::real;

/// Operators that change how values are stored, and that one form of a network has and the other has not.
const CONVERSIONS: [&str; 4] = ["QUANTIZE", "DEQUANTIZE", "CAST", "RESHAPE"];

/// A tensor that both networks have.
pub struct Pair {
    /// The operator that makes it, in the first network.
    pub operator: &'static str,
    /// Its index in the first network's file.
    pub file_operator: usize,
    /// In the first network and in the other.
    pub tensors: [TensorId; 2],
    pub noise: Noise,
}

/// Signal and quantization noise, summed over elements.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    signal: f64,
    noise: f64,
}

impl Noise {
    /// Adds values and what they are in another precision.
    pub fn add(&mut self, exact: &[f64], other: &[f64]) {
        for (x, y) in exact.iter().zip(other) {
            self.signal += x * x;
            self.noise += (x - y) * (x - y);
        }
    }

    /// The ratio in dB; infinite where nothing differs.
    pub fn decibels(self) -> f64 {
        if self.noise == 0.0 { f64::INFINITY } else { 10.0 * (self.signal / self.noise).log10() }
    }
}

/// The tensors to compare: what operators write that stand at the same place in both networks, or, where those are not
/// alike, that have the same name.
pub fn pairs(first: &Graph, other: &Graph) -> Vec<Pair> {
    let computing = |graph: &Graph| -> Vec<usize> {
        let is = |&node: &usize| !CONVERSIONS.contains(&graph.nodes[node].operator.name());
        (0..graph.nodes.len()).filter(is).collect()
    };
    let (ours, theirs) = (computing(first), computing(other));
    let alike = ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(&a, &b)| first.nodes[a].operator.name() == other.nodes[b].operator.name());
    let mut pairs = Vec::new();
    for (place, &node) in ours.iter().enumerate() {
        let node = &first.nodes[node];
        for (output, &tensor) in node.outputs.iter().enumerate() {
            let same = match alike {
                true => other.nodes[theirs[place]].outputs.get(output).copied(),
                false => other.tensors.iter().position(|candidate| candidate.name == first.tensors[tensor].name),
            };
            let Some(same) = same.filter(|&same| other.tensors[same].shape == first.tensors[tensor].shape) else {
                continue;
            };
            let (operator, file_operator) = (node.operator.name(), node.file_operator);
            pairs.push(Pair { operator, file_operator, tensors: [tensor, same], noise: Noise::default() });
        }
    }
    pairs
}

/// Adds what two sessions left of every pair. Tensors that a plan has no longer are passed over.
pub fn compare(pairs: &mut [Pair], graphs: [&Graph; 2], sessions: [&Session; 2]) {
    for pair in pairs {
        let side = |side: usize| values(graphs[side], sessions[side], pair.tensors[side]);
        if let (Some(exact), Some(other)) = (side(0), side(1)) {
            pair.noise.add(&exact, &other);
        }
    }
}

/// The real values of a tensor of a session that keeps it, where its type has them.
pub fn values(graph: &Graph, session: &Session, id: TensorId) -> Option<Vec<f64>> {
    let tensor = &graph.tensors[id];
    let has_real_values = tensor.dtype == DType::F32 || tensor.quantization.is_some();
    if !has_real_values { None } else { real(&session.tensor(id)?, tensor.dtype, tensor.quantization.as_ref()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_told_in_decibels() {
        let mut noise = Noise::default();
        assert_eq!(noise.decibels(), f64::INFINITY);
        noise.add(&[3.0, 4.0], &[3.0, 4.5]);
        assert!((noise.decibels() - 20.0).abs() < 1e-12, "{}", noise.decibels());
        noise.add(&[0.0], &[5.0]);
        assert!((noise.decibels() - 10.0 * (25.0f64 / 25.25).log10()).abs() < 1e-12);
    }
}
