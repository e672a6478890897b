"""Pictures of result tables: tables in, Altair charts out."""

from bench.figures.drawn import Drawn
from bench.figures.findings import against_theory
from bench.figures.grid import heat, layer_strip, loss_curves, sensitivity, stability
from bench.figures.growth import growth
from bench.figures.ledger import ledger
from bench.figures.look import PAPER, SCREEN, WIDE, Look
from bench.figures.own import own_charts
from bench.figures.path import trajectory
from bench.figures.rates import best_rates
from bench.figures.ratios import ratios
from bench.figures.study import charts

__all__ = [
    "PAPER",
    "SCREEN",
    "WIDE",
    "Drawn",
    "Look",
    "against_theory",
    "best_rates",
    "charts",
    "growth",
    "heat",
    "layer_strip",
    "ledger",
    "loss_curves",
    "own_charts",
    "ratios",
    "sensitivity",
    "stability",
    "trajectory",
]
