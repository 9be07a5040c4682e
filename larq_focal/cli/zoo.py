"""Commands of the zoo: list, get, train, card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from larq_focal.cli.bench import INTERRUPTED
from larq_focal.cli.options import data_dir_option, json_option
from larq_focal.cli.output import quiet, say, show, status_line
from larq_focal.datasets.rows import DATASETS


@click.group(short_help="List, fetch, train networks of the literature.")
def zoo() -> None:
    """Networks of the literature: list them, fetch trained weights, train them, show their cards."""


@zoo.command("list", short_help="List the models.")
@click.argument("contains", default="")
@click.option("--trained", is_flag=True, help="Only those with weights or a recipe.")
@click.option("--published", is_flag=True, help="Compare their structure with the published counts; takes minutes.")
@json_option
def list_models(contains: str, trained: bool, published: bool, as_json: bool) -> None:
    """List the models of the zoo by family, or those whose name or title CONTAINS a word, one by one."""
    from larq_focal.training import listing

    if published:
        with quiet():
            result = listing.list_structures()
    else:
        result = listing.list_models(contains, trained_only=trained)
    show(result, as_json)


@zoo.command(short_help="Fetch trained weights, and print where they are.")
@click.argument("name")
@click.option("--mirror", help="Address of a folder that holds the weights.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for downloaded files.")
@click.option("--offline", is_flag=True, default=None, help="Use what is there only.")
def get(name: str, **options) -> None:
    """Fetch the pretrained weights NAME, <model>-<data set>, and print where they are."""
    from larq_focal.zoo.download import download

    with _progress_bar() as received:
        path = download(name, received=received, **options)
    click.echo(path)


@zoo.command(short_help="Train a model by its recipe, or go on with it.")
@click.argument("model")
@click.option("--dataset", type=click.Choice(tuple(DATASETS)), required=True)
@data_dir_option
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop cleanly after so many minutes.")
@click.option("--variant", default="", help="Another recipe than that of the pretrained weights.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), help="For a trial: other than the recipe's.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results/zoo"), show_default=True)
def train(model: str, dataset: str, variant: str, seed: int, epochs: int | None, **options) -> None:
    """Train MODEL by its recipe, or go on with it: the same command after an interruption continues."""
    try:
        with quiet(), status_line(print_elsewhere=True) as show_line:
            from larq_focal.bench import run_recipe
            from larq_focal.training import find_recipe

            recipe = find_recipe(model, dataset, variant=variant, seed=seed, epochs=epochs)
            folder = run_recipe(recipe, say=say, epoch_done=lambda row: show_line(_epoch_text(row)), **options)
        click.echo(folder)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Whole epochs are kept; the same command goes on.", err=True)
        raise SystemExit(INTERRUPTED) from None


@zoo.command(short_help="Print the model card of a record.")
@click.argument("record", type=click.Path(path_type=Path))
def card(record: Path) -> None:
    """Print the model card of a RECORD: the record.json that a finished training leaves in its folder."""
    from larq_focal.bench.records.card import model_card
    from larq_focal.bench.records.record_file import read_record

    click.echo(model_card(read_record(record)), nl=False)


@contextmanager
def _progress_bar() -> Iterator:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("fetching"), BarColumn(), DownloadColumn(binary_units=True), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("fetching", visible=False)

        def received(have: int, whole: int) -> None:
            progress.update(task, completed=have, total=whole, visible=True)

        yield received


def _epoch_text(row: dict) -> str:
    return (
        f"epoch {row['epoch']}: loss {row['loss']:.3f}, accuracy {row['accuracy']:.1%}, "
        f"validation {row['val_accuracy']:.1%}, {row['seconds']:.0f} s"
    )
