"""What a TensorFlow Lite file calls its inputs and outputs, and in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)

Named = list[tuple[str, int]]
"""Names with the indices of their tensors."""

OWN_DESCRIPTION = "larq_focal"
"""How the description of a file begins whose signature is in the order that was meant."""


def in_order(graph: Sequence[int], signature: Named, description: str = "") -> Named:
    """Inputs or outputs in the order of the signature, or in that of the graph where the signature leaves some out.

    Names that differ only in a number ("output_0" to "output_10") are put in the order of their numbers: that is
    Keras' order, and the converters' is that of the text.

    Args:
        graph: indices of the tensors in the order of the graph.
        signature: what the signature calls them, in its order.
        description: of the file. In files of our own, numbers in names say nothing about the order.

    Returns:
        Names and indices; the name is empty where the signature has none.
    """
    if {index for _, index in signature} != set(graph):
        names = {index: name for name, index in signature}
        return [(names.get(index, ""), index) for index in graph]
    if description.startswith(OWN_DESCRIPTION):
        return signature
    numbered = [_NUMBERED.fullmatch(name) for name, _ in signature]
    if all(numbered) and len({match[1] for match in numbered}) == 1:
        return sorted(signature, key=lambda entry: int(_NUMBERED.fullmatch(entry[0])[2]))
    return signature
