//! Where the time goes: each layer against its dot products at the measured peak, and what the difference is made of.

use std::collections::BTreeMap;
use std::fmt::Write;

use ottava::{Isa, LayerInfo};
use serde::Serialize;

use super::measure::Measured;
use super::{bandwidth, epilogue};
use crate::table::{self, Align::Left, Align::Right};

/// What a part of the time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    DotProducts,
    ConvolutionEpilogue,
    ConvolutionRest,
    DepthwiseRest,
    Pools,
    OtherLayers,
    IdleThreads,
    BetweenLayers,
    Medians,
}

impl Group {
    const ALL: [Self; 9] = [
        Self::DotProducts,
        Self::ConvolutionEpilogue,
        Self::ConvolutionRest,
        Self::DepthwiseRest,
        Self::Pools,
        Self::OtherLayers,
        Self::IdleThreads,
        Self::BetweenLayers,
        Self::Medians,
    ];

    /// Where a layer's time beyond its dot products, its epilogue and waiting belongs.
    fn of(info: &LayerInfo) -> Self {
        match info.op.as_str() {
            "DEPTHWISE_CONV_2D" => Self::DepthwiseRest,
            "AVERAGE_POOL_2D" | "MAX_POOL_2D" | "MEAN" => Self::Pools,
            _ if info.macs > 0 => Self::ConvolutionRest,
            _ => Self::OtherLayers,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::DotProducts => "dot products in range, at peak",
            Self::ConvolutionEpilogue => "convolutions: epilogue",
            Self::ConvolutionRest => "convolutions: the rest (borders, loads, tails)",
            Self::DepthwiseRest => "depthwise convolutions, beyond their products",
            Self::Pools => "pools and means",
            Self::OtherLayers => "other layers",
            Self::IdleThreads => "idle threads, in all layers",
            Self::BetweenLayers => "between the layers, inputs, outputs",
            Self::Medians => "[medians do not add up]",
        }
    }
}

/// The parts of a layer's time, on all threads.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Parts {
    index: usize,
    at_peak_us: f64,
    epilogue_us: f64,
    /// What threads waited in the layer, shared out evenly.
    idle_us: f64,
    rest_us: f64,
    /// Reading the packed weights once. Not a part: it goes on beside the others.
    weights_us: f64,
}

/// A group's sum.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sum {
    group: Group,
    us: f64,
    share: f64,
}

/// The whole gap.
#[derive(Clone, Debug, Serialize)]
pub struct Gaps {
    /// By instruction set: nanoseconds of one core that an output of a convolution costs beside its dot product.
    epilogue_ns_per_output: BTreeMap<String, f64>,
    /// How fast one core reads as many bytes as the packed weights of all layers take.
    weights_bytes_per_second: f64,
    layers: Vec<Parts>,
    groups: Vec<Sum>,
}

impl Gaps {
    /// Measures the epilogues and splits the times.
    pub fn of(measured: &Measured) -> Self {
        let mut costs: Vec<(Isa, f64)> = Vec::new();
        for isa in measured.layers.iter().filter(|layer| has_epilogue(&layer.info)).filter_map(|layer| layer.info.isa) {
            if costs.iter().all(|(known, _)| *known != isa) {
                costs.push((isa, epilogue::nanoseconds_per_output(isa)));
            }
        }
        Self::split(measured, &costs, bandwidth::read_bytes_per_second(measured.memory.packed_weight_bytes))
    }

