"""Writing the page: as a whole or not at all, and without the libraries of figures until they are needed."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from bench.errors import InputError

NEEDED = ("altair", "jinja2", "vl_convert")
REMEDY = "`pip install -c constraints.txt -e '.[report]'`"


def missing() -> list[str]:
    """Libraries of the extra `report` that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def write(
    results: Path,
    asked: Sequence[str] = (),
    profile: str | None = None,
    out: Path | None = None,
    static: bool = True,
) -> Path:
    """Writes the page and returns its path.

    Args:
        results: folder of the results.
        asked: studies, ids, families or names of grids; everything that is there unless given.
        profile: `full` or `quick`; the fuller one unless given.
        out: the file; `report.html` in the folder unless given.
        static: put pictures in for browsers that run no scripts.

    Raises:
        InputError: the extra `report` is not installed, there are no results, or the file cannot be written.
    """
    absent = missing()
    if absent:
        raise InputError(f"the page needs {', '.join(absent)}; {REMEDY} installs what is missing.")
    from threadpoolctl import threadpool_limits

    from bench.report.collect import there
    from bench.report.drawing import read_and_drawn
    from bench.report.page import html

    path = out or results / "report.html"
    found = there(results, asked, profile)
    with threadpool_limits(limits=1, user_api="blas"):  # theory has small matrices, which threads slow down
        report, drawn = read_and_drawn(results, found, static)
        page = html(report, static, drawn)
    save(page, path)
    return path


def save(text: str, path: Path) -> None:
    """Writes a file.

    Raises:
        InputError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}; choose another file with --out.") from None
