"""Vanishing or exploding: by which factor gradients change per layer at the start, in words and beside theory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from bench.outcome import varied
from bench.spec import Evidence, Finding
from bench.theory import meanfield

RANGES = {"float16": (6.1e-5, 65504.0), "bfloat16": (1.18e-38, 3.39e38), "float32": (1.18e-38, 3.4e38)}
RANGES |= {"float64": (2.3e-308, 1.7e308)}
"""Smallest normal and largest number of each dtype."""

LEVEL = 0.02  # a factor closer to 1 than this, or whose interval holds 1, is called level


def findings(evidence: Evidence) -> list[Finding]:
    """The factor per layer of ||dL/dz|| towards the input, for every configuration that differs in more than its seed.

    The slope of ln ||dL/dz_l|| over the hidden layers at step 0 is fitted by least squares for each run; its mean over
    the seeds comes with a 99 % interval (Student's t). Theory is the mean-field product along the trajectory of the
    variances (Schoenholz et al. 2017), where the network is one it speaks about.

    Args:
        evidence: of a grid of layered models whose probes include `norms`.

    Returns:
        A finding per configuration, its sentence as `reason`; nothing where no network has two hidden layers.
    """
    found: dict[tuple[tuple[str, Any], ...], list[tuple[Any, float]]] = {}
    axes = [name for name in varied(evidence.runs) if name.split(".")[0] in AXES]
    for run, steps, norms in evidence.layer("delta_norm") if "delta_norm" in evidence.layers else ():
        own = norms[0, :-1]
        if steps[0] != 0 or len(own) < 2 or not np.all(np.isfinite(own) & (own > 0)):
            continue
        slope = np.polyfit(np.arange(len(own)), np.log(own), 1)[0]
        key = tuple((name, run[name]) for name in axes if run[name] is not None and run[name] == run[name])
        found.setdefault(key, []).append((run, float(slope)))
    return [_finding(dict(key), members, evidence) for key, members in found.items()]


AXES = (
    "data", "split", "scaling", "constant_columns", "normalize_rows", "model", "depth", "width", "widths", "activation",
    "bias", "init", "loss", "dtype", "batch_size", "residual", "normalisation",
)  # fmt: skip
"""Axes, and prefixes of axes, on which gradients at the start can depend."""


def _finding(labels: Mapping[str, Any], members: Sequence[tuple[Any, float]], evidence: Evidence) -> Finding:
    run, seeds = members[0][0], len({run.seed for run, _ in members})
    slopes = np.array([np.mean([s for other, s in members if other.seed == seed]) for seed in _seeds(members)])
    factor, low, high = _interval(-slopes.astype(np.float64))
    theory = _theory(run, evidence)
    name = ", ".join(f"{axis} = {_plain(value)}" for axis, value in labels.items()) or "gradients"
    return Finding(
        f"{name}: factor per layer of ||dL/dz|| towards the input",
        factor,
        theory,
        "least squares over the hidden layers at step 0",
        low=low,
        high=high,
        seeds=seeds,
        reason=f"{name}: {sentence(factor, low, high, theory, run.dtype)}",
    )


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seeds(members: Sequence[tuple[Any, float]]) -> list[int]:
    return sorted({run.seed for run, _ in members})


def _interval(logs: NDArray[np.float64]) -> tuple[float, float, float]:
    """Factor and its 99 % interval; the factor alone where there is one seed."""
    mean = logs.mean()
    error = logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else np.nan
    half = scipy.special.stdtrit(len(logs) - 1, 0.995) * error
    return float(np.exp(mean)), float(np.exp(mean - half)), float(np.exp(mean + half))


def _theory(run: Any, evidence: Evidence) -> float | None:
    """Mean-field prediction for a plain network of equal layers, without biases of its own; None for others."""
    known = run.activation in meanfield.ACTIVATIONS and run.init in meanfield.SCALED_VARIANCES
    gain = run["init.gain"] if "init.gain" in run.columns() else 1.0
    biased = any(run[axis] for axis in ("init.bias", "init.hidden_bias") if axis in run.columns())
    own = {axis for axis in run.columns() if axis.startswith("activation.")}
    if run.model != "mlp" or not known or biased or own or run.width is None or run.width != run.width:
        return None
    x = evidence.table(run).x[:128]
    return meanfield.network_factor(run.activation, run.init, x, int(run.depth), int(run.width), gain)


def sentence(factor: float, low: float, high: float, theory: float | None, dtype: str) -> str:
    """What the factor means, in words.

    Args:
        factor: of ||dL/dz|| per layer towards the input.
        low, high: its interval; NaN where there is one seed.
        theory: what mean-field theory says, or None.
        dtype: in which numbers are kept.
    """
    level = abs(factor - 1) < LEVEL or low <= 1 <= high
    smallest, largest = RANGES[dtype]
    text = "stay level, by" if level else "shrink by" if factor < 1 else "grow by"
    interval = "" if np.isnan(low) else f" [{low:.3g}, {high:.3g}]"
    said = f"gradients {text} {factor:.3f} per layer{interval}"
    said += f"; theory {theory:.3f}" if theory is not None else "; no theory for this network"
    if not level:
        layers = int(np.ceil(np.log(smallest if factor < 1 else largest) / np.log(factor)))
        where = "below" if factor < 1 else "above"
        what = "resolution" if factor < 1 else "range"
        said += f"; {where} {dtype}'s {what} after {layers:,} layers"
    return said
