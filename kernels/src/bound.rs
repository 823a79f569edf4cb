//! Kernel tables: choosing the entry of an instruction set that this CPU has.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use crate::isa::{Isa, IsaError};
use crate::kernel_id::KernelId;

/// An entry of a kernel table.
pub(crate) trait Described: 'static {
    /// The instruction set that the entry's kernels need.
    fn isa(&self) -> Isa;

    /// The names of the entry's kernels.
    fn names(&self) -> Vec<Cow<'static, str>>;
}

/// An entry of one kernel.
pub(crate) struct Entry<F> {
    /// The instruction set that the kernel needs.
    pub(crate) isa: Isa,
    /// The kernel's name.
    pub(crate) name: &'static str,
    /// The kernel's entry point.
    pub(crate) run: F,
}

impl<F: 'static> Described for Entry<F> {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The entries of a kernel table, best first: those of x86, those of 64-bit ARM, and the portable one. Every entry may name
/// the instruction sets' types of [`crate::arch`].
macro_rules! table {
    (x86_64: $($x86:expr),* ; aarch64: $($arm:expr),* ; any: $any:expr $(,)?) => {
        {
            use crate::arch::*;
            &[
                $(#[cfg(target_arch = "x86_64")] &$x86,)*
                $(#[cfg(target_arch = "aarch64")] &$arm,)*
                &$any,
            ]
        }
    };
}
pub(crate) use table;

/// An entry whose instruction set this CPU is known to have.
pub(crate) struct Bound<D: 'static>(&'static D);

impl<D> Clone for Bound<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Bound<D> {}

impl<D: Described> Bound<D> {
    /// The entry of an instruction set, or the best entry that it includes.
    ///
    /// # Panics
    /// The CPU lacks it.
    pub(crate) fn new(kernels: &'static [&'static D], isa: Isa) -> Self {
        let found = isa.is_available().then(|| choose(kernels, |kernel| kernel.isa(), isa)).flatten();
        Self(found.unwrap_or_else(|| panic!("{}", IsaError::Unavailable(isa))))
    }

    pub(crate) fn descriptor(self) -> &'static D {
        self.0
    }

    /// A kernel of the entry, as the registry lists it.
    pub(crate) fn kernel(self, family: &'static str, name: &'static str) -> KernelId {
        KernelId::new(family, self.0.isa(), name)
    }
}

/// Of entries that are sorted best first, that of an instruction set, or the best that it includes.
pub(crate) fn choose<T: Copy>(entries: &[T], isa_of: impl Fn(T) -> Isa, isa: Isa) -> Option<T> {
    let mut usable = entries.iter().copied().filter(|&entry| isa.includes(isa_of(entry)));
    usable.clone().find(|&entry| isa_of(entry) == isa).or_else(|| usable.next())
}

/// The kernels of a family's table, as the registry lists them.
pub(crate) fn list<D: Described>(family: &'static str, table: &[&D]) -> Vec<KernelId> {
    let of_entry = |entry: &&D| {
        let isa = entry.isa();
        entry.names().into_iter().map(move |name| KernelId::new(family, isa, name))
    };
    table.iter().flat_map(of_entry).collect()
}
