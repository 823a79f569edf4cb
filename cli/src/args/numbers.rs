//! Numbers on the command line, within their ranges.

pub(super) fn threads(text: &str) -> Result<usize, String> {
    within(text, 1..=1024)
}

pub(super) fn runs(text: &str) -> Result<usize, String> {
    within(text, 1..=10_000_000)
}

pub(super) fn batch(text: &str) -> Result<usize, String> {
    within(text, 1..=65_536)
}

fn within(text: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let value = text.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| format!("a whole number from {} to {} is needed", range.start(), range.end()))
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=86_400.0).contains(value));
    value.ok_or_else(|| "a number of seconds from 0 to 86400 is needed".to_owned())
}

/// With its sign, because 0.05 could be meant either way.
pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let value = text.strip_suffix('%').and_then(|number| number.trim_end().parse().ok());
    let value = value.filter(|value| (0.0..=1e6).contains(value));
    value.ok_or_else(|| "a percentage with its sign is needed, such as 5%".to_owned())
}

pub(super) fn scale(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|value: &f32| value.is_finite() && *value != 0.0);
    value.ok_or_else(|| "a number other than 0 is needed".to_owned())
}
