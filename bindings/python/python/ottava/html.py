"""Models and profiles in notebooks. Colours are those of the notebook, so that light and dark ones show the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Tensor
    from .profile import Profile

_NUMBER = "text-align:right;font-variant-numeric:tabular-nums"


def _row(cells: Iterable[tuple[str, str]], tag: str = "td") -> str:
    return "<tr>" + "".join(f'<{tag} style="{style}">{text}</{tag}>' for text, style in cells) + "</tr>"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def profile_table(profile: Profile) -> str:
    """A row for each layer, with a bar as long as its share of the slowest."""
    most = max((layer.ns for layer in profile), default=0) or 1
    head = [("layer", ""), ("kernel", ""), ("output", ""), ("µs", _NUMBER), ("GMAC/s", _NUMBER), ("", "min-width:12em")]
    rows = []
    for layer in profile:
        share = 100 * layer.ns / most
        bar = f'<div style="background:currentColor;opacity:.45;height:.7em;width:{share:.1f}%"></div>'
        rows.append(
            _row(
                [
                    (escape(layer.name), ""),
                    (f"<code>{escape(layer.kernel)}</code>", ""),
                    (_shape(layer.output_shape), ""),
                    (f"{layer.ns / 1e3:.1f}", _NUMBER),
                    (f"{layer.gmacs:.1f}" if layer.macs else "", _NUMBER),
                    (bar, "min-width:12em"),
                ]
            )
        )
    caption = f"<caption>{profile.ns / 1e6:.3f} ms, {len(profile)} layers</caption>"
    return f"<table>{caption}<thead>{_row(head, 'th')}</thead><tbody>{''.join(rows)}</tbody></table>"


def tensors_table(caption: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> str:
    """A row for each input and output."""
    head = [(text, "") for text in ("", "name", "type", "shape", "scale", "zero point")]
    rows = []
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for tensor in tensors:
            scale = f"{tensor.scales[0]:g}" if len(tensor.scales) == 1 else ""
            zero = str(tensor.zero_points[0]) if len(tensor.zero_points) == 1 else ""
            cells = (kind, escape(tensor.name), str(tensor.dtype), _shape(tensor.shape), scale, zero)
            rows.append(_row((text, "") for text in cells))
    return f"<table><caption>{escape(caption)}</caption><thead>{_row(head, 'th')}</thead><tbody>{''.join(rows)}</tbody></table>"
