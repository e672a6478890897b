"""descentbench: whole grids of gradient descent trained at once, every result held against theory.

`bench.load(study)` reads result tables, `bench.run_grid(grid)` trains a grid; both import JAX or pandas only when
called, so that the command line starts fast.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from bench.api import Result, load, run_grid
    from bench.spec import Grid

__all__ = ["Grid", "Result", "load", "run_grid"]


def __getattr__(name: str) -> Any:
    if name == "Grid":
        from bench.spec import Grid

        return Grid
    if name in ("Result", "load", "run_grid"):
        from bench import api

        return getattr(api, name)
    raise AttributeError(f"module 'bench' has no attribute {name!r}")
