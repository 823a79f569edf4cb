//! That pieces cover what they are cut from, and no more.

use super::*;
use crate::gemm::class::Segment;
use crate::requantize::Form;

/// 2^38 lines times rows: 0 where they are counted in 32 bits.
#[test]
fn work_beyond_32_bits_is_cut_as_any() {
    let group = PanelGroup { first: 0, panels: 1 << 6, group: 0, form: Form::Rounded, contiguous: false };
    let extent = Extent {
        batch: 1,
        row_bytes: 1,
        panel_bytes: 1,
        threads: 2,
        row_quantum: 1,
        few_passes: false,
        most_work: u64::MAX,
    };
    for (steps, rows) in [(1 << 16, 1 << 16), (1 << 6, 1 << 16)] {
        let area = Area { rows, groups: &[group], steps };
        let pieces = area.cut(&extent, area.work(0..1) / 64);
        assert_eq!(pieces.iter().map(|(rows, _)| rows.len()).sum::<usize>(), rows);
        assert_eq!(pieces[0].0, 0..rows / 4);
    }
}

/// Whatever the tasks are, short ones cover the same in the same order, and read the weights no more often.
#[test]
fn long_tasks_are_shortened_between_blocks() {
    const MOST: u64 = 1 << 15;
    let class = |down: Range<usize>, across| Class {
        first: [0; 2],
        segments: vec![Segment { offset: 0, bytes: 144, line: 0, lines: 36 }],
        order: 0,
        taps: [0..1, 0..1],
        down,
        across,
    };
    let group = |first| PanelGroup { first, panels: 1, group: 0, form: Form::Rounded, contiguous: false };
    let groups: Vec<PanelGroup> = (0..23).map(group).collect();
    for (rows, row_quantum) in [(1, 6), (17, 6), (72, 12), (500, 12), (5041, 8)] {
        let classes = [class(0..1, 0..rows), class(1..rows.div_ceil(7).max(2), 0..3)];
        for (threads, few_passes) in [(1, false), (1, true), (2, false), (3, true)] {
            let tasks = |most_work| {
                let extent =
                    Extent { batch: 1, row_bytes: 600, panel_bytes: 2304, threads, row_quantum, few_passes, most_work };
                (tasks(&classes, &groups, &extent), extent.blocks())
            };
            let (short, blocks) = tasks(MOST);
            let mut short = short.into_iter().peekable();
            for long in tasks(u64::MAX).0 {
                let (mut parts, mut end) = (Vec::new(), false);
                while !end {
                    let part = short.next().expect("all of the task");
                    end = part.rows.end == long.rows.end && part.groups.end == long.groups.end;
                    let [rows, groups] = [part.rows.len(), part.groups.len()].map(|len| len as u64);
                    let least = row_quantum.max(blocks.rows) as u64 * groups;
                    assert!(36 * rows * groups <= MOST.max(36 * least), "{part:?} of {long:?}");
                    parts.push(part);
                }
                let passes = |task: &Task| blocks.of(task.rows.start as usize..task.rows.end as usize).count();
                assert_eq!((parts[0].rows.start, parts[0].groups.start), (long.rows.start, long.groups.start));
                for pair in parts.windows(2) {
                    assert!(pair.iter().all(|part| part.class == long.class));
                    let by_rows = pair[0].rows.end == pair[1].rows.start && pair[0].groups == pair[1].groups;
                    let by_groups = pair[0].groups.end == pair[1].groups.start && pair[0].rows == pair[1].rows;
                    assert!(by_rows || by_groups, "{pair:?} of {long:?}");
                }
                let by_rows = parts.len() > 1 && parts[0].rows != long.rows;
                assert!(!by_rows || parts.iter().map(passes).sum::<usize>() == passes(&long), "{parts:?} of {long:?}");
            }
            assert_eq!(short.next(), None);
        }
    }
}

#[test]
fn shrinking_pieces_cover_the_range_and_shrink() {
    for len in 0..200 {
        for (threads, least, quantum) in [(2, 1, 1), (2, 12, 12), (3, 7, 6), (8, 32, 32), (64, 1, 12)] {
            let pieces = shrinking(len, threads, least, quantum);
            assert_eq!(pieces.iter().map(ExactSizeIterator::len).sum::<usize>(), len);
            assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            let front = &pieces[..pieces.len() / 2];
            assert!(front.windows(2).all(|pair| pair[0].len() >= pair[1].len()), "{pieces:?}");
        }
    }
}

#[test]
fn blocks_cover_the_rows_and_hold_no_more_than_they_may() {
    for len in 0..300 {
        for (rows, quantum) in [(8, 8), (24, 8), (72, 8), (12, 12), (72, 12), (7, 7), (64, 32)] {
            for even in [false, true] {
                let blocks: Vec<_> = Blocks { rows, quantum, even }.of(5..5 + len).collect();
                assert_eq!(blocks.len(), len.div_ceil(rows));
                assert_eq!(blocks.iter().map(ExactSizeIterator::len).sum::<usize>(), len);
                assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(blocks.iter().all(|block| !block.is_empty() && block.len() <= rows), "{blocks:?}");
                let tiles = blocks.iter().map(|block| block.len().div_ceil(quantum));
                assert_eq!(tiles.clone().sum::<usize>(), len.div_ceil(quantum));
                let (least, most) = (tiles.clone().min().unwrap_or(0), tiles.max().unwrap_or(0));
                assert!(!even || most - least <= 1, "{blocks:?}");
            }
        }
    }
}

#[test]
fn classes_take_turns_with_weights_that_do_not_stay_near() {
    let class = |down, across| Class {
        down,
        across,
        first: [0; 2],
        segments: vec![Segment { offset: 0, bytes: 2048, line: 0, lines: 512 }],
        order: 0,
        taps: [0..1, 0..1],
    };
    let spans = [0..1, 1..6, 6..7];
    let classes: Vec<Class> =
        spans.iter().flat_map(|down| spans.iter().map(|across| class(down.clone(), across.clone()))).collect();
    let group = |first| PanelGroup { first, panels: 1, group: 0, form: Form::Rounded, contiguous: false };
    let groups: Vec<PanelGroup> = (0..32).map(group).collect();
    for threads in 1..4 {
        let extent = Extent {
            batch: 1,
            row_bytes: 1536,
            panel_bytes: 73728,
            threads,
            row_quantum: 8,
            few_passes: true,
            most_work: u64::MAX,
        };
        let tasks = tasks(&classes, &groups, &extent);
        let turns: Vec<&[Task]> = tasks.chunk_by(|a, b| a.groups == b.groups).collect();
        assert!(turns.len() > 3 && turns.iter().all(|turn| turn.len() == classes.len()));
        assert!(turns.windows(2).all(|pair| pair[0][0].groups.end == pair[1][0].groups.start));
        assert_eq!(turns.iter().map(|turn| turn[0].groups.len()).sum::<usize>(), groups.len());
        for turn in turns {
            let rows = |(index, task): (usize, &Task)| {
                task.class as usize == index && task.rows == (0..classes[index].rows(1) as u32)
            };
            assert!(turn.iter().enumerate().all(rows));
        }
    }
}
