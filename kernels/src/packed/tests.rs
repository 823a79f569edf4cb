use super::*;
use crate::memory::Line;

const WORDS: PackedLayout = PackedLayout::new("test.words", 3);

fn stored(name: &str, version: u32, bytes: &[u8]) -> Packing {
    let bytes = PackedSlice::new(bytes.to_vec());
    Packing::stored(vec![StoredBuffer { name: name.to_owned(), version, bytes }])
}

#[test]
fn a_stored_buffer_is_what_was_handed_out() {
    let mut packing = Packing::fresh();
    let made = packing.buffer_of(&WORDS, 2, || vec![7u32, 9]).unwrap();
    let [buffer] = &packing.finish().unwrap()[..] else { panic!("one buffer") };
    assert_eq!((&*made, buffer.bytes.len(), buffer.layout), (&[7u32, 9][..], 8, WORDS));
    let mut packing = stored("test.words", 3, &buffer.bytes);
    let found = packing.buffer_of::<u32>(&WORDS, 2, || unreachable!()).unwrap();
    assert_eq!(*found, *made);
    packing.finish().unwrap();
}

#[test]
fn measured_buffers_are_as_long_as_packed_ones() {
    let mut packing = Packing::measuring();
    assert_eq!(packing.buffer_of(&WORDS, 3, || -> Vec<u32> { unreachable!() }).unwrap().len(), 3);
    assert_eq!(packing.buffer_in_place(&WORDS, 5, |_: &mut [u32]| unreachable!()).unwrap().len(), 5);
    assert_eq!(packing.buffer(&WORDS, || vec![7u32]).unwrap().len(), 1);
    assert_eq!(packing.finish().unwrap().len(), 3);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let take = |mut packing: Packing| packing.buffer_of::<u32>(&WORDS, 2, || unreachable!()).unwrap_err().to_string();
    assert!(take(stored("test.words", 4, &[0; 8])).contains("version 3"));
    assert!(take(stored("test.other", 3, &[0; 8])).contains("'test.other'"));
    assert!(take(stored("test.words", 3, &[0; 7])).contains("whole elements"));
    assert!(take(stored("test.words", 3, &[0; 12])).contains("3 elements, 2"));
    assert!(take(Packing::stored(Vec::new())).contains("missing"));
    assert!(stored("test.words", 3, &[0; 8]).finish().is_err());
}

#[test]
fn parts_stay_inside_and_are_copied_where_their_address_is_none_for_elements() {
    let owner: Arc<dyn StableBytes> = Arc::new(Owned(vec![Line::ZERO; 3]));
    let part = |range| PackedSlice::<Line>::part(&owner, range);
    assert_eq!(part(64..192).unwrap().len(), 2);
    assert_eq!(part(64..192).unwrap().as_ptr().addr(), owner.bytes()[64..].as_ptr().addr());
    let copied = part(1..65).unwrap();
    assert!(copied.len() == 1 && copied.as_ptr().addr().is_multiple_of(64));
    assert!(part(64..193).is_none() && part(0..65).is_none() && part(192..192).unwrap().is_empty());
}
