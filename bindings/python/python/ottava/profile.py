"""Where the time of a run went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from . import _native

__all__ = ["Layer", "Profile"]


@dataclass(frozen=True)
class Layer:
    """A layer of the last run."""

    name: str
    op: str
    #: Which kernel it is: family, stored types, instruction set, tile.
    kernel: str
    output_shape: list[int]
    #: Multiplications.
    macs: int
    #: What the plan did with it.
    notes: str
    #: How long it took, in nanoseconds.
    ns: int

    @property
    def gmacs(self) -> float:
        """Billions of multiplications a second."""
        return self.macs / self.ns if self.ns else 0.0


class Profile:
    """The layers of the last run, and how long it took. As text and in notebooks it is a table."""

    def __init__(self, ns: int, layers: list[Layer]) -> None:
        #: Nanoseconds of the whole run, which are more than those of its layers.
        self.ns = ns
        self.layers = layers

    @classmethod
    def _of(cls, plan: _native.Plan, session: _native.Session) -> Profile:
        """That of the last run of a session of a plan."""
        total, times = session.profile()
        return cls(total, [Layer(**known, ns=ns) for known, ns in zip(plan.layers(), times)])

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def to_pandas(self) -> Any:
        """A data frame with a row for each layer; needs pandas."""
        import pandas

        return pandas.DataFrame([{**asdict(layer), "gmacs": layer.gmacs} for layer in self.layers])

    def __repr__(self) -> str:
        return f"<ottava.Profile: {self.ns / 1e6:.3f} ms, {len(self.layers)} layers>"

    def __str__(self) -> str:
        head = ("layer", "op", "kernel", "output", "us", "%", "GMAC/s")
        rows = [
            (
                layer.name,
                layer.op,
                layer.kernel,
                "x".join(map(str, layer.output_shape)),
                f"{layer.ns / 1e3:.1f}",
                f"{100 * layer.ns / self.ns if self.ns else 0:.1f}",
                f"{layer.gmacs:.1f}" if layer.macs else "",
            )
            for layer in self.layers
        ]
        rows.append(("total", "", "", "", f"{self.ns / 1e3:.1f}", "100.0", ""))
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        left = 4
        lines = [
            "  ".join(text.ljust(width) if column < left else text.rjust(width) for column, (text, width) in enumerate(zip(row, widths)))
            for row in (head, *rows)
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        from .html import profile_table

        return profile_table(self)
