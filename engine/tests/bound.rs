//! Inputs and outputs in the caller's memory: the same bytes, nothing beyond them, and what does not fit is refused.

use ottava::{Backend, Binding, Cancel, DType, ErrorKind, INPUT_PADDING, Isa, Model, Plan, PlanOptions, Session};
use ottava_models::{Form, Network, NetworkBuilder, Padding, Pool};

/// Bytes around an output that nobody may write.
const GUARD: usize = 96;
const GUARD_BYTE: u8 = 0xC7;

fn session(model: &Model, options: PlanOptions) -> Session {
    Session::new(&Plan::new(model, &options).expect("a plan")).expect("little memory")
}

fn model(file: Vec<u8>, name: &str) -> Model {
    Model::from_bytes(file, name).expect("a valid file")
}

/// Input bytes of a seed; floats are finite.
fn input(session: &Session, index: usize, seed: u64) -> Vec<u8> {
    let info = &session.inputs()[index];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index as u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    match info.dtype {
        DType::F32 => {
            let count = info.size_bytes() / 4;
            (0..count).flat_map(|_| ((f32::from(next()) - 128.0) / 50.0).to_le_bytes()).collect()
        }
        _ => (0..info.size_bytes()).map(|_| next()).collect(),
    }
}

/// What the session computes with memory of its own; `None` where the network fails with these values.
fn unbound(session: &mut Session, inputs: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    for (index, bytes) in inputs.iter().enumerate() {
        session.input_mut(index).expect("an input").copy_from_slice(bytes);
    }
    session.run().ok()?;
    Some((0..session.outputs().len()).map(|index| session.output(index).expect("an output").to_vec()).collect())
}

/// Bytes at an address that is `offset` more than a multiple of 64.
struct At {
    memory: Vec<u8>,
    first: usize,
    len: usize,
}

impl At {
    fn new(bytes: &[u8], offset: usize) -> Self {
        let mut memory = vec![GUARD_BYTE; bytes.len() + 2 * GUARD + 128];
        let first = GUARD + memory[GUARD..].as_ptr().align_offset(64) + offset;
        memory[first..first + bytes.len()].copy_from_slice(bytes);
        Self { memory, first, len: bytes.len() }
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.first..self.first + self.len]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.first..self.first + self.len]
    }

    /// Whether the bytes around are as they were.
    fn is_whole(&self) -> bool {
        let around = self.memory[..self.first].iter().chain(&self.memory[self.first + self.len..]);
        around.copied().all(|byte| byte == GUARD_BYTE)
    }
}

/// Runs with everything bound, at an offset from a whole line; `padded` inputs have poison behind them.
fn bound(session: &mut Session, inputs: &[Vec<u8>], offset: usize, padded: bool) -> Result<Vec<Vec<u8>>, String> {
    let padding = if padded { vec![0x80 | offset as u8; INPUT_PADDING] } else { Vec::new() };
    let given: Vec<At> = inputs.iter().map(|bytes| At::new(&[&bytes[..], &padding].concat(), offset)).collect();
    let sizes: Vec<usize> = session.outputs().iter().map(|info| info.size_bytes()).collect();
    let mut wanted: Vec<At> = sizes.iter().map(|&size| At::new(&vec![0x5A; size], offset)).collect();
    // The session's own memory is not what is used.
    for index in 0..inputs.len() {
        session.input_mut(index).expect("an input").fill(0x33);
    }
    let mut bindings: Vec<Binding<'_>> = given
        .iter()
        .enumerate()
        .map(|(index, at)| match padded {
            true => Binding::padded_input(index, at.bytes()).as_bytes(),
            false => Binding::input(index, at.bytes()).as_bytes(),
        })
        .collect();
    bindings.extend(wanted.iter_mut().enumerate().map(|(index, at)| Binding::output(index, at.bytes_mut()).as_bytes()));
    session.run_bound(&mut bindings).map_err(|error| error.to_string())?;
    if !wanted.iter().all(At::is_whole) {
        return Err("bytes around an output were written".to_owned());
    }
    let same = |(at, bytes): (&At, &Vec<u8>)| at.bytes()[..bytes.len()] == bytes[..];
    if !given.iter().zip(inputs).all(same) {
        return Err("an input was written".to_owned());
    }
    Ok(wanted.iter().map(|at| at.bytes().to_vec()).collect())
}

/// A network of one convolution, pools and a sum, whose input and output kernels can use where they are.
fn small(form: Form) -> Network {
    let mut builder = NetworkBuilder::new("small", form, 7);
    let input = builder.input(&[1, 17, 15, 3]);
    let pooled = builder.max_pool(input, &Pool::new([3, 3], [1, 1], Padding::Same));
    let again = builder.average_pool(pooled, &Pool::new([2, 2], [2, 2], Padding::Valid));
    builder.finish(&[again])
}

