//! A growing network whose every tensor is known for some samples.

use std::sync::OnceLock;

use ottava::schema;
use ottava::{Backend, DType, Model, Plan, PlanOptions, Session, SupportedOperator};

use super::operands::{Draft, Operand, Out, Scale, Value, ValueId, quantization_table, tensor_table};
use crate::file::{self, Codes, Tables};
use crate::rng::Rng;

/// Tensors are kept below this many elements, so that a reference run stays quick.
const LARGEST: usize = 6_000;
/// How many inputs each network is tried on while it grows.
const SAMPLES: usize = 2;
/// Scales that are tried for an output.
const TRIALS: usize = 7;

/// An operator of the network: a draft whose outputs are settled.
struct Step {
    draft: Draft,
    outputs: Vec<ValueId>,
}

/// A network that grows operator by operator.
pub(super) struct Mixer {
    name: String,
    pub(super) rng: Rng,
    values: Vec<Value>,
    steps: Vec<Step>,
    inputs: Vec<ValueId>,
}

impl Mixer {
    pub(super) fn new(name: String, rng: Rng) -> Self {
        Self { name, rng, values: Vec::new(), steps: Vec::new(), inputs: Vec::new() }
    }

    pub(super) fn operator_count(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn value(&self, id: ValueId) -> &Value {
        &self.values[id]
    }

    /// One to three inputs of different types.
    pub(super) fn add_inputs(&mut self) {
        for _ in 0..self.rng.between(1, 3) {
            let dtype = self.rng.pick(&[DType::I8, DType::I8, DType::U8, DType::U8, DType::I16, DType::F32]);
            let side = self.rng.between(1, 13);
            let shape = [self.rng.pick(&[1, 1, 1, 2]), side, self.rng.between(1, 13), self.rng.between(1, 12)];
            let scale = (dtype != DType::F32).then(|| (self.scale(), self.zero_point(dtype)));
            let bytes = shape.iter().product::<usize>() * dtype.size_bytes();
            let samples = (0..SAMPLES).map(|_| self.sample(dtype, bytes)).collect();
            self.inputs.push(self.values.len());
            self.values.push(Value { shape: shape.to_vec(), dtype, scale, samples });
        }
    }

    /// Random elements: any byte for integers, moderate fractions for floats.
    fn sample(&mut self, dtype: DType, bytes: usize) -> Vec<u8> {
        let mut byte = || (self.rng.next_u64() >> 56) as u8;
        match dtype {
            DType::F32 => (0..bytes / 4).flat_map(|_| ((f32::from(byte()) - 128.0) / 128.0).to_le_bytes()).collect(),
            _ => (0..bytes).map(|_| byte()).collect(),
        }
    }

    /// A log-uniform scale.
    pub(super) fn scale(&mut self) -> f32 {
        let scale = libm::exp(f64::from(self.rng.uniform_in(-6.0, -1.5))) as f32;
        if self.rng.chance(15) { 2.0_f32.powi(self.rng.between(0, 7) as i32 - 8) } else { scale }
    }

    /// A zero point at either end of the type or inside; 0 for `int16`.
    pub(super) fn zero_point(&mut self, dtype: DType) -> i32 {
        let (min, max) = match dtype {
            DType::I8 => (-128, 127),
            DType::U8 => (0, 255),
            _ => return 0,
        };
        match self.rng.below(6) {
            0 => min,
            1 => max,
            _ => self.rng.between(0, 255) as i32 + min,
        }
    }

    /// One of the values that suit, the latest ones more often.
    pub(super) fn pick(&mut self, suits: impl Fn(&Value) -> bool) -> Option<ValueId> {
        let fitting: Vec<ValueId> = (0..self.values.len()).filter(|&id| suits(&self.values[id])).collect();
        let last = fitting.len().checked_sub(1)?;
        let position =
            if self.rng.chance(60) { last.saturating_sub(self.rng.below(3)) } else { self.rng.below(last + 1) };
        Some(fitting[position])
    }

    /// One of the values of these types.
    pub(super) fn pick_type(&mut self, types: &[DType]) -> Option<ValueId> {
        self.pick(|value| types.contains(&value.dtype))
    }

    /// One of the images of these types.
    pub(super) fn pick_image(&mut self, types: &[DType]) -> Option<ValueId> {
        self.pick(|value| types.contains(&value.dtype) && value.rank() == 4)
    }

    /// An output with the type, scale and zero point of a value.
    pub(super) fn like(&self, id: ValueId) -> Out {
        Out::Fixed(self.values[id].dtype, self.values[id].scale)
    }

    /// An output of the value's type with a scale of its own, if the type has one.
    pub(super) fn free(&self, id: ValueId) -> Out {
        match self.values[id].scale {
            Some(_) => Out::Free(self.values[id].dtype),
            None => Out::Fixed(self.values[id].dtype, None),
        }
    }

    /// Adds an operator, or nothing if the engine refuses it or its results are too large.
    pub(super) fn apply(&mut self, draft: Draft) -> Option<Vec<ValueId>> {
        let factor = self.rng.uniform_in(0.4, 3.0);
        let mut scale = factor * self.largest_scale(&draft);
        let zero_points: Vec<i32> = draft.outputs.iter().map(|out| self.drawn_zero_point(*out)).collect();
        let mut best: Option<(usize, Vec<Value>)> = None;
        for _ in 0..TRIALS {
            let scales: Vec<Option<Scale>> = draft
                .outputs
                .iter()
                .zip(&zero_points)
                .map(|(out, &zero_point)| match *out {
                    Out::Fixed(_, fixed) => fixed,
                    Out::Free(_) => Some((scale, zero_point)),
                })
                .collect();
            let Some(values) = self.evaluate(&draft, &scales) else { break };
            let free = draft.outputs.iter().position(|out| matches!(out, Out::Free(_)));
            let Some(free) = free else {
                best = Some((0, values));
                break;
            };
            let spread = Spread::of(&values[free]);
            if best.as_ref().is_none_or(|(distinct, _)| spread.distinct > *distinct) {
                best = Some((spread.distinct, values));
            }
            match spread {
                Spread { saturated, .. } if saturated > 0.4 => scale *= 5.0,
                Spread { distinct, elements, .. } if distinct < 24.min(elements) => scale /= 5.0,
                _ => break,
            }
        }
        let (_, values) = best?;
        let outputs: Vec<ValueId> = (self.values.len()..).take(values.len()).collect();
        self.values.extend(values);
        self.steps.push(Step { draft, outputs: outputs.clone() });
        Some(outputs)
    }

    /// As [`Mixer::apply`], but the network gets the operator with other operands that have the same values.
    pub(super) fn apply_as(&mut self, draft: Draft, operands: Vec<Operand>) -> Option<()> {
        self.apply(draft)?;
        self.steps.last_mut()?.draft.inputs = operands;
        Some(())
    }

    fn drawn_zero_point(&mut self, out: Out) -> i32 {
        match out {
            Out::Free(dtype) => self.zero_point(dtype),
            Out::Fixed(..) => 0,
        }
    }

    /// The coarsest scale of the operands, as a first guess for the result.
    fn largest_scale(&self, draft: &Draft) -> f32 {
        let scales = draft.inputs.iter().filter_map(|operand| match operand {
            Operand::Value(id) => self.values[*id].scale.map(|(scale, _)| scale),
            _ => None,
        });
        scales.fold(None, |largest: Option<f32>, scale| Some(largest.map_or(scale, |it| it.max(scale)))).unwrap_or(0.02)
    }

    /// What the reference makes of the samples.
    fn evaluate(&self, draft: &Draft, scales: &[Option<Scale>]) -> Option<Vec<Value>> {
        let model = Model::from_bytes(self.single_file(draft, scales), "one operator").ok()?;
        let too_large = |id: &usize| model.graph().tensors[*id].element_count() > LARGEST;
        if model.graph().outputs.iter().any(too_large) {
            return None;
        }
        let options = PlanOptions { backend: Backend::Reference, threads: Some(1), ..PlanOptions::default() };
        let mut session = Session::new(&Plan::new(&model, &options).ok()?).ok()?;
        let mut results: Vec<Value> = session
            .outputs()
            .iter()
            .zip(scales)
            .map(|(info, &scale)| Value { shape: info.shape.clone(), dtype: info.dtype, scale, samples: Vec::new() })
            .collect();
        let mut fed: Vec<ValueId> = Vec::new();
        for operand in &draft.inputs {
            if let Operand::Value(id) = operand
                && !fed.contains(id)
            {
                fed.push(*id);
            }
        }
        for sample in 0..SAMPLES {
            for (index, &id) in fed.iter().enumerate() {
                session.input_mut(index).ok()?.copy_from_slice(&self.values[id].samples[sample]);
            }
            session.run().ok()?;
            for (index, value) in results.iter_mut().enumerate() {
                value.samples.push(session.output(index).ok()?.to_vec());
            }
        }
        // A sensible network has neither infinities nor NaN.
        results.iter().all(is_finite).then_some(results)
    }

    /// A model of one operator whose output shapes are open.
    fn single_file(&self, draft: &Draft, scales: &[Option<Scale>]) -> Vec<u8> {
        let mut tables = TableWriter::new(&self.name);
        let mut known = vec![None; self.values.len()];
        for operand in &draft.inputs {
            if let Operand::Value(id) = operand
                && known[*id].is_none()
            {
                let index = tables.activation(&self.values[*id]);
                known[*id] = Some(index);
                tables.tables.inputs.push(index);
            }
        }
        let outputs: Vec<i32> =
            draft.outputs.iter().zip(scales).map(|(out, scale)| tables.open_output(*out, *scale)).collect();
        tables.tables.outputs.clone_from(&outputs);
        tables.operator(draft, &known, outputs);
        tables.finish()
    }

    /// The whole network; tensors that nothing reads are its outputs.
    pub(super) fn into_file(self) -> Vec<u8> {
        let mut tables = TableWriter::new(&self.name);
        let known: Vec<Option<i32>> = self.values.iter().map(|value| Some(tables.activation(value))).collect();
        let index = |&id: &ValueId| known[id].unwrap_or(-1);
        let reads = |id: ValueId| {
            let mut operands = self.steps.iter().flat_map(|step| &step.draft.inputs);
            operands.any(|operand| matches!(operand, Operand::Value(read) if *read == id))
        };
        let produced = self.steps.iter().flat_map(|step| &step.outputs);
        tables.tables.outputs = produced.filter(|&&id| !reads(id)).map(index).collect();
        tables.tables.inputs = self.inputs.iter().map(index).collect();
        for step in &self.steps {
            tables.operator(&step.draft, &known, step.outputs.iter().map(index).collect());
        }
        tables.finish()
    }
}

/// How the elements of a quantized output are spread.
struct Spread {
    distinct: usize,
    /// Share at the two limits of the type.
    saturated: f64,
    elements: usize,
}

impl Spread {
    fn of(value: &Value) -> Self {
        let mut elements: Vec<i32> = match value.dtype {
            DType::I16 => {
                let chunks = value.samples.iter().flat_map(|bytes| bytes.as_chunks().0);
                chunks.map(|bytes| i32::from(i16::from_le_bytes(*bytes))).collect()
            }
            DType::I8 => value.samples.iter().flatten().map(|&byte| i32::from(byte as i8)).collect(),
            _ => value.samples.iter().flatten().map(|&byte| i32::from(byte)).collect(),
        };
        let (min, max) = value.dtype.quantized_range().unwrap_or_default();
        let count = elements.len();
        let at_limits = elements.iter().filter(|&&element| element == min || element == max).count();
        elements.sort_unstable();
        elements.dedup();
        Self { distinct: elements.len(), saturated: at_limits as f64 / count.max(1) as f64, elements: count }
    }
}

/// The code of an operator; one that does not exist when the engine does not know it.
fn code_of(name: &str) -> i32 {
    static OPERATORS: OnceLock<Vec<SupportedOperator>> = OnceLock::new();
    let operators = OPERATORS.get_or_init(ottava::supported_operators);
    operators.iter().find(|operator| operator.name == name).map_or(i32::MAX, |operator| operator.code)
}

/// The oldest version of an operator that the oracle has.
fn version_of(name: &str) -> i32 {
    if name == "BROADCAST_TO" { 2 } else { 1 }
}

fn is_finite(value: &Value) -> bool {
    let finite = |bytes: &Vec<u8>| bytes.as_chunks().0.iter().all(|bytes| f32::from_le_bytes(*bytes).is_finite());
    value.dtype != DType::F32 || value.samples.iter().all(finite)
}

/// Collects the tables of a file.
struct TableWriter<'a> {
    tables: Tables<'a>,
    codes: Codes,
}

