"""Writes one block of a golden file; the format is described in single_ops.py."""

import numpy as np


class Case:
    """The lines of one golden block."""

    def __init__(self, dtype):
        self.lines = [f"dtype {dtype}"]

    def add(self, **fields):
        for key, value in fields.items():
            if key.startswith("data"):
                text = np.ascontiguousarray(value).tobytes().hex()
            elif key.endswith(("scale", "beta")):
                text = " ".join(f"{int(b):08x}" for b in np.atleast_1d(np.float32(value)).view(np.uint32))
            else:
                text = " ".join(str(v) for v in np.atleast_1d(value))
            self.lines.append(f"{key} {text}".rstrip())
        return self

    def text(self):
        return "\n".join(self.lines) + "\n\n"
