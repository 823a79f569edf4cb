"""Models and plans that the process shares: those of one file with the same options are one."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from . import _native

_lock = threading.Lock()
_models: weakref.WeakValueDictionary[Any, _native.Model] = weakref.WeakValueDictionary()
_plans: weakref.WeakValueDictionary[Any, _native.Plan] = weakref.WeakValueDictionary()


def _forget() -> None:
    """In a process that was forked: threads of plans are not there any more, and the lock may be held for ever."""
    global _lock
    _lock = threading.Lock()
    _models.clear()
    _plans.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def open_model(path: str | os.PathLike[str]) -> _native.Model:
    """The model of a file; the same while the file is the same."""
    path = os.fspath(path)
    try:
        status = os.stat(path)
    except OSError:
        # The engine says it better.
        return _native.Model.open(path)
    key = (os.path.realpath(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    with _lock:
        model = _models.get(key)
    if model is None:
        model = _native.Model.open(path)
        with _lock:
            model = _models.setdefault(key, model)
    return model


def plan(model: _native.Model, keywords: dict[str, Any]) -> _native.Plan:
    """A plan of a model; the same for the same model and options, while somebody has it."""
    shapes = tuple((index, tuple(shape)) for index, shape in keywords["shapes"])
    key = (id(model), *(keywords[name] for name in sorted(keywords) if name != "shapes"), shapes)
    with _lock:
        known = _plans.get(key)
    if known is not None and known.model is model:
        return known
    made = _native.Plan(model, keywords)
    with _lock:
        known = _plans.get(key)
        if known is not None and known.model is model:
            return known
        _plans[key] = made
    return made


def keywords(
    *,
    threads: int | None = None,
    isa: str | None = None,
    backend: str = "optimized",
    batch: int | None = None,
    shapes: list[tuple[int, list[int]]] | None = None,
    winograd: str = "auto",
    cache: str | os.PathLike[str] | None = None,
    keep_intermediates: bool = False,
) -> dict[str, Any]:
    """The options of a plan, as the native module takes them."""
    return {
        "threads": threads,
        "isa": isa,
        "backend": backend,
        "batch": batch,
        "shapes": shapes or [],
        "winograd": winograd,
        "cache": None if cache is None else os.fspath(cache),
        "keep_intermediates": keep_intermediates,
    }
