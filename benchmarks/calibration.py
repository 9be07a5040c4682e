"""Times of networks on SCAMP-5: overheads fitted to some rows of published tables, and the residual of every row.

Run ``python benchmarks/calibration.py``; it needs nothing but the package, measures nothing, and prints each
calibration, how far it is from every published row that it can tell (those that it was fitted to are marked), and what
the sensor file carries of it.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from larq_focal.focal_plane.sensor.calibration import (
    Calibration,
    Published,
    fitted,
    load_published,
    published_names,
    residuals,
)


def table(published: Published, calibration: Calibration) -> Table:
    rows = Table(title=f"{published.title}, by the calibration {calibration.name}", title_justify="left")
    rows.add_column("stage")
    for heading in ("published", "calibrated", "residual", ""):
        rows.add_column(heading, justify="right")
    for row in residuals(published, calibration):
        rows.add_row(
            row.name,
            f"{row.published_us:,.0f} µs",
            f"{row.calibrated_us:,.1f} µs",
            "fitted" if row.is_fitted else f"{row.residual_us:+,.1f} µs",
            "" if row.is_fitted else f"{row.residual:+.1%}",
        )
    return rows


def main() -> None:
    console = Console(highlight=False)
    networks = [load_published(name) for name in published_names()]
    calibrations = [fitted(network) for network in networks if network.fit_on]
    for calibration in calibrations:
        calls = ", ".join(f"{call} {us:.2f} µs" for call, us in calibration.overhead_us.items())
        console.print(f"{calibration.name}: {calibration.cycles_per_icw:.3f} cycles per instruction word, {calls};")
        console.print(f"  the time of {', '.join(calibration.contained)} is contained. Source: {calibration.source}")
    for calibration in calibrations:
        for network in networks:
            console.print(table(network, calibration))


if __name__ == "__main__":
    main()
