"""A QuantGraph as a function of JAX, which XLA compiles for CPU, GPU and TPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph, needed
from larq_focal.network.inputs import named_inputs

if TYPE_CHECKING:
    import jax

    Inputs = jax.Array | Mapping[str, jax.Array]
    Outputs = jax.Array | dict[str, jax.Array]


def to_jax(graph: QuantGraph) -> Callable[[Inputs], Outputs]:
    """``graph`` as a pure function of a batch, for ``jax.jit``, ``jax.export`` and the like.

    Signs lie in 32-bit words, and binary layers behind them are exclusive or and population count; quantizers of few
    levels are look-ups. Layers of a few more bits are sums of binary ones where the graph was lowered before
    (``larq_focal.network.passes.lower``). On a CPU all values but float sums have the bits of
    ``larq_focal.network.interpret``. The function has no useful gradient.

    Args:
        graph: the network; its weights become constants of the function.

    Returns:
        A function of ``[N, *shape]`` for a network of one input, else of a dictionary of such arrays by the names of
        the inputs. It gives float32 ``[N, *shape]`` for one output, else a dictionary by the names of the outputs, and
        raises ValueError where the inputs do not fit.

    Raises:
        ImportError: JAX is not installed.
        GraphError: an operation has no function in JAX; it is raised when the function is traced, too.
    """
    try:
        import jax.numpy as jnp

        from larq_focal.network.jax_function.operations import trace, values
    except ImportError as error:
        raise ImportError(f"to_jax needs JAX ({error}): pip install 'larq_focal[jax]'.") from error

    wanted = needed(graph, set(graph.outputs))

    def function(inputs: Inputs) -> Outputs:
        results = named_inputs(graph, inputs, lambda value: jnp.asarray(value, jnp.float32))
        for op in graph:
            if op.name in wanted and not isinstance(op, ops.Input):
                results[op.name] = trace(op, *(results[name] for name in op.inputs))
        outputs = {name: values(results[name]) for name in graph.outputs}
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    function.__name__ = "network"
    return function
