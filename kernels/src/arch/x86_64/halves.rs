//! Two registers side by side.

/// The same for both halves; a macro because a closure that is not inlined would be compiled without
/// the instruction set.
macro_rules! both {
    ($half:ident => $value:expr) => {
        [
            {
                let $half = 0;
                $value
            },
            {
                let $half = 1;
                $value
            },
        ]
    };
}
pub(crate) use both;
