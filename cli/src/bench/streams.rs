//! How many inferences a second several sessions get through together: streams, of some threads each.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use ottava::{Isa, Model, Plan, PlanOptions, Session};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;

use super::measure::{fill, options};
use crate::args::{BenchArgs, Streams};
use crate::errors::{CliError, Result};
use crate::host::{self, Host};
use crate::models;
use crate::stats::Summary;
use crate::table::{self, Align::Right, counted, plain};

/// What `schema` says; it changes when a key changes its meaning or goes away.
const SCHEMA: &str = "ottava-bench-streams-1";

/// So many streams of so many threads each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Choice {
    streams: usize,
    threads: usize,
}

/// What one choice gets through.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    choice: Choice,
    /// Of all streams together.
    images_per_second: f64,
    /// Each run of each stream.
    latency_ms: Summary,
}

/// All choices that were measured.
#[derive(Debug, Serialize)]
pub struct Throughput {
    schema: &'static str,
    model: String,
    file: String,
    isa: String,
    batch: usize,
    streams: Vec<Row>,
    most_images: Choice,
    least_latency: Choice,
    host: Host,
}

/// Measures every choice that was asked for.
///
/// # Errors
/// The model cannot be opened, planned or run, or threads cannot be started.
pub fn measure(args: &BenchArgs, asked: &Streams) -> Result<Throughput> {
    let path = models::locate(args.model())?;
    let model = Model::open(&path)?;
    let (mut rows, mut isa, mut batch) = (Vec::new(), Isa::Scalar, 1);
    for choice in choices(asked, args.engine.threads, host::cores()) {
        let plan = Plan::new(&model, &PlanOptions { threads: Some(choice.threads), ..options(args) })?;
        (isa, batch) = (plan.isa(), plan.batch());
        rows.push(row(&plan, choice, args)?);
    }
    let by = |value: fn(&Row) -> f64| {
        let least = rows.iter().min_by(|a, b| value(a).total_cmp(&value(b)));
        least.map(|row| row.choice).ok_or_else(|| CliError::request("no streams to measure"))
    };
    let (most_images, least_latency) = (by(|row| -row.images_per_second)?, by(|row| row.latency_ms.median)?);
    Ok(Throughput {
        schema: SCHEMA,
        model: args.model().to_string_lossy().into_owned(),
        file: path.to_string_lossy().into_owned(),
        isa: isa.to_string(),
        batch,
        streams: rows,
        most_images,
        least_latency,
        host: Host::detect(),
    })
}

/// What is measured: the numbers of streams asked for, each with the threads asked for or an even share of the cores; or all
/// powers of two that the cores have room for.
fn choices(asked: &Streams, threads: Option<usize>, cores: usize) -> Vec<Choice> {
    match asked {
        Streams::These(counts) => {
            let of = |&streams: &usize| Choice { streams, threads: threads.unwrap_or((cores / streams).max(1)) };
            counts.iter().map(of).collect()
        }
        Streams::Auto => {
            let all_threads = threads.map_or_else(|| up_to(cores), |threads| vec![threads]);
            let with = |threads: usize| {
                up_to((cores / threads).max(1)).into_iter().map(move |streams| Choice { streams, threads })
            };
            all_threads.into_iter().flat_map(with).collect()
        }
    }
}

/// The powers of two below a number, and the number.
fn up_to(most: usize) -> Vec<usize> {
    let powers = (0..usize::BITS).map(|exponent| 1 << exponent);
    powers.take_while(|&power| power < most).chain([most]).collect()
}

/// A session for each stream. They share the plan; helpers are each stream's own.
fn sessions(plan: &Plan, streams: usize) -> Result<Vec<Session>> {
    let pool = || -> Result<Arc<ThreadPool>> {
        let pool = ThreadPoolBuilder::new().num_threads(plan.threads() - 1).build();
        Ok(Arc::new(pool.map_err(|error| CliError::request(format!("cannot start threads: {error}")))?))
    };
    let session = |_| -> Result<Session> {
        // A plan has helpers for one run at a time.
        let alone = streams == 1 || plan.threads() == 1;
        let mut session = if alone { Session::new(plan)? } else { Session::with_pool(plan, pool()?)? };
        fill(&mut session)?;
        Ok(session)
    };
    (0..streams).map(session).collect()
}