    fn split(measured: &Measured, costs: &[(Isa, f64)], weights_bytes_per_second: f64) -> Self {
        let cost = |isa: Option<Isa>| costs.iter().find(|(known, _)| Some(*known) == isa).map_or(0.0, |cost| cost.1);
        let mut sums = Group::ALL.map(|group| Sum { group, us: 0.0, share: 0.0 });
        let mut add = |group: Group, us: f64| sums[group as usize].us += us;
        let mut layers = Vec::new();
        for layer in &measured.layers {
            let info = &layer.info;
            let at_peak_us = measured.at_peak_us(layer);
            let outputs = if has_epilogue(info) { info.output_shape.iter().product::<usize>() } else { 0 };
            let epilogue_us = outputs as f64 * cost(info.isa) * 1e-3 / measured.threads as f64;
            let idle_us = layer.idle_us();
            let rest_us = layer.median_us - at_peak_us - epilogue_us - idle_us;
            add(Group::DotProducts, at_peak_us);
            add(Group::ConvolutionEpilogue, epilogue_us);
            add(Group::IdleThreads, idle_us);
            add(Group::of(info), rest_us);
            let weights_us = info.packed_bytes as f64 / weights_bytes_per_second * 1e6;
            layers.push(Parts { index: info.index, at_peak_us, epilogue_us, idle_us, rest_us, weights_us });
        }
        add(Group::BetweenLayers, measured.between_layers_us);
        add(Group::Medians, measured.other_us - measured.between_layers_us);
        sums.iter_mut().for_each(|sum| sum.share = measured.share(sum.us));
        let epilogue_ns_per_output = costs.iter().map(|(isa, ns)| (isa.to_string(), *ns)).collect();
        Self { epilogue_ns_per_output, weights_bytes_per_second, layers, groups: sums.to_vec() }
    }

    /// The tables for people.
    pub fn text(&self, measured: &Measured) -> String {
        let mut columns =
            vec![("#", Right), ("layer", Left), ("isa", Left), ("us", Right), ("at peak", Right), ("epilogue", Right)];
        let several = measured.threads > 1;
        columns.extend(several.then_some(("idle", Right)));
        columns.extend(["rest", "(weights)", "gap %"].map(|name| (name, Right)));
        let number = |us: f64| if us == 0.0 { String::new() } else { format!("{us:.1}") };
        let rows = measured.layers.iter().zip(&self.layers).map(|(layer, parts)| {
            let info = &layer.info;
            let isa = info.isa.map_or(String::new(), |isa| isa.to_string());
            let gap = 100.0 * measured.share(parts.epilogue_us + parts.idle_us + parts.rest_us);
            let mut row = vec![info.index.to_string(), info.name.clone(), isa, number(layer.median_us)];
            row.extend([parts.at_peak_us, parts.epilogue_us].map(number));
            row.extend(several.then(|| number(parts.idle_us)));
            row.extend([parts.rest_us, parts.weights_us].map(number));
            row.push(format!("{gap:.2}"));
            row
        });
        let mut text = "Gaps: each layer's time beyond its dot products; % of the run\n".to_owned();
        text.push_str(&table::render(&columns, rows));
        for (isa, ns) in &self.epilogue_ns_per_output {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "epilogue: {ns:.4} ns for each output of a convolution on one {isa} core, measured");
        }
        let (bytes, rate) = (measured.memory.packed_weight_bytes, self.weights_bytes_per_second);
        let (us, bytes) = (bytes as f64 / rate * 1e6, table::bytes(bytes));
        let rate = rate / 1e9;
        let _ = writeln!(
            text,
            "(weights): beside the others, {us:.1} us to read {bytes} once at {rate:.1} GB/s, measured\n"
        );
        text.push_str(&self.groups(measured));
        text
    }

    fn groups(&self, measured: &Measured) -> String {
        let row = |name: &str, us: f64, share: f64| vec![name.to_owned(), format!("{us:.1}"), format!("{share:.2}")];
        // Nobody waits for a thread that is alone.
        let shown = self.groups.iter().filter(|sum| measured.threads > 1 || sum.group != Group::IdleThreads);
        let sums = shown.map(|sum| row(sum.group.text(), sum.us, 100.0 * sum.share));
        let total = row("[total]", measured.total_us(), 100.0);
        let columns = [("where the time goes", Left), ("us", Right), ("%", Right)];
        table::render(&columns, sums.chain([total]))
    }
}

/// Whether a layer's outputs go through the epilogue of a tile of integers.
fn has_epilogue(info: &LayerInfo) -> bool {
    info.isa.is_some() && !info.float32 && Group::of(info) == Group::ConvolutionRest
}
