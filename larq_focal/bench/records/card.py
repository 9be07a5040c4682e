"""Model cards: what is known of a model, in Markdown, each figure from its run record."""

from __future__ import annotations

from larq_focal.bench.records.checks import check_record
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import ace_text, machine_text, microcontroller_text, parameters_text
from larq_focal.text import accuracy_text, bytes_text, time_text


def model_card(record: Record) -> str:
    """The card of a trained model.

    Args:
        record: Its run record, as :func:`larq_focal.bench.run_recipe` writes it.

    Raises:
        RecordError: The record is incomplete.
    """
    check_record(record, f"The record of '{record.get('run')}'")
    on_board = microcontroller_text(record)
    facts = {
        "Source": record.get("source", "larq_focal"),
        "Data set": f"{record['dataset']['title']}, {record['dataset']['test']:,} test images",
        "Accuracy (95 %)": f"{accuracy_text(record['accuracy'])}, of the converted file",
        "Training": _training(record),
        "Parameters": _parameters(record),
        "ACE per image": ace_text(record),
        "File": f"{bytes_text(record['file']['bytes'])} ({record['file']['name']}, SHA-256 {record['file']['sha256']})",
        "Latency": _latency(record["timing"]),
        **({"Microcontroller": on_board} if on_board else {}),
        "Register fit": _fit(record["fit"]),
        "Stays float": record.get("stays_float") or _not_packed(record["audit"]),
        "Against Keras": _agreement(record["agreement"]),
        "Made with": _versions(record["environment"]),
    }
    rows = "".join(f"| {name} | {fact} |\n" for name, fact in facts.items())
    return f"# {record['title']}\n\n| {record['run']} | |\n| --- | --- |\n{rows}"


def _training(record: Record) -> str:
    settings, environment = record["settings"], record["environment"]
    calibration = (
        f"calibrated on {record['calibration']['images']:,} training images" if "calibration" in record else ""
    )
    if calibration and not record["history"]:
        return f"none of its own: {calibration}"
    stretches = len(record.get("stretches", [1]))
    hours = environment["seconds"] / 3600
    return (
        f"{len(record['history'])} epochs, seed {settings['seed']}, {hours:.2f} hours in {stretches} "
        f"{'stretch' if stretches == 1 else 'stretches'} on {machine_text(environment['machine'])}"
        + (f", then {calibration}" if calibration else "")
    )


def _parameters(record: Record) -> str:
    return f"{parameters_text(record)}, {bytes_text(record['cost']['totals']['float32_bytes'])} in float32"


def _latency(timing: dict | None) -> str:
    if timing is None:
        return "not measured"
    threads = "1 thread" if timing["threads"] == 1 else f"{timing['threads']} threads"
    return (
        f"median {time_text(timing['median_ms'])}, {threads} of {machine_text(timing['machine'])}, {timing['engine']}"
    )


def _fit(fit: dict | None) -> str:
    if fit is None:
        return "not judged"
    change = f"; {fit['smallest_change']}" if fit["smallest_change"] else ""
    return f"{fit['verdict']} on {fit['sensor']}{change}"


def _not_packed(audit: dict) -> str:
    names = [row["layer"] for row in audit["layers"] if row["intended"] == "binary" and row["became"] != "packed"]
    return ", ".join(names) if names else "nothing that is meant to be binary"


def _agreement(agreement: dict | None) -> str:
    if agreement is None:
        return "not compared"
    return f"the same class on {agreement['same_class']:,} of {agreement['samples']:,} test images"


def _versions(environment: dict) -> str:
    versions = [f"{name} {version}" for name, version in environment["versions"].items() if version]
    if "keras" in environment:
        versions.insert(0, environment["keras"]["name"])
    return ", ".join(versions) + (f", git {environment['git']}" if environment["git"] else "")