fn row(plan: &Plan, choice: Choice, args: &BenchArgs) -> Result<Row> {
    let mut sessions = sessions(plan, choice.streams)?;
    let start = Barrier::new(choice.streams);
    let series: Vec<Result<Series>> = thread::scope(|scope| {
        let spawn = |session| {
            let start = &start;
            scope.spawn(move || Series::take(session, args, start))
        };
        let streams: Vec<_> = sessions.iter_mut().map(spawn).collect();
        let ended = |stream: thread::ScopedJoinHandle<'_, _>| {
            stream.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        streams.into_iter().map(ended).collect()
    });
    let series = series.into_iter().collect::<Result<Vec<_>>>()?;
    let per_second = |series: &Series| (series.totals_ms.len() * plan.batch()) as f64 / series.elapsed.as_secs_f64();
    let images_per_second = series.iter().map(per_second).sum();
    let totals_ms: Vec<f64> = series.into_iter().flat_map(|series| series.totals_ms).collect();
    Ok(Row { choice, images_per_second, latency_ms: Summary::of(&totals_ms) })
}

/// The timed runs of one stream.
struct Series {
    totals_ms: Vec<f64>,
    /// From the start of the first to the end of the last.
    elapsed: Duration,
}

impl Series {
    /// Warms up, waits for the other streams, and runs as often or as long as the arguments say.
    fn take(session: &mut Session, args: &BenchArgs, start: &Barrier) -> Result<Self> {
        // A stream that fails must not keep the others waiting.
        let warm = (0..=args.warmup).try_for_each(|_| session.run());
        start.wait();
        warm?;
        let (begin, mut totals_ms) = (Instant::now(), Vec::new());
        loop {
            session.run()?;
            totals_ms.push(session.profile().total.as_secs_f64() * 1e3);
            let elapsed = begin.elapsed();
            let done = match args.runs {
                Some(wanted) => totals_ms.len() >= wanted,
                None => elapsed.as_secs_f64() >= args.min_time,
            };
            if done {
                return Ok(Self { totals_ms, elapsed });
            }
        }
    }
}

impl Throughput {
    /// As a table, with what is best below it.
    pub fn text(&self) -> String {
        let columns = ["streams", "threads", "images/s", "median ms", "p95 ms", "runs"].map(|name| (name, Right));
        let rows = self.streams.iter().map(|row| {
            let Row { choice: Choice { streams, threads }, images_per_second, latency_ms } = row;
            vec![
                streams.to_string(),
                threads.to_string(),
                format!("{images_per_second:.2}"),
                format!("{:.3}", latency_ms.median),
                format!("{:.3}", latency_ms.p95),
                latency_ms.count.to_string(),
            ]
        });
        let best =
            |choice: Choice| format!("{} of {}", counted(choice.streams, "stream"), counted(choice.threads, "thread"));
        format!(
            "model   {}, {}, batch {}\nhost    {}\n\n{}\nmost images a second: {}; least latency: {}\n",
            plain(&self.model),
            self.isa,
            self.batch,
            self.host.line(),
            table::render(&columns, rows),
            best(self.most_images),
            best(self.least_latency),
        )
    }

    /// One JSON object and a line break.
    pub fn json(&self) -> String {
        table::json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(asked: &Streams, threads: Option<usize>, cores: usize) -> Vec<(usize, usize)> {
        choices(asked, threads, cores).into_iter().map(|choice| (choice.streams, choice.threads)).collect()
    }

    #[test]
    fn streams_share_the_cores() {
        let auto = &Streams::Auto;
        assert_eq!(pairs(auto, None, 1), [(1, 1)]);
        assert_eq!(pairs(auto, None, 2), [(1, 1), (2, 1), (1, 2)]);
        assert_eq!(
            pairs(auto, None, 6),
            [(1, 1), (2, 1), (4, 1), (6, 1), (1, 2), (2, 2), (3, 2), (1, 4), (1, 6)],
            "a number of cores that is no power of two"
        );
        assert_eq!(pairs(auto, Some(2), 4), [(1, 2), (2, 2)]);
        assert_eq!(pairs(auto, Some(8), 4), [(1, 8)]);
        assert_eq!(pairs(&Streams::These(vec![1, 3, 16]), None, 8), [(1, 8), (3, 2), (16, 1)]);
        assert_eq!(pairs(&Streams::These(vec![2]), Some(4), 2), [(2, 4)]);
    }
}