#[test]
fn bound_memory_gives_the_same_bytes_on_every_instruction_set() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for form in [Form::Int8, Form::Uint8] {
        files.push((format!("small {form:?}"), small(form).to_file()));
    }
    for name in ["tiny:0", "tiny:1", "random:2", "random:5"].map(str::to_owned) {
        files.push((name.clone(), ottava_models::file_by_name(&name).expect("a network of that name")));
    }
    for seed in 0..30 {
        files.push((format!("mixed {seed}"), ottava_models::mixed_network(seed)));
    }
    let (mut failures, mut in_place) = (Vec::new(), [0, 0]);
    for (name, file) in files {
        let model = model(file, &name);
        for isa in Isa::for_tests() {
            for threads in [1, 2] {
                let options = PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() };
                let mut session = session(&model, options);
                let count =
                    |list: usize, asked: &dyn Fn(usize) -> bool| (0..list).filter(|&index| asked(index)).count();
                in_place[0] +=
                    count(session.inputs().len(), &|index| session.binds_input_in_place(index).expect("there"));
                in_place[1] +=
                    count(session.outputs().len(), &|index| session.binds_output_in_place(index).expect("there"));
                let given: Vec<_> = (0..session.inputs().len()).map(|index| input(&session, index, 5)).collect();
                let Some(expected) = unbound(&mut session, &given) else { continue };
                for (offset, padded) in [(0, true), (0, false), (1, true), (3, false), (8, true), (4, true), (63, true)]
                {
                    let got = bound(&mut session, &given, offset, padded);
                    if got.as_ref() != Ok(&expected) {
                        let why = got.err().unwrap_or_else(|| "other bytes".to_owned());
                        failures
                            .push(format!("{name}, {isa}, {threads} threads, offset {offset}, padded {padded}: {why}"));
                    }
                }
                assert_eq!(unbound(&mut session, &given).as_ref(), Some(&expected), "{name}, {isa}: unbound again");
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{in_place:?} inputs and outputs in place");
    assert!(in_place[0] > 10 && in_place[1] > 10, "{in_place:?} inputs and outputs in place");
}

#[test]
fn what_kernels_store_as_the_file_does_is_used_where_it_is() {
    let (unsigned, signed) = (model(small(Form::Uint8).to_file(), "u8"), model(small(Form::Int8).to_file(), "s8"));
    for isa in Isa::for_tests() {
        let of = |model: &Model, more: PlanOptions| {
            let session = session(model, PlanOptions { isa: Some(isa), ..more });
            let input = session.binds_input_in_place(0).expect("an input");
            let output = session.binds_output_in_place(0).expect("an output");
            assert_eq!(input, output, "{isa}");
            input
        };
        let both = [of(&unsigned, PlanOptions::default()), of(&signed, PlanOptions::default())];
        assert!(both[0] != both[1], "{isa}: one of the types is stored as it is, {both:?}");
        let backend = Backend::Reference;
        assert!(!of(&unsigned, PlanOptions { backend, ..PlanOptions::default() }), "{isa}");
        assert!(!of(&unsigned, PlanOptions { keep_intermediates: true, ..PlanOptions::default() }), "{isa}");
    }
}

/// An output that another operator reads, and one that is listed twice.
#[test]
fn tensors_that_have_other_users_are_copied() {
    let mut builder = NetworkBuilder::new("shared", Form::Uint8, 1);
    let input_tensor = builder.input(&[1, 8, 8, 4]);
    let pool = Pool::new([2, 2], [1, 1], Padding::Same);
    let first = builder.max_pool(input_tensor, &pool);
    let second = builder.max_pool(first, &pool);
    let model = model(builder.finish(&[first, second, second]).to_file(), "shared");
    for backend in [Backend::Optimized, Backend::Reference] {
        let mut session = session(&model, PlanOptions { backend, ..PlanOptions::default() });
        let in_place = |index| session.binds_output_in_place(index).expect("an output");
        assert_eq!([0, 1, 2].map(in_place), [false; 3]);
        let given = [input(&session, 0, 3)];
        let expected = unbound(&mut session, &given).expect("it runs");
        assert_eq!(bound(&mut session, &given, 5, true).as_ref(), Ok(&expected), "{backend}");
        // One of the two that are the same tensor.
        let mut last = vec![0; expected[1].len()];
        session.input_mut(0).expect("an input").copy_from_slice(&given[0]);
        session.run_bound(&mut [Binding::output(1, &mut last)]).expect("it runs");
        assert_eq!((&last, session.output(2).expect("an output")), (&expected[1], &expected[2][..]), "{backend}");
        assert_eq!(session.output(0).expect("an output"), expected[0], "{backend}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let model = model(small(Form::Uint8).to_file(), "small");
    for backend in [Backend::Optimized, Backend::Reference] {
        let mut session = session(&model, PlanOptions { backend, ..PlanOptions::default() });
        let (size, out) = (session.inputs()[0].size_bytes(), session.outputs()[0].size_bytes());
        let (given, signed) = (vec![1_u8; size + INPUT_PADDING], vec![1_i8; size]);
        let mut wanted = vec![0_u8; out + 1];
        let mut refuse = |mut bindings: Vec<Binding<'_>>, why: &str| {
            let error = session.run_bound(&mut bindings).expect_err(why);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{backend}: {error}");
            assert!(error.to_string().contains(why), "{backend}: {error}");
        };
        refuse(vec![Binding::input(0, &given)], &format!("takes {size} bytes, got {}", size + INPUT_PADDING));
        refuse(vec![Binding::input(0, &given[..size - 1])], "bytes, got");
        refuse(vec![Binding::padded_input(0, &given[1..])], "bytes and 64 more, got");
        refuse(vec![Binding::padded_input(0, &[0_u8; 0])], "bytes and 64 more, got 0");
        refuse(vec![Binding::input(0, &signed)], "is uint8, not int8");
        refuse(vec![Binding::input(1, &given[..size])], "there is no input 1; the model has 1");
        refuse(vec![Binding::output(0, &mut wanted[..])], &format!("takes {out} bytes, got {}", out + 1));
        refuse(vec![Binding::output(0, &mut wanted[..out - 1])], "bytes, got");
        refuse(vec![Binding::output(7, &mut wanted[..out])], "there is no output 7; the model has 1");
        refuse(vec![Binding::output(0, bytemuck::cast_slice_mut::<u8, i8>(&mut wanted[..out]))], "is uint8, not int8");
        refuse(vec![Binding::input(0, &given[..size]), Binding::input(0, &given[..size])], "input 0 is bound twice");
        let mut other = vec![0_u8; out];
        refuse(vec![Binding::output(0, &mut wanted[..out]), Binding::output(0, &mut other)], "output 0 is bound twice");
        session.run_bound(&mut [Binding::input(0, &signed).as_bytes()]).expect("bytes are of any type");
    }
}

#[test]
fn bound_runs_can_be_ended_and_what_was_lent_is_not_used_again() {
    let model = model(small(Form::Uint8).to_file(), "small");
    let mut session = session(&model, PlanOptions::default());
    let given = [input(&session, 0, 9)];
    let expected = unbound(&mut session, &given).expect("it runs");
    let cancel = Cancel::new();
    cancel.cancel();
    {
        let padded = [&given[0][..], &[0; INPUT_PADDING]].concat();
        let mut wanted = vec![0; expected[0].len()];
        let mut bindings = [Binding::padded_input(0, &padded), Binding::output(0, &mut wanted)];
        let error = session.run_bound_with(&mut bindings, &cancel).expect_err("it was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        session.run_bound_with(&mut bindings, &Cancel::new()).expect("nobody cancels it");
        assert_eq!(wanted, expected[0]);
    }
    assert_eq!(unbound(&mut session, &given), Some(expected));
}

#[test]
fn a_session_that_is_reset_is_as_new() {
    for (backend, keep_intermediates) in
        [(Backend::Optimized, false), (Backend::Optimized, true), (Backend::Reference, true)]
    {
        let model = model(ottava_models::tiny(1), "tiny");
        let options = PlanOptions { backend, keep_intermediates, ..PlanOptions::default() };
        let (mut session, mut new) = (session(&model, options.clone()), session(&model, options));
        let given: Vec<_> = (0..session.inputs().len()).map(|index| input(&session, index, 11)).collect();
        let expected = unbound(&mut session, &given).expect("it runs");
        assert!(expected.iter().flatten().any(|&byte| byte != 0));
        session.reset();
        for index in 0..given.len() {
            assert!(session.input_mut(index).expect("an input").iter().all(|&byte| byte == 0), "{backend}");
        }
        assert!(session.output(0).expect("an output").iter().all(|&byte| byte == 0), "{backend}");
        for id in 0..model.graph().tensors.len() {
            assert_eq!(session.tensor(id), new.tensor(id), "{backend}: tensor {id}");
        }
        assert!(session.profile().total.is_zero());
        session.run().expect("it runs");
        new.run().expect("it runs");
        assert_eq!(session.output(0).expect("an output"), new.output(0).expect("an output"), "{backend}");
        assert_eq!(unbound(&mut session, &given), Some(expected), "{backend}");
    }
}
