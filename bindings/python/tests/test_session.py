"""`ottava.Model` and `ottava.Session`."""

import threading
import time

import numpy
import pytest

import ottava

SMALL = "mobilenet_v1_0.25_128_quant"


@pytest.fixture
def path(models):
    return models / f"{SMALL}.tflite"


@pytest.fixture
def session(path):
    return ottava.Session(path, threads=1)


def test_inputs_are_taken_in_every_form(session, recordings):
    value, wanted = recordings(SMALL)[0]
    name = session.inputs[0].name
    forms = [
        value,
        {name: value},
        {0: value},
        [value],
        value.tolist(),
        value.tobytes(),
        memoryview(value),
        numpy.asfortranarray(value),
        value[:, ::-1][:, ::-1],
        _Dlpack(value),
    ]
    for form in forms:
        assert session.run(form)[0].tobytes() == wanted.tobytes()


class _Dlpack:
    """What has nothing but DLPack."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_outputs_go_by_name_and_index_and_where_the_caller_wants_them(session, recordings):
    value, wanted = recordings(SMALL)[0]
    outputs = session.run(value)
    name = session.outputs[0].name
    assert list(outputs) == [name] and outputs[name] is outputs[0]
    assert numpy.from_dlpack(outputs[0]).tobytes() == wanted.tobytes()
    mine = numpy.zeros(wanted.shape, wanted.dtype)
    assert session.run(value, out={name: mine})[0] is mine
    assert mine.tobytes() == wanted.tobytes()
    with pytest.raises(KeyError):
        outputs["no such output"]


def test_what_does_not_fit_is_said(session, recordings):
    value, _ = recordings(SMALL)[0]
    for inputs, text in [
        (value.astype(numpy.float32), "is uint8 of shape [1, 128, 128, 3], and the array float32"),
        (value[:, :127], "of [1, 127, 128, 3]"),
        ({"other": value}, "is none of their names"),
        ({1: value}, "there is no tensor 1"),
        ({}, "inputs without an array"),
        ([value, value], "1 inputs, and 2 arrays"),
        ((value.astype(int) + 1000).tolist(), "values that uint8 does not have"),
        (b"abc", "of [3]"),
    ]:
        with pytest.raises(ottava.Error) as caught:
            session.run(inputs)
        assert text in str(caught.value)
        assert caught.value.kind == "InvalidArgument"
    read_only = numpy.zeros(session.outputs[0].shape, numpy.uint8)
    read_only.flags.writeable = False
    with pytest.raises(ottava.Error, match="read-only"):
        session.run(value, out={0: read_only})
    memory = numpy.zeros(value.size, numpy.uint8)
    of_input, of_output = memory.reshape(value.shape), memory[-session.outputs[0].shape[1] :].reshape(session.outputs[0].shape)
    with pytest.raises(ottava.Error, match="shares memory"):
        session.run(of_input, out={0: of_output})


def test_files_that_are_no_models_are_refused(tmp_path):
    (tmp_path / "text.tflite").write_text("this is no model")
    for path, kind in [(tmp_path / "text.tflite", "NotAModel"), (tmp_path / "absent.tflite", "Io"), (tmp_path, "Io")]:
        with pytest.raises(ottava.Error) as caught:
            ottava.Model(path)
        assert caught.value.kind == kind, caught.value
        assert path.name in str(caught.value)
    with pytest.raises(ottava.Error, match="call it"):
        ottava.Model.from_bytes(b"abc", "call it")


def test_options_are_checked(path):
    for options, text in [
        ({"isa": "mmx"}, "mmx"),
        ({"backend": "fast"}, '"optimized" or "reference"'),
        ({"winograd": "often"}, '"auto", "always" or "never"'),
        ({"threads": 0}, "threads"),
        ({"shapes": {"other": [1]}}, "is none of their names"),
    ]:
        with pytest.raises(ottava.Error, match=text):
            ottava.Session(path, **options)


def test_sessions_of_a_file_share_its_plan(path):
    first, second = ottava.Session(path, threads=1), ottava.Session(path, threads=1)
    assert first._plan is second._plan and first.model._native is second.model._native
    assert ottava.Session(path, threads=2)._plan is not first._plan


def test_a_batch_runs_each_picture(path, recordings):
    (first, wanted), (second, also), *_ = recordings(SMALL)
    session = ottava.Session(path, batch=2)
    got = session.run(numpy.concatenate([first, second]))[0]
    assert got.tobytes() == wanted.tobytes() + also.tobytes()


def test_every_instruction_set_and_the_reference_agree(path, recordings):
    value, wanted = recordings(SMALL)[0]
    for isa in ottava.instruction_sets():
        session = ottava.Session(path, isa=isa, threads=1)
        assert session.isa == isa
        assert session.run(value)[0].tobytes() == wanted.tobytes()
    assert ottava.Session(path, backend="reference").run(value)[0].tobytes() == wanted.tobytes()


def test_the_profile_tells_of_each_layer(session, recordings):
    session.run(recordings(SMALL)[0][0])
    profile = session.profile()
    assert len(profile) == len(session.profile().layers) > 25
    assert 0 < sum(layer.ns for layer in profile) <= profile.ns
    assert sum(layer.macs for layer in profile) == session.model.macs
    text = str(profile)
    assert len(text.splitlines()) == len(profile) + 2
    assert all(layer.kernel in text for layer in profile)
    html = profile._repr_html_()
    assert html.count("<tr>") == len(profile) + 1 and html.count("width:100.0%") == 1


def test_intermediates_are_kept_where_that_is_wanted(path, recordings):
    value, wanted = recordings(SMALL)[0]
    session = ottava.Session(path, keep_intermediates=True)
    session.run(value)
    assert session.intermediate(session.outputs[0].index).tobytes() == wanted.tobytes()


def test_packed_models_and_caches_give_the_same(path, recordings, tmp_path):
    value, wanted = recordings(SMALL)[0]
    packed = tmp_path / "packed.ottava"
    ottava.Session(path).save(packed)
    model = ottava.Model(packed)
    model.check_packed()
    assert len(model.packed_sections) == 1
    assert model.session().run(value)[0].tobytes() == wanted.tobytes()
    for _ in range(2):
        session = ottava.Session(ottava.Model(path), cache=tmp_path / "cache", threads=1)
        assert session.run(value)[0].tobytes() == wanted.tobytes()
    assert any((tmp_path / "cache").iterdir())


def test_runs_can_be_ended(models):
    session = ottava.Session(models / "inception_v3_int8.tflite", backend="reference")
    value = numpy.zeros(session.inputs[0].shape, numpy.int8)
    cancel = ottava.Cancel()
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(ottava.Error) as caught:
        session.run(value, cancel=cancel)
    assert caught.value.kind == "Cancelled" and cancel.is_cancelled
    with pytest.raises(ottava.Error) as caught:
        session.run(value, cancel=ottava.Cancel(deadline=0.01))
    assert caught.value.kind == "DeadlineExceeded"
    with pytest.raises(ottava.Error, match="seconds from now"):
        ottava.Cancel(deadline=-1)


def test_other_python_threads_go_on_during_a_run(models):
    session = ottava.Session(models / "inception_v3_int8.tflite", backend="reference")
    value = numpy.zeros(session.inputs[0].shape, numpy.int8)
    cancel = ottava.Cancel(deadline=1)
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0)

    counting = threading.Thread(target=count)
    counting.start()
    before = counted
    with pytest.raises(ottava.Error):
        session.run(value, cancel=cancel)
    after = counted
    done.set()
    counting.join()
    assert after - before > 100


def test_a_session_that_is_reset_is_new(session, recordings):
    value, wanted = recordings(SMALL)[0]
    session.run(value)
    session.reset()
    assert session.run(value)[0].tobytes() == wanted.tobytes()


def test_real_values_of_stored_ones():
    tensor = ottava.Tensor("x", 0, (2,), numpy.dtype(numpy.int8), (0.5,), (-128,))
    assert tensor.real(numpy.array([-128, 127], numpy.int8)).tolist() == [0.0, 127.5]
