"""What the command does, for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from ._native import Error

__all__ = ["benchmark", "verify"]


def _run(*arguments: str) -> str:
    """What the command prints, in a process of its own: it pins threads and measures memory of the whole process."""
    command = [sys.executable, "-m", "ottava", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode:
        text = done.stderr.strip().removeprefix("error: ")
        raise Error(text or f"the command ended with {done.returncode}")
    return done.stdout


def _options(options: dict[str, Any]) -> list[str]:
    """Keywords as the command's options: `threads=2` is `--threads 2`, `winograd=True` is `--winograd`."""
    arguments = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        arguments.append("--" + name.replace("_", "-"))
        if value is not True:
            arguments.append(str(value))
    return arguments


def benchmark(model: str | os.PathLike[str], **options: Any) -> dict[str, Any]:
    """What `ottava bench MODEL --json -` says, as a dictionary: latency, and that of each layer.

    `model` is a file or a built-in name; keywords are the command's options, `threads=2` for `--threads 2`. It runs in a process of its
    own. Raises `ottava.Error` with what that says.
    """
    return json.loads(_run("bench", os.fspath(model), *_options(options), "--json", "-"))


def verify(model: str | os.PathLike[str], **options: Any) -> str:
    """Compares every layer with the reference on this machine, on every instruction set, and returns what `ottava verify MODEL` prints.

    Keywords are the command's options. It runs in a process of its own. Raises `ottava.Error` where a byte differs.
    """
    return _run("verify", os.fspath(model), *_options(options))
