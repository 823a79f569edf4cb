//! Prints what a float32 function gives for the inputs that are hard to round: those whose f64 value lies within some units
//! in its last place of the middle between two floats. `tools/check-functions.py` compares them with exact arithmetic.
//!
//! Arguments: the function's name, and how far apart the inputs are; 1 is all of them. With `these` instead of a number it
//! prints what the function gives for the inputs that it reads. A line is the input's bits and the output's, in hexadecimal.

#![forbid(unsafe_code)]

use ottava_ref::real::nearest::Function;

/// Units in the last place of an f64 that its error surely does not exceed.
const UNITS: u64 = 64;

/// Bits of an f64's fraction that an f32 in the normal range lacks.
const LOST: u32 = 29;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let which = arguments.next().unwrap_or_default();
    let Some(function) = Function::ALL.into_iter().find(|function| format!("{function:?}") == name) else {
        eprintln!("no function '{name}'; there are {:?}", Function::ALL);
        std::process::exit(2);
    };
    let show = |bits: u32| println!("{bits:08x} {:08x}", function.apply(f32::from_bits(bits)).to_bits());
    if which == "these" {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        lines.filter_map(|line| u32::from_str_radix(&line, 16).ok()).for_each(show);
        return;
    }
    let inputs = (0..=u32::MAX).step_by(which.parse().unwrap_or(1));
    inputs.filter(|&bits| is_near_tie(function.in_f64(f32::from_bits(bits)))).for_each(show);
}

/// Whether the value lies near the middle between two neighbouring floats.
fn is_near_tie(value: f64) -> bool {
    if !value.is_finite() || value == 0.0 {
        return false;
    }
    // Below the normal range floats are further apart in relation to the value.
    let exponent = ((value.to_bits() >> 52) & 0x7FF) as i32 - 1023;
    let lost = LOST + (-126 - exponent).max(0) as u32;
    // The leading one counts where the least float is the value's own size.
    let fraction = value.to_bits() & ((1 << 52) - 1) | 1 << 52;
    if lost > 53 {
        return lost == 54 && (1 << 53) - fraction <= UNITS;
    }
    let rest = fraction & ((1 << lost) - 1);
    rest.abs_diff(1 << (lost - 1)) <= UNITS
}
