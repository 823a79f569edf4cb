"""Signatures: inputs and outputs by the names that the model's author gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from .interpreter import Interpreter


class SignatureRunner:
    """Runs a model by the names of a signature."""

    def __init__(self, interpreter: Interpreter | None = None, signature_key: str | None = None) -> None:
        if not interpreter:
            raise ValueError("None interpreter provided.")
        if not signature_key:
            raise ValueError("None signature_key provided.")
        self._interpreter = interpreter
        self._signature_key = signature_key
        _, inputs, outputs = next(it for it in interpreter._signatures if it[0] == signature_key)
        self._inputs, self._outputs = dict(inputs), dict(outputs)

    def __call__(self, **kwargs: Any) -> dict[str, numpy.ndarray]:
        """Gives inputs by their names the shapes and values of these arrays, runs, and returns copies of the outputs by their names."""
        if len(kwargs) != len(self._inputs):
            raise ValueError(
                "Invalid number of inputs provided for running a SignatureDef, "
                f"expected {len(self._inputs)} vs provided {len(kwargs)}"
            )
        for name, value in kwargs.items():
            if name not in self._inputs:
                raise ValueError(f"Invalid Input name ({name}) for SignatureDef")
            self._interpreter.resize_tensor_input(self._inputs[name], value.shape)
        self._interpreter.allocate_tensors()
        for name, value in kwargs.items():
            self._interpreter.set_tensor(self._inputs[name], value)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        """What is known of each input, by its name in the signature."""
        return {name: self._interpreter._get_tensor_details(index, 0) for name, index in self._inputs.items()}

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        """What is known of each output, by its name in the signature."""
        return {name: self._interpreter._get_tensor_details(index, 0) for name, index in self._outputs.items()}
