"""The command, as a module, as a script and for programs."""

import subprocess
import sys

import pytest

import ottava


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "ottava", *arguments], capture_output=True, text=True)


def test_the_module_is_the_command():
    done = run("--version")
    assert (done.returncode, done.stdout.split()[-1]) == (0, ottava.__version__)
    assert "classify" in run("help").stdout


def test_errors_have_exit_codes():
    done = run("inspect", "no-such-file.tflite")
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "no-such-file.tflite" in done.stderr
    assert run("no-such-command").returncode == 2


def test_benchmark_is_what_the_command_says(models):
    said = ottava.benchmark(models / "mobilenet_v1_0.25_128_quant.tflite", threads=1, runs=3)
    assert said["latency_ms"]["median"] > 0
    assert len(said["layers"]) > 25
    with pytest.raises(ottava.Error, match="no-such-file"):
        ottava.benchmark("no-such-file.tflite")


def test_verify_compares_every_instruction_set(models):
    said = ottava.verify(models / "mobilenet_v1_0.25_128_quant.tflite", inputs=1)
    equal = [line.split()[0] for line in said.splitlines() if line.endswith(" equal")]
    assert set(ottava.instruction_sets()) <= set(equal) and "differ" not in said
