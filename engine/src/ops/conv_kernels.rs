//! Convolutions of 8-bit activations as kernels: which way, and what is worth telling about it.

use ottava_kernels::Layer;
use ottava_kernels::gemm::winograd::{self, Offer, Refusal};
use ottava_kernels::gemm::{self, ConvSpec};

use crate::error::Result;
use crate::lowering::Lowering;

/// A convolution the faster way, and what is worth telling about it.
pub(crate) fn prepare(lowering: &Lowering<'_>, spec: &ConvSpec<'_>) -> Result<(Box<dyn Layer>, Option<String>)> {
    let (isa, when) = (lowering.isa, lowering.winograd);
    let refusal = match lowering.pack(|packing| winograd::prepare_packed((isa, when), spec, packing))? {
        Ok(Offer { layer, gain }) => {
            return Ok((Box::new(layer), Some(format!("Winograd, estimated to be {gain:.2} times as fast"))));
        }
        Err(Refusal::Window | Refusal::Unwanted) => None,
        Err(refusal) => Some(format!("no Winograd: {refusal}")),
    };
    let conv = lowering.pack(|packing| gemm::prepare_packed(lowering.isa, spec, packing))?;
    let note = conv_note(&conv.statistics(), refusal);
    Ok((Box::new(conv), note))
}

/// What is worth telling about a packed convolution.
fn conv_note(statistics: &gemm::ConvStatistics, refusal: Option<String>) -> Option<String> {
    let mut notes = Vec::from_iter(refusal);
    if statistics.border_classes > 1 {
        notes.push(format!("{} border classes", statistics.border_classes));
    }
    if let Some(widening) = statistics.widening {
        let share = |count: usize| 100.0 * count as f64 / widening.lines.max(1) as f64;
        let groups: Vec<String> = widening.grouped.iter().map(|&lines| format!("{:.0}", share(lines))).collect();
        notes.push(format!(
            "weight lines widened alone and in groups of 2 to {}: {} %, {:.1} % repair others",
            groups.len(),
            groups.join(" + "),
            share(widening.repairs)
        ));
    }
    if statistics.corrects_row_sums {
        notes.push("sums of activations for weight zero points".to_owned());
    }
    if statistics.outliers > 0 {
        notes.push(format!("weights beyond eight bits: {}", statistics.outliers));
    }
    (!notes.is_empty()).then(|| notes.join(", "))
}
