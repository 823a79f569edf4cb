//! Synthetic calibration images: smooth random fields in several octaves, as photographs have, and some noise.

use crate::rng::Rng;

/// Pixels 0..=255 of calibration image `index` for an input of `shape`: a field for `[.., height, width, channels]`,
/// noise for any other shape.
pub(crate) fn calibration(shape: &[usize], seed: u64, index: u64) -> Vec<u8> {
    let mut rng = Rng::stream(seed, 0x1_0000 + index);
    let &[batch, height, width, channels] = shape else {
        return (0..shape.iter().product()).map(|_| rng.below(256) as u8).collect();
    };
    // The first image has full contrast and the others any, so that images differ as photographs do.
    let (low, high) = if index == 0 { (0.0, 255.0) } else { (rng.uniform_in(0.0, 60.0), rng.uniform_in(160.0, 255.0)) };
    (0..batch).flat_map(|_| image(&mut rng, [height, width, channels], (low, high))).collect()
}

fn image(rng: &mut Rng, [height, width, channels]: [usize; 3], (darkest, lightest): (f32, f32)) -> Vec<u8> {
    let light = field(rng, (height, width), 2);
    let mut values = vec![0f32; height * width * channels];
    for channel in 0..channels {
        let tint = field(rng, (height, width), 8);
        for (pixel, (light, tint)) in values.chunks_exact_mut(channels).zip(light.iter().zip(&tint)) {
            pixel[channel] = 0.7 * light + 0.3 * tint + 0.02 * (rng.uniform() - 0.5);
        }
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let factor = (lightest - darkest) / (high - low).max(1e-6);
    values.iter().map(|v| ((v - low) * factor + darkest).round() as u8).collect()
}

/// Interpolated lattice noise, coarse octaves stronger than fine ones, down to cells of `finest` pixels.
fn field(rng: &mut Rng, (height, width): (usize, usize), finest: usize) -> Vec<f32> {
    let mut sum = vec![0f32; height * width];
    let mut cell = 64;
    let mut amplitude = 1.0;
    let decay = rng.uniform_in(0.5, 0.75);
    while cell >= finest {
        let columns = width / cell + 2;
        let lattice: Vec<f32> = (0..(height / cell + 2) * columns).map(|_| rng.uniform() - 0.5).collect();
        for y in 0..height {
            let (row, fy) = (y / cell * columns, (y % cell) as f32 / cell as f32);
            for x in 0..width {
                let (at, fx) = (row + x / cell, (x % cell) as f32 / cell as f32);
                let top = lattice[at] * (1.0 - fx) + lattice[at + 1] * fx;
                let bottom = lattice[at + columns] * (1.0 - fx) + lattice[at + columns + 1] * fx;
                sum[y * width + x] += amplitude * (top * (1.0 - fy) + bottom * fy);
            }
        }
        cell /= 2;
        amplitude *= decay;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_cover_the_range_and_differ() {
        let a = calibration(&[1, 40, 50, 3], 9, 0);
        let b = calibration(&[1, 40, 50, 3], 9, 1);
        assert_eq!(a.len(), 6000);
        assert_ne!(a, b);
        assert_eq!((a.iter().min(), a.iter().max()), (Some(&0), Some(&255)));
    }
}
