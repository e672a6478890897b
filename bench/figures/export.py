"""Pictures as files: PDF, SVG and PNG by vl-convert, which needs no network; JSON is the Vega-Lite specification."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.errors import InputError
from bench.figures.drawn import Drawn

ROUNDS = 3
"""Corrections of the width, until labels and legend fit beside the panels."""

LEAST = 20.0
"""Points of a panel, whatever stands beside it."""

PIXELS = 4
"""Dots of a PNG per point: 288 per inch, for print."""


def _json(drawn: Drawn) -> bytes:
    return (json.dumps(drawn.chart.to_dict(), indent=1, allow_nan=False) + "\n").encode()


def _csv(drawn: Drawn) -> bytes:
    frame = drawn.data
    for name in frame.columns:
        if frame[name].dtype.kind not in "biuf":
            frame = frame.assign(**{name: frame[name].astype(object).map(_harmless, na_action="ignore")})
    return frame.to_csv(index=False).encode()


def _harmless(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) else value


def _converted(how: str) -> Callable[[Drawn], bytes]:
    def convert(drawn: Drawn) -> bytes:
        import vl_convert  # noqa: PLC0415 - JSON and CSV do without

        specification = drawn.chart.to_json()
        if how == "png":
            return vl_convert.vegalite_to_png(specification, scale=PIXELS)
        made = getattr(vl_convert, f"vegalite_to_{how}")(specification)
        return made.encode() if isinstance(made, str) else made

    return convert


FORMATS: dict[str, Callable[[Drawn], bytes]] = {
    ".pdf": _converted("pdf"),
    ".svg": _converted("svg"),
    ".png": _converted("png"),
    ".csv": _csv,
    ".json": _json,
}
"""What a picture can be written as, by the end of the file's name."""


def fitted(drawn: Drawn, width: float) -> Drawn:
    """The picture with panels so wide that all of it, with labels and legend, is as wide as wanted.

    Args:
        drawn: the picture.
        width: in points.
    """
    import altair  # noqa: PLC0415 - as above
    import vl_convert  # noqa: PLC0415

    specification = drawn.chart.to_dict()
    panel = specification.get("spec", specification)
    for _ in range(ROUNDS):
        found = re.search(r'width="([\d.]+)"', vl_convert.vegalite_to_svg(specification))
        assert found is not None
        panel["width"] += (width - float(found[1])) / specification.get("columns", 1)
        panel["width"] = max(panel["width"], LEAST)
    return dataclasses.replace(drawn, chart=altair.Chart.from_dict(specification))


def writer(path: Path) -> Callable[[Drawn], bytes]:
    """What makes a file of that name of a picture.

    Raises:
        InputError: a suffix that is not in `FORMATS`.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"--out {path}: give a name that ends in {', '.join(FORMATS)}.")
    return FORMATS[path.suffix.lower()]


def save(drawn: Drawn, path: Path) -> None:
    """Writes a picture, whole or not at all.

    Args:
        drawn: the picture.
        path: its suffix chooses the format, see `FORMATS`.

    Raises:
        InputError: another suffix, or a place that cannot be written.
    """
    made = writer(path)(drawn)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(made)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another --out.") from None
