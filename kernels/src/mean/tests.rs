//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::Quantized;
use ottava_ref::ops::mean::{MeanParams, divide_multiplier, mean};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::{
    Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, from_reference, stored, to_reference,
};
use crate::window::Image;

/// One mean with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    gaps: [usize; 2],
    signed: bool,
    /// Shift of the scales' quotient.
    shift: i32,
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 7, 7],
            channels: 24,
            gaps: [0; 2],
            signed: true,
            shift: 0,
            fill: Fill::Random,
            threads: 1,
            seed: 1,
        }
    }
}

impl Case {
    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let (low, high) = if self.signed { (-128, 127) } else { (0, 255) };
        let input = random.bytes(batch * height * width * self.channels, self.fill);
        let inner = [random.within(low, high), random.within(low, high)];
        let zeros = inner.map(|inner| random.pick(&[low, high, inner]));
        let multiplier = to_reference(random.multiplier(self.shift, self.shift));
        let shape = [batch, height, width, self.channels];
        let params = MeanParams {
            input_shape: &shape,
            reduced: &[false, true, true, false],
            input_zero_point: zeros[0],
            multiplier,
            output_zero_point: zeros[1],
        };
        fn reference<X: Quantized>(params: &MeanParams<'_>, input: &[X], len: usize) -> Vec<X> {
            let mut output = vec![X::default(); len];
            mean(params, input, &mut output);
            output
        }
        let expected = if self.signed {
            as_bytes(&reference(&params, as_signed(&input), batch * self.channels)).to_vec()
        } else {
            reference(&params, &input, batch * self.channels)
        };
        let divided = divide_multiplier(multiplier, (height * width) as u64);
        for_each_isa(|isa| {
            let (offset, mask) = (isa.storage().offset_from(self.signed), isa.storage().xor_mask(self.signed));
            let stride = self.channels + self.gaps[0];
            let (output_min, output_max) = isa.storage().range();
            let layer = prepare(
                isa,
                &MeanSpec {
                    input: Image { batch, height, width, channels: self.channels, pixel_stride: stride },
                    input_zero: zeros[0] + offset,
                    multiplier: from_reference(divided),
                    output_zero: zeros[1] + offset,
                    output_min,
                    output_max,
                    output_offset: offset,
                    output_stride: self.channels + self.gaps[1],
                    threads: self.threads,
                },
            );
            for poison in [0x00, 0xFF] {
                let bytes = stored(&input, self.channels, stride, mask, poison);
                let mut output = Guarded::new(batch, self.channels, self.channels + self.gaps[1]);
                run_all(&layer, &[&bytes], &mut [output.view()]);
                let what = || format!("{} {self:?} poison {poison}", layer.kernel());
                failures.compare(output.dense(mask), &expected, what);
            }
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([63, 64, 65, 160]) {
        for signed in [true, false] {
            for gaps in [[0, 0], [3, 5]] {
                let seed = channels as u64;
                Case { image: [2, 3, 3], channels, gaps, signed, seed, ..Case::default() }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn every_count_and_extreme_values_are_exact() {
    let mut failures = Failures::default();
    for count in (1..=70).chain([127, 128, 129, 196, 256, 1000, 4099]) {
        for (signed, fill) in [true, false].into_iter().flat_map(|signed| Fill::ALL.map(|fill| (signed, fill))) {
            for shift in [-12, -1, 0, 1, 6, 20] {
                let seed = count as u64;
                let case = Case { image: [1, 1, count], channels: 5, signed, shift, fill, seed, ..Case::default() };
                case.check(&mut failures);
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_means_are_exact(
        image in [1..4usize, 1..9, 1..9],
        channels in 1..150usize,
        gaps in [0..20usize, 0..20],
        signed in any::<bool>(),
        shift in -20..10i32,
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        Case { image, channels, gaps, signed, shift, threads, seed, ..Case::default() }.check(&mut failures);
        failures.finish();
    }
}
