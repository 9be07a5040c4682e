"""What is known of a model without building it: plain data, for which TensorFlow is not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from larq_focal.zoo.method_titles import METHOD_TITLES

if TYPE_CHECKING:
    from larq_focal.nn import keras

FULL_PRECISION = "full_precision"
Figure = Literal[
    "parameters", "weights", "macs", "operations", "word_operations", "mebibytes", "megabytes", "training_saving"
]


@dataclass(frozen=True)
class Published:
    """A count that a paper or a reference implementation gives of a model's structure.

    Attributes:
        figure: What is counted: trained numbers with the normalisations' statistics ("parameters"), kernel weights,
            multiply-accumulates, operations of which a multiply-accumulate is two, operations of which 64 binary
            multiply-accumulates are one ("word_operations"), the parameters' memory in MiB or in MB of 10^6 bytes, or
            how many times less memory Wang et al.'s training takes, by 100 images ("training_saving").
        value: The published count.
        source: Where it stands.
        tolerance: By which share ours may differ; above 0 where the source rounds or counts something else as well.
        options: Arguments of the factory with which it was counted.
        remark: What explains a difference, if it is known.
    """

    figure: Figure
    value: float
    source: str
    tolerance: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True)
class ModelRow:
    """One model.

    Attributes:
        name: Its name, which is the Keras model's as well.
        title: For people.
        factory: Module and name of the function that builds it, with a dot between.
        source: Paper or repository.
        options: Arguments of the factory that make this model of it.
        small: Further arguments with which it is built for a quick test.
        stays_float: What of the binary layers stays a float convolution in a converted file by design, and why.
        published: What others count.
    """

    name: str
    title: str
    factory: str
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    stays_float: str = ""
    published: tuple[Published, ...] = ()

    @property
    def method(self) -> str | None:
        """How it is binarized, or "full_precision"; None for a network that takes no method."""
        return (self.options["method"] or FULL_PRECISION) if "method" in self.options else None

    @property
    def family(self) -> str:
        """The name without the method."""
        return self.name.removesuffix(f"_{self.method}") if self.method else self.name

    @property
    def function(self) -> Callable[..., keras.Model]:
        """The function that builds it; needs TensorFlow."""
        module, _, name = self.factory.rpartition(".")
        return getattr(import_module(module), name)

    def build(self, **options: Any) -> keras.Model:
        """The model; ``options`` are further arguments of its factory."""
        return self.function(**{**self.options, **options})


def network(name: str) -> str:
    """The factory of a network of this package: "lenet.lenet" is ``lenet`` in ``networks/lenet.py``."""
    return f"larq_focal.zoo.networks.{name}"


def by_method(
    factory: str, name: str, title: str, source: str, small: Mapping[str, Any], **published
) -> list[ModelRow]:
    """A row for full precision and one for each method; ``published`` holds the counts by method."""
    return [
        ModelRow(
            f"{name}_{method or FULL_PRECISION}",
            f"{title}, {METHOD_TITLES[method] if method else 'full precision'}",
            factory,
            source,
            {"method": method},
            small,
            published=published.get(method or FULL_PRECISION, ()),
        )
        for method in (None, *METHOD_TITLES)
    ]
