"""What the pages share: templates, and scripts that the browser may run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from larq_focal.text import bytes_text, count_text, time_text


def render(template: str, figures: Mapping[str, Any], scripts: tuple[str, ...], **values: Any) -> str:
    """The HTML of a template of this package; it escapes all that comes from records.

    Args:
        template: the file's name.
        figures: plotly figures by the id of their place in the page.
        scripts: files of this package that the page runs, after plotly.
        values: what the template shows.
    """
    # Imported here, because together they take a second that readers of records need not wait for.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("larq_focal.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bytes": bytes_text, "count": count_text, "percent": _percent, "time": time_text}
    code = [_in_script(script) for script in (get_plotlyjs(), *map(_own_file, scripts))]
    return environment.get_template(template).render(
        figures=json_in_script({name: figure.to_plotly_json() for name, figure in figures.items()}),
        style=_own_file("style.css"),
        scripts=code,
        script_hashes=[_hash(script) for script in code],
        **values,
    )


def json_in_script(value: object) -> str:
    """JSON that cannot end the script element it stands in, nor hold a number that JSON does not know."""
    from plotly.utils import PlotlyJSONEncoder

    text = json.dumps(value, cls=PlotlyJSONEncoder, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _in_script(code: str) -> str:
    """Trusted code of ours and of plotly, whose strings must not end the script element."""
    return code.replace("</script", "<\\/script")


def _hash(script: str) -> str:
    """The only scripts that the page allows the browser to run are those with these hashes."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _own_file(name: str) -> str:
    return (resources.files("larq_focal.report") / name).read_text(encoding="utf-8")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