impl<'a> TableWriter<'a> {
    fn new(name: &'a str) -> Self {
        let (tensors, constants, operators) = (Vec::new(), Vec::new(), Vec::new());
        let (codes, inputs, outputs) = (Vec::new(), Vec::new(), Vec::new());
        Self { tables: Tables { name, tensors, constants, codes, operators, inputs, outputs }, codes: Codes::default() }
    }

    fn push(&mut self, tensor: schema::Tensor) -> i32 {
        self.tables.tensors.push(tensor);
        self.tables.tensors.len() as i32 - 1
    }

    fn activation(&mut self, value: &Value) -> i32 {
        let mut table = tensor_table(format!("t{}", self.tables.tensors.len()), value.dtype, Some(&value.shape), 0);
        table.quantization = value.scale.map(|(scale, zero_point)| quantization_table(&[scale], zero_point, 0));
        self.push(table)
    }

    fn open_output(&mut self, out: Out, scale: Option<Scale>) -> i32 {
        let (Out::Fixed(dtype, _) | Out::Free(dtype)) = out;
        let mut table = tensor_table("output".into(), dtype, None, 0);
        table.quantization = scale.map(|(scale, zero_point)| quantization_table(&[scale], zero_point, 0));
        self.push(table)
    }

    fn operator(&mut self, draft: &'a Draft, known: &[Option<i32>], outputs: Vec<i32>) {
        let mut inputs = Vec::new();
        for operand in &draft.inputs {
            inputs.push(match operand {
                Operand::Absent => -1,
                Operand::Value(id) => known[*id].unwrap_or(-1),
                Operand::Constant(constant) => {
                    self.tables.constants.push(&constant.data);
                    let buffer = self.tables.constants.len() as u32;
                    let name = format!("c{}", self.tables.tensors.len());
                    let mut table = tensor_table(name, constant.dtype, Some(&constant.shape), buffer);
                    table.quantization = constant
                        .quantization
                        .as_ref()
                        .map(|(scales, zero_point, dimension)| quantization_table(scales, *zero_point, *dimension));
                    self.push(table)
                }
            });
        }
        self.tables.operators.push(schema::Operator {
            opcode_index: self.codes.index_of(code_of(draft.name), version_of(draft.name)),
            inputs: Some(inputs),
            outputs: Some(outputs),
            builtin_options: draft.options.clone(),
            ..Default::default()
        });
    }

    fn finish(self) -> Vec<u8> {
        let Self { mut tables, codes } = self;
        tables.codes = codes.into_tables();
        file::write(&tables)
    }
}
