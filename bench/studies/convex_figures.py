"""Figures of convex problems that show what stands in no table, with theory over them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.spec import Evidence, Figure, Frame
from bench.studies.lines import rows
from bench.theory import quadratics


def steps_by_condition(read: Callable[..., Any], ratio: float) -> Figure:
    """Steps until a share of the error is left over the condition number, and the most that any start needs.

    Args:
        read: (evidence, run, steps, parameters) -> `kappa` and `measured`, NaN if the share was not reached.
        ratio: that share.
    """
    names = "condition number", f"steps until 1/{1 / ratio:g} of the error is left", "scaling"

    def seen(evidence: Evidence) -> Frame:
        found = []
        for run, steps, theta in evidence.vector("parameter"):
            one = read(evidence, run, steps, theta)
            found.append((one.kappa, one.measured, run.scaling or "two features of other scales"))
        return rows(names, found)

    def most(evidence: Evidence) -> Frame:
        own = seen(evidence).dropna()
        at = np.geomspace(max(own[names[0]].min(), 1.1), own[names[0]].max(), 30)
        alike = own[names[2]].iloc[0]  # the same for all
        return rows(names, [(kappa, quadratics.most_steps(kappa, ratio), alike) for kappa in at])

    return Figure("Steps grow with the condition number; dashed, the worst case", seen, *names, log="xy", theory=most)
