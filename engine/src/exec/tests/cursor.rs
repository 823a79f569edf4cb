//! The cursor by itself.

use super::super::cursor::*;
use super::super::sync::AtomicU64;

#[test]
fn a_claim_names_the_layer_of_that_moment() {
    let cursor = Cursor::new(3);
    assert_eq!(cursor.layer(cursor.look().sequence), 3, "idle at first");
    let first = cursor.next_run();
    assert_eq!(cursor.layer(first), 0);
    cursor.publish(first);
    assert_eq!(cursor.claim(End::Front), Position { sequence: first, taken: [0, 0] });
    assert_eq!(cursor.claim(End::Front), Position { sequence: first, taken: [1, 0] });
    cursor.publish(first + 1);
    assert_eq!(cursor.claim(End::Back), Position { sequence: first + 1, taken: [0, 0] });
    assert_eq!(cursor.look(), Position { sequence: first + 1, taken: [0, 1] });
}

#[test]
fn both_ends_together_take_each_task_once() {
    for tasks in 0..12 {
        for ends in 0..1u32 << 12 {
            let cursor = Cursor::new(1);
            cursor.publish(cursor.next_run());
            let mut taken = vec![false; tasks];
            for claim in 0..12 {
                let end = if ends >> claim & 1 == 0 { End::Front } else { End::Back };
                match cursor.claim(end).task(end, tasks) {
                    Some(task) => assert!(!std::mem::replace(&mut taken[task], true), "{task} twice"),
                    None => assert!(claim >= tasks, "claim {claim} of {tasks} got nothing"),
                }
            }
            assert!(taken.iter().all(|&taken| taken), "{tasks} {ends:b}");
        }
    }
}

#[test]
fn numbers_start_over_before_they_overflow() {
    for distance in 0..10 {
        let mut cursor = Cursor::new(3);
        let last_idle = (u64::MAX >> TAKEN_BITS) / 4 * 4 - 1 - 4 * distance;
        cursor.word = AtomicU64::new(last_idle << TAKEN_BITS);
        let first = cursor.next_run();
        assert_eq!(cursor.layer(first), 0);
        cursor.publish(first + 3);
        assert_eq!(cursor.look(), Position { sequence: first + 3, taken: [0, 0] });
    }
}
