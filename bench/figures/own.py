"""The pictures of a grid of one's own, on its card and from `python -m bench.figure`."""

from bench.figures.drawn import Drawn
from bench.figures.grid import Tables, heat, loss_curves, sensitivity
from bench.figures.look import SCREEN, Look
from bench.figures.rates import best_rates
from bench.spec import Frame


def own_charts(tables: Tables, rates: Frame, look: Look = SCREEN) -> list[Drawn]:
    """What there is to see, in the order in which it is shown.

    Args:
        tables: by name, as `bench.load` returns them.
        rates: the best learning rates; no rows where none were found.
        look: what the pictures are made for.
    """
    found = (
        sensitivity(tables, look),
        best_rates(rates, look) if len(rates) else None,
        heat(tables, look),
        loss_curves(tables, look=look),
    )
    return [drawn for drawn in found if drawn]
