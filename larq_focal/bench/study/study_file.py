"""Study files: the question, the data, the recipe, and the rows that are compared, as plain YAML."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from larq_focal.bench.study.cost import COSTS
from larq_focal.bench.study.fair_points import fair_points
from larq_focal.bench.study.light import CAMERAS
from larq_focal.bench.study.recipe_keys import recipe_with
from larq_focal.bench.study.trial import Point, Resources, Trial
from larq_focal.datasets.names import OWN_NAMES, own_images
from larq_focal.datasets.rows import DATASETS
from larq_focal.messages import short, shown
from larq_focal.training.recipe import Recipe
from larq_focal.yaml_file import FileKind, Section
from larq_focal.zoo.registry import find
from larq_focal.zoo.rows.row import FULL_PRECISION


class StudyError(ValueError):
    """A study file is at fault, or a study cannot go on; the message names the key or the row, and the fix."""


TEMPLATE = "template.yaml"
KIND = FileKind("study", f"larq_focal/bench/study/studies/{TEMPLATE}", StudyError)
_RESTS = ("float", "int8")
_BRIGHTEST = 1e6
_MOST_SEEDS, _MOST_TRIALS, _MOST_IMAGES = 100, 1000, 10_000_000


@dataclass(frozen=True)
class Study:
    """A question, and the networks that answer it.

    Attributes:
        name: Of the file, without its ending; also of the folder of results.
        title: For people.
        question: What the study asks.
        limits: What its budget is too small for; stands on its page.
        dataset: Name of the data set.
        seeds: How many seeds each point is trained with.
        compare: The cost that accuracy is set against, a key of ``COSTS``.
        train_images: How many of the training images are used, drawn with seed 0; None for all.
        test_images: The same for the test images.
        points: Its networks.
        light: Factors of the light in which the finished networks are looked at too; () for none.
    """

    name: str
    title: str
    question: str
    limits: str
    dataset: str
    seeds: int
    compare: str
    train_images: int | None
    test_images: int | None
    points: tuple[Point, ...]
    light: tuple[float, ...] = ()

    def changed(self, *, dataset: str | None = None, seeds: int | None = None) -> Study:
        """The same with another data set or number of seeds, where they are given."""
        return replace(self, dataset=dataset or self.dataset, seeds=seeds or self.seeds)

    def trials(self) -> list[Trial]:
        """Every training: all points with the first seed before any has the second."""
        return [
            Trial(index, point, replace(point.recipe, seed=seed, dataset=self.dataset))
            for seed in range(self.seeds)
            for index, point in enumerate(self.points)
        ]


def study_names() -> tuple[str, ...]:
    """Names of the studies that come with the package."""
    files = (path.name for path in _folder().iterdir() if path.name.endswith(".yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name != TEMPLATE))


def load_study(name: str | Path) -> Study:
    """The study of a name in :func:`study_names`, or of the path of a YAML file.

    Raises:
        StudyError: the file is at fault, or there is no such study; the message says what would be right.
        FileNotFoundError: there is no such file.
    """
    if str(name) in study_names():
        with resources.as_file(_folder() / f"{name}.yaml") as path:
            return _study(path)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        raise StudyError(f"No study '{name}': choose one of {', '.join(study_names())}, or the path of a .yaml file.")
    return _study(path)


def _folder() -> Any:
    return resources.files("larq_focal.bench.study") / "studies"


def _study(path: Path) -> Study:
    section = KIND.read(path)
    dataset = section.text("dataset")
    if dataset not in DATASETS and not own_images(dataset):
        section.refuse("dataset", f"is {short(dataset, 60)}; choose from {', '.join((*DATASETS, *OWN_NAMES))}")
    recipe = Recipe("", dataset, epochs=1)
    if "recipe" in section:
        recipe = recipe_with(recipe, section.section("recipe"))
    study = Study(
        name=path.stem,
        title=section.text("title"),
        question=section.text("question"),
        limits=section.text("limits") if "limits" in section else "",
        dataset=dataset,
        seeds=int(section.integer("seeds", 1, maximum=_MOST_SEEDS)) if "seeds" in section else 3,
        compare=section.choice("compare", COSTS) if "compare" in section else "parameter_bytes",
        train_images=_count(section, "train_images"),
        test_images=_count(section, "test_images"),
        points=tuple(point for row in section.sections("rows") for point in _points(row, recipe)),
        light=_light(section) if "light" in section else (),
    )
    section.refuse_the_rest()
    if not study.points:
        section.refuse("rows", "must hold at least one row")
    if len(study.points) * study.seeds > _MOST_TRIALS:
        section.refuse("rows", f"make {len(study.trials()):,} trainings, and at most {_MOST_TRIALS:,} are taken")
    titles = [point.title for point in study.points]
    if twice := [title for title in titles if titles.count(title) > 1]:
        section.refuse("rows", f"make two networks with the title '{twice[0]}': give their rows a 'title' that differs")
    return study


def _count(section: Section, key: str) -> int | None:
    return int(section.integer(key, 1, maximum=_MOST_IMAGES)) if key in section else None


def _light(section: Section) -> tuple[float, ...]:
    factors = section.value("light")
    is_list = isinstance(factors, list) and factors
    if not is_list or any(type(factor) not in (int, float) or not 0 < factor < _BRIGHTEST for factor in factors):
        section.refuse("light", f"must be a list of numbers above 0, the factors of the light, not {shown(factors)}")
    return tuple(sorted({float(factor) for factor in factors}))


def _points(row: Section, recipe: Recipe) -> Iterator[Point]:
    """The points of a row: each of its models with every combination of its grid."""
    models = row.texts("models")
    if not models:
        row.refuse("models", "must name at least one model of the zoo")
    title = row.text("title") if "title" in row else ""
    if "recipe" in row:
        recipe = recipe_with(recipe, row.section("recipe"))
    options = row.mapping("options") if "options" in row else {}
    grid = row.mapping("grid") if "grid" in row else {}
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            row.refuse("grid", f"must hold a list of values for '{key}', not {shown(values)}")
        if key in options:
            row.refuse("grid", f"and 'options' both set '{key}'")
    rest = row.choice("rest", _RESTS) if "rest" in row else "float"
    is_fair = "fair" in row and row.truth("fair")
    needs = _resources(row.section("resources")) if "resources" in row else Resources()
    camera = row.choice("camera", CAMERAS) if "camera" in row else "grey"
    row.refuse_the_rest()
    for model in models:
        try:
            known = find(model).title
        except ValueError as error:
            row.refuse("models", f"names one that is not there ({str(error).rstrip('.')})")
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            named = [title] if title else []
            named += [known] if len(models) > 1 or not title else []
            named += [_choice_text(key, value) for key, value in chosen.items()]
            trained = replace(recipe, model=model, options={**options, **chosen})
            point = Point(", ".join(named), trained, rest, needs, camera)
            if is_fair:
                _refuse_unfair(row, point)
            yield from fair_points(point) if is_fair else (point,)


def _refuse_unfair(row: Section, point: Point) -> None:
    """Fair rows are made of a float network whose maps are known."""
    maps = point.recipe.options.get("filters")
    if point.rest != "float" or find(point.recipe.model).method != FULL_PRECISION:
        row.refuse("fair", "is for networks in full precision, whose 'rest' is float")
    if not isinstance(maps, list) or not maps or any(type(count) is not int or count < 1 for count in maps):
        row.refuse("fair", "needs the maps of the network as 'filters' in 'options', which it scales")


def _resources(section: Section) -> Resources:
    given = section.some(("cpus", "gpus", "memory_gib"), lambda part, key: part.number(key, maximum=1e6))
    return Resources(**given)


def _choice_text(key: str, value: Any) -> str:
    """A value of a grid in a title: filters 8-16, without bias."""
    if isinstance(value, bool) and key.startswith("use_"):
        return f"{'with' if value else 'without'} {key.removeprefix('use_').replace('_', ' ')}"
    return f"{key.replace('_', ' ')} {_spelled(value)}"


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-".join(map(_spelled, value)) if isinstance(value, list) else str(value)
