//! Reads the golden files; their format is described in `tools/oracle/single_ops.py`.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::str::FromStr;

use ottava_ref::{Activation, ActivationRange, Padding, Quantized, Window, activation_range};

/// Fewest cases of one element type that a golden file may hold.
const FEWEST_CASES: usize = 20;

/// One recorded operator.
pub struct Case {
    fields: HashMap<String, String>,
}

impl Case {
    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    pub fn text(&self, key: &str) -> &str {
        self.fields.get(key).unwrap_or_else(|| panic!("the case has no field {key}"))
    }

    pub fn numbers<T: FromStr<Err: Debug>>(&self, key: &str) -> Vec<T> {
        self.text(key).split_whitespace().map(|word| word.parse().unwrap()).collect()
    }

    pub fn number<T: FromStr<Err: Debug>>(&self, key: &str) -> T {
        self.text(key).parse().unwrap()
    }

    pub fn array<const N: usize>(&self, key: &str) -> [usize; N] {
        self.numbers(key).try_into().unwrap()
    }

    /// f32 values, given as bits.
    pub fn scales(&self, key: &str) -> Vec<f32> {
        let bits = |word| f32::from_bits(u32::from_str_radix(word, 16).unwrap());
        self.text(key).split_whitespace().map(bits).collect()
    }

    pub fn scale(&self, key: &str) -> f32 {
        let [scale] = self.scales(key).try_into().unwrap();
        scale
    }

    pub fn bytes(&self, key: &str) -> Vec<u8> {
        let text = self.text(key);
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    pub fn elements<X: Element>(&self, key: &str) -> Vec<X> {
        self.bytes(key).chunks(size_of::<X>()).map(X::from_le).collect()
    }

    pub fn bias(&self) -> Option<Vec<i32>> {
        self.has("data_bias").then(|| self.elements("data_bias"))
    }

    pub fn activation<X: Quantized>(&self) -> ActivationRange {
        let activation = match self.text("activation") {
            "none" => Activation::None,
            "relu" => Activation::Relu,
            "relu6" => Activation::Relu6,
            "relu_n1_to_1" => Activation::ReluN1To1,
            other => panic!("activation {other}"),
        };
        activation_range::<X>(activation, self.scale("output_scale"), self.number("output_zero_point")).unwrap()
    }

    /// Leading padding of both axes; checks that the output extents come out as recorded.
    pub fn padding(&self, filter: [usize; 2], dilation: [usize; 2]) -> [usize; 2] {
        let padding = match self.text("padding") {
            "same" => Padding::Same,
            "valid" => Padding::Valid,
            other => panic!("padding {other}"),
        };
        let input = self.array::<4>("input_shape");
        let stride = self.array::<2>("stride");
        let extents = [0, 1].map(|i| {
            let window = Window { input: input[1 + i], filter: filter[i], stride: stride[i], dilation: dilation[i] };
            window.extent(padding).unwrap()
        });
        assert_eq!(extents.map(|extent| extent.output), self.array::<4>("output_shape")[1..3]);
        extents.map(|extent| extent.pad_before)
    }
}

/// What a golden file stores.
pub trait Element: Copy + Debug {
    fn from_le(bytes: &[u8]) -> Self;
    /// Equal as stored, which for floats means every bit.
    fn same(self, other: Self) -> bool;
}

macro_rules! element {
    ($($type:ty)*) => {$(
        impl Element for $type {
            fn from_le(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().unwrap())
            }
            fn same(self, other: Self) -> bool {
                self.to_le_bytes() == other.to_le_bytes()
            }
        }
    )*};
}
element!(i8 u8 i32 f32);

/// Runs every case of `operator` with the function of its element type, and fails with the list of
/// all cases that differ.
pub fn replay(operator: &str, int8: impl Fn(&Case) -> Result<(), String>, uint8: impl Fn(&Case) -> Result<(), String>) {
    let folder = std::env::var_os("OTTAVA_REF_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")), PathBuf::from);
    let path = folder.join(format!("{operator}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut counts = [0, 0];
    let mut failures = Vec::new();
    for (number, block) in text.split_terminator("\n\n").enumerate() {
        let fields = block.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        let case = Case { fields: fields.map(|(key, value)| (key.to_owned(), value.to_owned())).collect() };
        let result = match case.text("dtype") {
            "int8" => {
                counts[0] += 1;
                int8(&case)
            }
            "uint8" => {
                counts[1] += 1;
                uint8(&case)
            }
            other => panic!("dtype {other}"),
        };
        if let Err(message) = result {
            failures.push(format!("case {number} ({}): {message}", case.text("dtype")));
        }
    }
    assert!(counts.iter().all(|&count| count >= FEWEST_CASES), "{operator}: only {counts:?} cases");
    assert!(failures.is_empty(), "{operator}: {} cases differ\n{}", failures.len(), failures.join("\n"));
}

/// Compares with the recorded output, naming the first element that differs.
pub fn compare<X: Element>(case: &Case, output: &[X]) -> Result<(), String> {
    let expected: Vec<X> = case.elements("data_output");
    if expected.len() != output.len() {
        return Err(format!("{} outputs, recorded {}", output.len(), expected.len()));
    }
    let wrong = |(at, (got, want)): (usize, (&X, &X))| {
        (!got.same(*want)).then(|| format!("output {at} is {got:?}, recorded {want:?}"))
    };
    output.iter().zip(&expected).enumerate().find_map(wrong).map_or(Ok(()), Err)
}
