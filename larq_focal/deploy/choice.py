"""Which engine runs a model."""

from __future__ import annotations

from larq_focal.deploy.engines import ENGINES, Engine, EngineError, engines_for
from larq_focal.deploy.trial import try_apart
from larq_focal.network.tflite.flat_model import FlatModel


def opened(name: str, model: FlatModel, threads: int, trial: bool) -> Engine:
    """The engine of this name with ``model``, which a process of its own ran before if ``trial`` is given.

    Raises:
        EngineError: it cannot run the model; with ``trial``, it crashes on it.
        ImportError: its package is missing.
    """
    if trial:
        try_apart(model, threads, name)
    return ENGINES[name](model, threads)


def first_engine(model: FlatModel, threads: int, trial: bool) -> tuple[str, Engine, dict[str, str]]:
    """The first engine that takes ``model``: its name, itself, and why those before it could not, by their names.

    Raises:
        EngineError: none does; the message says why for each.
    """
    reasons: dict[str, str] = {}
    for name in engines_for(model):
        try:
            return name, opened(name, model, threads, trial), reasons
        except (EngineError, ImportError) as error:
            reasons[name] = str(error)
    listed = "\n".join(f"- {name}: {reason}" for name, reason in reasons.items())
    raise EngineError(f"No engine can run '{model.name}'.\n{listed}")
