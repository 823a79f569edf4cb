//! Every kernel of this build by family, instruction set and name.

use alloc::vec::Vec;

use crate::bound::choose;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::{
    add, arg_extreme, convert, copy, depthwise, depthwise_f32, depthwise16, dynamic_range, extremum, gemm, gemm_f32,
    gemm16, lut, lut16, map_f32, matmul, mean, movement, mul, pair_f32, pair_table, pair16, pool, pool_f32, pool16,
    resample, resize, softmax,
};

/// Every kernel, family by family, best first.
pub fn all() -> Vec<KernelId> {
    [
        gemm::kernels(),
        gemm::winograd::kernels(),
        depthwise::kernels(),
        pool::kernels(),
        add::kernels(),
        mul::kernels(),
        extremum::kernels(),
        mean::kernels(),
        convert::kernels(),
        dynamic_range::kernels(),
        lut::kernels(),
        resize::kernels(),
        resample::kernels(),
        arg_extreme::kernels(),
        matmul::kernels(),
        depthwise_f32::kernels(),
        pool_f32::kernels(),
        pair_f32::kernels(),
        map_f32::kernels(),
        gemm16::kernels(),
        gemm_f32::kernels(),
        depthwise16::kernels(),
        pool16::kernels(),
        pair16::kernels(),
        softmax::kernels(),
        lut16::kernels(),
        pair_table::kernels(),
        movement::kernels(),
        copy::kernels(),
    ]
    .concat()
}

/// Whether a kernel adds up fused products of float32: its rate is to be held against [`crate::peak::measure_float32`].
/// BATCH_MATMUL rounds product and sum one by one, so it is none.
pub fn multiplies_float32(kernel: &KernelId) -> bool {
    [gemm_f32::FAMILY, depthwise_f32::FAMILY].contains(&kernel.family)
}

/// The instruction set whose kernels a family uses where `isa` is chosen; `None` where every CPU runs the same code.
///
/// # Panics
/// There is no such family.
pub fn used_by(family: &str, isa: Isa) -> Option<Isa> {
    let kernels: Vec<KernelId> = all().into_iter().filter(|kernel| kernel.family == family).collect();
    assert!(!kernels.is_empty(), "no family is called {family}");
    let sets: Vec<Isa> = kernels.iter().filter_map(|kernel| kernel.isa).collect();
    choose(&sets, |set| set, isa)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let mut seen = BTreeSet::new();
        for kernel in all() {
            assert!(seen.insert(kernel.name.clone()), "{} is listed twice", kernel.name);
        }
    }

    #[test]
    fn a_kernel_of_an_instruction_set_has_it_in_its_name() {
        for kernel in all() {
            let named = kernel.name.split('_').find_map(|word| word.parse::<Isa>().ok());
            assert_eq!(named, kernel.isa, "{}", kernel.name);
        }
    }

    #[test]
    fn every_family_has_a_kernel_for_every_available_instruction_set() {
        let families: BTreeSet<_> = all().iter().map(|kernel| kernel.family).collect();
        assert!(families.len() >= 10);
        for family in families {
            for isa in Isa::for_tests() {
                let portable = all().iter().all(|kernel| kernel.family != family || kernel.isa.is_none());
                assert_eq!(used_by(family, isa).is_none(), portable, "{family} {isa}");
                assert!(used_by(family, isa).is_none_or(|used| isa.includes(used)), "{family} {isa}");
            }
        }
    }

    #[test]
    fn a_family_without_kernels_of_its_own_uses_what_is_included() {
        assert_eq!(used_by("softmax", Isa::Scalar), None, "the family is portable");
        for isa in Isa::for_tests() {
            let of_pools: BTreeSet<_> =
                all().iter().filter(|kernel| kernel.family == "pooling").map(|kernel| kernel.isa).collect();
            let used = used_by("pooling", isa);
            assert_eq!(used == Some(isa), of_pools.contains(&Some(isa)), "{isa} {used:?}");
        }
    }
}
