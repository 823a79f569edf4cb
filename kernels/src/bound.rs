//! Kernel tables: choosing the entry of an instruction set that this CPU has.

use crate::isa::{Isa, IsaError};

/// An entry of a kernel table.
pub(crate) trait Described: 'static {
    /// The instruction set that the entry's kernels need.
    fn isa(&self) -> Isa;
}

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
        let mut usable = kernels.iter().filter(|kernel| isa.includes(kernel.isa()) && isa.is_available());
        let found = usable.clone().find(|kernel| kernel.isa() == isa).or_else(|| usable.next());
        Self(found.unwrap_or_else(|| panic!("{}", IsaError::Unavailable(isa))))
    }

    pub(crate) fn descriptor(self) -> &'static D {
        self.0
    }
}
