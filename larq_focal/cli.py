"""The command line: parses, calls, prints. Each command has its twin in Python, and loads only what it needs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from larq_focal.version import __version__

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_TENSORFLOW_LOG_LEVEL, _SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"
_USER_ERRORS = (ValueError, OSError, RuntimeError, ImportError)

model_argument = click.argument("model", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
threads_option = click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
engine_option = click.option(
    "--engine", type=click.Choice(["auto", "delegate", "lce", "litert"]), default="auto", show_default=True
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Inputs to compare on: a .npy array with a batch axis."
)


class _OneLineErrors(click.Group):
    """Shows what a user can mend as one message; with --debug the whole traceback."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except _USER_ERRORS as error:
            if ctx.params.get("debug") or isinstance(error, click.exceptions.Exit):
                raise
            raise click.ClickException(str(error)) from error


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="larq-focal")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error, and TensorFlow's own messages.")
def main(debug: bool) -> None:
    """Binary and few-bit networks: train, convert, audit, time, and fit to focal-plane processors."""
    if not debug:
        os.environ.setdefault(_TENSORFLOW_LOG_LEVEL, _SILENT)


@main.command()
@click.option("--dataset", type=click.Choice(["digits", "mnist", "cifar10"]), default="digits", show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder with mnist.npz or cifar10.npz.")
@click.option("--models", help="Runs to make, with commas between; all of them by default.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option("--name", help="Folder under the results; the data set's name by default.")
@click.option("--resume", is_flag=True, help="Keep the finished runs of an earlier call.")
def bench(models: str | None, **options) -> None:
    """Train, convert, check, time and judge the two-layer networks, and write a report."""
    chosen = [name.strip() for name in models.split(",")] if models else None
    try:
        with _quiet(), _epoch_line() as epoch_done:
            from larq_focal.bench import run_bench

            run_bench(models=chosen, say=_say, epoch_done=epoch_done, **options)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Finished runs are kept; the same command with --resume goes on.", err=True)
        raise SystemExit(INTERRUPTED) from None


@main.command()
@model_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the .tflite file goes.")
@click.option("--strict", is_flag=True, help="Fail where a layer meant to be binary stays float.")
@data_option
@json_option
def convert(model: Path, output: Path, strict: bool, data: Path | None, as_json: bool) -> None:
    """Convert a Keras MODEL with Larq Compute Engine, and audit what came out."""
    with _quiet():
        from larq_focal.deploy.convert import convert as convert_model

        result = convert_model(model, output, data=_array(data), strict=strict).audit
    _show(result, as_json)


@main.command()
@model_argument
@click.argument("tflite", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail where a layer meant to be binary stays float.")
@data_option
@json_option
def audit(model: Path, tflite: Path, strict: bool, data: Path | None, as_json: bool) -> None:
    """Tell layer by layer what became of a Keras MODEL in a TFLITE file."""
    with _quiet():
        from larq_focal.deploy.audit import audit as audit_file

        result = audit_file(model, tflite, data=_array(data))
    _show(result, as_json)
    if not result.passed or (strict and not result.all_packed):
        raise SystemExit(1)


@main.command()
@model_argument
@json_option
def summary(model: Path, as_json: bool) -> None:
    """Print bits, bytes, multiply-accumulates and ACE of a MODEL (.keras, .h5, .tflite or .qgraph), per layer."""
    from larq_focal.cost import summary as summarize

    with _quiet():
        result = summarize(model)
    _show(result, as_json)


@main.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--from-graph", type=click.Path(path_type=Path), help="A .qgraph file instead: needs no TensorFlow.")
@click.option("--sensor", default="scamp5", show_default=True, help="A sensor's name, or the path of its YAML file.")
@json_option
def fit(model: Path | None, from_graph: Path | None, sensor: str, as_json: bool) -> None:
    """Judge whether a MODEL fits the registers of a focal-plane processor."""
    from larq_focal.focal_plane import fit as fit_model

    if (model is None) == (from_graph is None):
        raise click.UsageError("Give a MODEL or --from-graph, and not both.")
    with _quiet():
        result = fit_model(model or from_graph, sensor)
    _show(result, as_json)


@main.command()
@model_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the .qgraph file goes.")
def graph(model: Path, output: Path) -> None:
    """Write the QuantGraph of a MODEL to a file that needs neither Keras nor TensorFlow."""
    from larq_focal.network import save_graph
    from larq_focal.network.load import as_graph

    with _quiet():
        read = as_graph(model)
    click.echo(f"{save_graph(read, output)}: {len(read)} operations")


@main.command()
@click.argument("tflite", type=click.Path(path_type=Path))
@threads_option
@click.option("--runs", type=click.IntRange(min=1), help="Timed inferences; enough for a stable median by default.")
@engine_option
@json_option
def time(tflite: Path, threads: int, runs: int | None, engine: str, as_json: bool) -> None:
    """Time a TFLITE model on this machine: minimum, median and 90th percentile."""
    from larq_focal.deploy.timing import time as time_model

    _show(time_model(tflite, threads=threads, runs=runs, engine=engine), as_json)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@threads_option
@engine_option
def retime(folder: Path, threads: int, engine: str) -> None:
    """Time the models in a results FOLDER again, on this machine, and renew its report."""
    from larq_focal.bench.retime import retime as retime_folder

    click.echo(retime_folder(folder, threads=threads, engine=engine, say=_say))


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
def report(folders: tuple[Path, ...], output: Path) -> None:
    """Write one HTML report of the runs in FOLDERS."""
    from larq_focal.report import read_records, write_report

    click.echo(write_report([record for folder in folders for record in read_records(folder)], output))


def _console():
    from rich.console import Console

    return Console(highlight=False)


def _say(line: str) -> None:
    _console().print(line, soft_wrap=True, markup=False)


def _show(result, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        _console().print(result)


def _array(path: Path | None):
    """The array in a .npy file, or None."""
    if path is None:
        return None
    import numpy as np

    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"'{path}' is not a whole .npy array ({error}).") from error


@contextmanager
def _epoch_line() -> Iterator:
    """A status line that follows the epochs on a terminal, and stays out of the way elsewhere."""
    console = _console()
    with console.status("starting") as status:

        def epoch_done(entry, row: dict) -> None:
            status.update(
                f"{entry.title}: epoch {row['epoch']}, loss {row['loss']:.3f}, validation {row['val_accuracy']:.1%}"
            )

        yield epoch_done


@contextmanager
def _quiet() -> Iterator[None]:
    """Holds back what TensorFlow and its kin print on the way; an error that is no user's brings it out."""
    if os.environ.get(_TENSORFLOW_LOG_LEVEL) != _SILENT:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except (*_USER_ERRORS, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
