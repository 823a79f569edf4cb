"""Delegates, which Ottava takes none of but its own."""

from __future__ import annotations

import os
from typing import Any


class Delegate:
    """Stands for Ottava's own delegate, which has nothing to do here: all operators run on Ottava."""

    def __init__(self, library: str, options: dict[str, Any] | None = None) -> None:
        name = os.path.basename(os.fspath(library))
        if "ottava_delegate" not in name:
            raise ValueError("Ottava runs all operators by itself and takes no delegates")
        self._library, self._options = library, dict(options or {})


def load_delegate(library: str, options: dict[str, Any] | None = None) -> Delegate:
    """A delegate of a library. Those of others raise ValueError, as a library that is not there does."""
    try:
        return Delegate(library, options)
    except ValueError as error:
        raise ValueError(f"Failed to load delegate from {library}\n{error}") from None
