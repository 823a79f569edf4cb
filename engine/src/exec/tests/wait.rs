//! Waiting by itself.

use std::time::Duration;

use super::super::sync::{AtomicUsize, Ordering};
use super::super::wait::*;

/// Two threads take turns; each turn ends with the other asleep, or about to be.
#[test]
fn no_wake_up_is_lost() {
    let turns = if cfg!(miri) { 50 } else { 20_000 };
    let (turn, parking) = (AtomicUsize::new(0), Parking::default());
    std::thread::scope(|scope| {
        for player in 0..2 {
            let (turn, parking) = (&turn, &parking);
            scope.spawn(move || {
                for round in 0..turns {
                    parking.wait(Duration::ZERO, || turn.load(Ordering::Acquire) == 2 * round + player);
                    turn.store(2 * round + player + 1, Ordering::Release);
                    parking.wake_all();
                }
            });
        }
    });
    assert_eq!(turn.into_inner(), 2 * turns);
    assert_eq!(parking.sleepers.into_inner(), 0);
}
