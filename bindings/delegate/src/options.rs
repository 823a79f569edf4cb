//! What the user wants, as pairs of texts.

use std::path::PathBuf;

use ottava::Isa;

/// How many threads a part runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// As many as the host would take.
    Host,
    /// One for each CPU.
    Cpus,
    Count(usize),
}

impl Threads {
    /// A number of threads for a plan; `None` is one for each CPU.
    pub(crate) fn count(self, host: Option<usize>) -> Option<usize> {
        match self {
            Self::Host => host,
            Self::Cpus => None,
            Self::Count(count) => Some(count),
        }
    }
}

/// The options of a delegate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) threads: Threads,
    /// `None` takes the best of the CPU.
    pub(crate) isa: Option<Isa>,
    /// Whether operators on float32 are taken.
    pub(crate) allow_fp32: bool,
    /// Parts of a graph with fewer multiplications are left to the host, unless they are all of it.
    pub(crate) min_macs: u64,
    /// Whether standard error tells what was taken.
    pub(crate) verbose: bool,
    /// A file for the time of each layer.
    pub(crate) report: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: Threads::Host, isa: None, allow_fp32: true, min_macs: 1_000_000, verbose: false, report: None }
    }
}

impl Options {
    /// Takes pairs of key and value.
    ///
    /// # Errors
    /// An unknown key, or a value that the key cannot have.
    pub(crate) fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut options = Self::default();
        for (key, value) in pairs {
            let expects = |what: &str| format!("option '{key}' is '{value}', {what} expected");
            match key {
                "num_threads" => options.threads = threads(value).ok_or_else(|| expects("a number above 0 or -1"))?,
                "isa" => {
                    let isa = value.parse::<Isa>().and_then(Isa::require);
                    options.isa = Some(isa.map_err(|error| format!("option 'isa': {error}"))?);
                }
                "allow_fp32" => options.allow_fp32 = flag(value).ok_or_else(|| expects("true or false"))?,
                "min_macs" => options.min_macs = value.parse().map_err(|_| expects("a number"))?,
                "verbose" => options.verbose = flag(value).ok_or_else(|| expects("true or false"))?,
                "report" if value.is_empty() => return Err(expects("a path")),
                "report" => options.report = Some(PathBuf::from(value)),
                _ => {
                    return Err(format!(
                        "there is no option '{key}', but num_threads, isa, allow_fp32, min_macs, verbose and report"
                    ));
                }
            }
        }
        Ok(options)
    }
}

fn threads(value: &str) -> Option<Threads> {
    match value.parse::<i64>().ok()? {
        -1 => Some(Threads::Cpus),
        count => usize::try_from(count).ok().filter(|&count| count > 0).map(Threads::Count),
    }
}

/// A truth in C's spelling or Python's.
fn flag(value: &str) -> Option<bool> {
    match value {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_taken() {
        let pairs = [
            ("num_threads", "2"),
            ("isa", "scalar"),
            ("allow_fp32", "False"),
            ("min_macs", "0"),
            ("verbose", "1"),
            ("report", "layers.json"),
        ];
        let wanted = Options {
            threads: Threads::Count(2),
            isa: Some(Isa::Scalar),
            allow_fp32: false,
            min_macs: 0,
            verbose: true,
            report: Some("layers.json".into()),
        };
        assert_eq!(Options::parse(pairs), Ok(wanted));
        assert_eq!(Options::parse([]), Ok(Options::default()));
        assert_eq!(Options::parse([("num_threads", "-1")]).map(|options| options.threads), Ok(Threads::Cpus));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |key, value| Options::parse([(key, value)]).expect_err(value);
        for (key, value) in [("num_threads", "0"), ("num_threads", "-2"), ("num_threads", "two"), ("min_macs", "-1")] {
            assert!(error(key, value).contains(&format!("option '{key}' is '{value}'")));
        }
        for (key, value) in [("verbose", "yes"), ("allow_fp32", ""), ("report", "")] {
            assert!(error(key, value).contains(&format!("option '{key}' is '{value}'")));
        }
        assert!(error("isa", "mmx").contains("option 'isa'"));
        assert!(error("threads", "2").contains("there is no option 'threads'"));
    }

    #[test]
    fn threads_are_the_hosts_unless_told() {
        assert_eq!(Threads::Host.count(Some(3)), Some(3));
        assert_eq!(Threads::Host.count(None), None);
        assert_eq!(Threads::Cpus.count(Some(3)), None);
        assert_eq!(Threads::Count(2).count(Some(3)), Some(2));
    }
}
