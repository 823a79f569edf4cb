"""What `ottava.interpreter` promises beyond LiteRT's contract, and what LiteRT cannot be asked for here."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

from ottava.interpreter import Interpreter, InterpreterWithCustomOps, OpResolverType, load_delegate

SMALL = "mobilenet_v1_0.25_128_quant"


@pytest.fixture
def path(models):
    return models / f"{SMALL}.tflite"


def ready(path, **options):
    interpreter = Interpreter(path, **options)
    interpreter.allocate_tensors()
    return interpreter


def answer(interpreter, value):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_interpreters_of_a_file_share_its_plan(path):
    first, second = ready(path, num_threads=1), ready(path, num_threads=1)
    assert first._plan is second._plan
    assert first._plan is not ready(path, num_threads=2)._plan


def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


def test_a_second_interpreter_costs_its_arena(models, recordings):
    value, _ = recordings("inception_v3_int8")[0]
    first = ready(models / "inception_v3_int8.tflite", num_threads=1)
    answer(first, value)
    gc.collect()
    before = resident()
    second = ready(models / "inception_v3_int8.tflite", num_threads=1)
    answer(second, value)
    assert resident() - before <= second._plan.memory()["arena_bytes"] + (1 << 20)


def test_views_hold_what_they_show(path, recordings):
    value, wanted = recordings(SMALL)[0]
    interpreter = ready(path)
    index = interpreter.get_input_details()[0]["index"]
    view = interpreter.tensor(index)()
    view[...] = value
    assert view.ctypes.data % 64 == 0 and not view.flags.owndata and view.flags.writeable
    part = view[0, 3:5]
    del view
    assert not interpreter._safe_to_run()
    for act in (interpreter.invoke, interpreter.allocate_tensors, lambda: interpreter.resize_tensor_input(index, [1, 64, 64, 3])):
        with pytest.raises(RuntimeError, match="There is at least 1 reference to internal data"):
            act()
    del part
    assert interpreter._safe_to_run()
    interpreter.invoke()
    assert interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes() == wanted.tobytes()
    # A view outlives its interpreter.
    view = interpreter.tensor(index)()
    del interpreter
    gc.collect()
    assert (view == value).all()


def test_threads_with_interpreters_of_their_own_agree_and_take_no_more_memory(path, recordings):
    all_recordings = recordings(SMALL)
    failures, sizes = [], []
    until = time.monotonic() + float(os.environ.get("OTTAVA_SOAK_SECONDS", "3"))

    def work(number):
        runs = 0
        while time.monotonic() < until:
            interpreter = ready(path, num_threads=1 + number % 2)
            for _ in range(20):
                value, wanted = all_recordings[runs % len(all_recordings)]
                if answer(interpreter, value).tobytes() != wanted.tobytes():
                    failures.append((number, runs))
                runs += 1
            if number == 0:
                sizes.append(resident())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    half = len(sizes) // 2
    assert max(sizes[half:]) - max(sizes[:half]) < 4 << 20


def test_an_interrupt_during_invoke_is_raised_and_the_interpreter_goes_on(models, recordings):
    value, wanted = recordings(SMALL)[0]
    interpreter = ready(models / "inception_v3_int8.tflite", experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    begun = time.monotonic()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        # It comes out of the run that goes on when the signal arrives.
        while time.monotonic() < begun + 60:
            interpreter.invoke()
    small = ready(models / f"{SMALL}.tflite")
    assert answer(small, value).tobytes() == wanted.tobytes()
    interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def child(path, value, queue):
    queue.put(answer(ready(path, num_threads=2), value).tobytes())


def test_forked_processes_run_networks(path, recordings):
    value, wanted = recordings(SMALL)[0]
    # Threads of this one are not in the child.
    keep = ready(path, num_threads=2)
    answer(keep, value)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(path, value, queue))
    process.start()
    assert queue.get(timeout=30) == wanted.tobytes()
    process.join(10)
    assert process.exitcode == 0


def test_importing_takes_numpy_alone():
    said = subprocess.run(
        [sys.executable, "-c", "import sys, ottava, ottava.interpreter; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {"PIL", "pandas", "torch", "tensorflow"} & set(said.stdout.split())


def test_foreign_delegates_and_operators_are_refused(path):
    for library in ("libedgetpu.so.1", "/no/such/library.so"):
        with pytest.raises(ValueError, match=f"Failed to load delegate from {library}\n"):
            load_delegate(library)
    ours = load_delegate("lib/libottava_delegate.so", {"num_threads": 2})
    ready(path, experimental_delegates=[ours])
    with pytest.raises(ValueError, match="no delegate of"):
        Interpreter(path, experimental_delegates=["delegate"])
    with pytest.raises(ValueError, match="custom operators"):
        InterpreterWithCustomOps(["register"], model_path=path)
    InterpreterWithCustomOps(model_path=path)


def test_constants_and_tensors_between_are_not_set(path):
    interpreter = ready(path)
    details = interpreter.get_tensor_details()
    constant = next(it for it in details if interpreter._model.tensor(it["index"])["constant"])
    with pytest.raises(ValueError, match="is a constant"):
        interpreter.set_tensor(constant["index"], interpreter.get_tensor(constant["index"]))
    outside = {it["index"] for it in interpreter.get_input_details() + interpreter.get_output_details()}
    between = next(it for it in details if it["index"] not in outside and not interpreter._model.tensor(it["index"])["constant"])
    with pytest.raises(ValueError, match="neither an input nor an output"):
        interpreter.set_tensor(between["index"], numpy.zeros(between["shape"], between["dtype"]))
    with pytest.raises(ValueError, match="Tensor data is null"):
        interpreter.get_tensor(between["index"])
    kept = ready(path, experimental_preserve_all_tensors=True)
    kept.invoke()
    assert kept.get_tensor(between["index"]).shape == tuple(between["shape"])


def test_the_profile_is_that_of_the_last_run(path):
    interpreter = Interpreter(path)
    with pytest.raises(RuntimeError, match="not allocated"):
        interpreter.profile()
    interpreter.allocate_tensors()
    interpreter.invoke()
    assert interpreter.profile().ns > 0
