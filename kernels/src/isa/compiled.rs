//! Without the standard library nothing asks the CPU: it has what the build is for.

/// Whether the build is for CPUs with a feature.
macro_rules! has {
    ($feature:tt) => {
        cfg!(target_feature = $feature)
    };
}
pub(super) use has;
