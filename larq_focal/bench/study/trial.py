"""What a study is made of: points, which are networks with a recipe, and trials, which are points with a seed."""

from __future__ import annotations

from dataclasses import dataclass

from larq_focal.bench.study.light import Camera
from larq_focal.bench.suite import Budget, FileForm
from larq_focal.training.recipe import Recipe


@dataclass(frozen=True)
class Resources:
    """What a trial takes of a machine; with Ray it waits for a node that has it free.

    Attributes:
        cpus: Cores.
        gpus: Graphics processors, or shares of one.
        memory_gib: Main memory in GiB.
    """

    cpus: float = 1
    gpus: float = 0
    memory_gib: float = 1


@dataclass(frozen=True)
class Point:
    """One network of a study.

    Attributes:
        title: For people; no other point of the study has it.
        recipe: How it is trained, with seed 0.
        rest: What is not binary in its file: "float", "int8" by calibration on training images, or what stock tools
            make of the float file, such as "stock_int4".
        resources: What one training takes.
        camera: What sees the test images in other light, in a study of that.
        equal: Where it is as wide as takes the bytes or the latency of the most accurate binary network of the study.
    """

    title: str
    recipe: Recipe
    rest: FileForm = "float"
    resources: Resources = Resources()
    camera: Camera = "grey"
    equal: Budget | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """One training of a study: the point at ``index``, with the seed and the data set of ``recipe``."""

    index: int
    point: Point
    recipe: Recipe

    @property
    def title(self) -> str:
        """For people: the point and the seed."""
        return f"{self.point.title}, seed {self.recipe.seed}"
