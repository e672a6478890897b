"""A17: do a larger learning rate, larger parameters and larger gradients feed each other until they explode?

Theory: on x^4 gradient descent is x <- x (1 - 4 eta x^2), which diverges iff |x_0| > 1 / sqrt(2 eta), where a step
leads to -x_0: every start has a learning rate that is too large, and every rate a start. From inside, x_k approaches
1 / sqrt(8 eta k), as 1 / x^2 grows by 8 eta per step. With the gradient clipped at 1 none of these starts diverges.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, bound, claim, exact, worst
from bench.stats.bracket import bracket, inside
from bench.studies import bugs

TEXT = "a larger learning rate makes parameters larger, these the gradients, until all explode"
FEEDBACK = Claim("feedback", TEXT, "S1")
RETUNE = Claim("retune", "the learning rate has to be tuned again as the parameters grow", "S1")

RATES = {"full": (0.01, 0.1, 1.0), "quick": (0.01, 0.1, 1.0), "cell": (0.1,)}
RATIOS = (0.9, 0.999, 1.001, 1.1)  # x_0 in units of 1 / sqrt(2 eta)
STEPS = 2000
EARLY = 20  # steps that are all looked at


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rates = RATES[profile]
    clipped = {"clip": "norm", "clip.threshold": 1.0}
    return [_grid(rates, [RATIOS] * len(rates)), _grid(rates, [(1.1, 2.0)] * len(rates), clipped)]


def _grid(rates: Sequence[float], ratios: Sequence[Sequence[float]], more: Any = None) -> Grid:
    cells = [(rate, ratio / np.sqrt(2 * rate)) for rate, own in zip(rates, ratios, strict=True) for ratio in own]
    run = {"model": "quartic", "steps": STEPS, "checkpoints": [(*range(EARLY), STEPS // 2, STEPS)], "dtype": "float64"}
    axes = {"learning_rate": [rate for rate, _ in cells], "start.x": [float(x) for _, x in cells], "start.y": 0.0}
    return Grid({**axes, **run, "probes": "parameters", **(more or {})}, [["learning_rate", "start.x"]])


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """One more round of starts, inside the bracket of the first."""
    gaps = {rate: gap for rate in evidence.runs["learning_rate"].unique() if (gap := _gap(evidence, rate))}
    return () if completed or not gaps else [_grid(list(gaps), [inside(*gap, 14) for gap in gaps.values()])]


def _gap(evidence: Evidence, rate: float) -> tuple[float, float] | None:
    """Around the largest start that converges, in units of 1 / sqrt(2 eta)."""
    runs = evidence.runs[(evidence.runs["learning_rate"] == rate) & (evidence.runs["clip"] == "none")]
    return bracket(runs["start.x"] * np.sqrt(2 * rate), runs["status"] != "diverged")


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, grows, limits = [], [], []
    for rate in evidence.runs["learning_rate"].unique():
        low, high = _gap(evidence, rate) or (np.nan, np.nan)
        limits.append(bisect(f"eta = {rate:g}: largest start that converges / (1 / sqrt(2 eta))", low, high, 1.0, 1e-3))
        own = [item for item in evidence.vector("parameter") if item[0].learning_rate == rate]
        plain = [(run.status, theta[:, 0]) for run, _, theta in own if run.clip == "none"]
        early = [x[:EARLY][np.abs(x[:EARLY]) < 1e50] for _, x in plain]
        now, after = (np.concatenate(part) for part in zip(*((x[:-1], x[1:]) for x in early), strict=True))
        want = now * (1 - 4 * rate * now**2)
        found.append(exact(f"eta = {rate:g}: every step", after, want, 1e-12, np.maximum(np.abs(now), np.abs(want))))
        growth = [np.diff(1 / x[-2:] ** 2) / (STEPS // 2) for status, x in plain if status != "diverged"]
        found.append(exact(f"eta = {rate:g}: growth of 1 / x^2 per step", growth, 8 * rate, 1e-3))
        ends = [abs(theta[-1, 0]) * np.sqrt(2 * rate) for run, _, theta in own if run.clip == "norm"]
        found.append(bound(f"eta = {rate:g}, clipped: last |x| / (1 / sqrt(2 eta))", ends, 1, tight=None))
        diverged = [x for (status, _), x in zip(plain, early, strict=True) if status == "diverged"]
        grows += [float(np.mean(np.diff(np.abs(x)) > 0)) for x in diverged]
    rise, same = min(grows, default=0.0), worst(limits) == "PASS"
    feeds = "SUPPORTED" if rise == 1 and same else "REFUTED"
    most = max((finding.measured or 0.0) ** 2 / 2 for finding in limits)
    return [
        *limits,
        *found,
        claim(FEEDBACK, feeds, rise, 1.0, "share of steps of diverging runs on which |x| and |g| = 4 |x|^3 grow"),
        claim(RETUNE, "SUPPORTED" if same else "REFUTED", most, 0.5, "largest eta times x_0^2 that converges"),
    ]


def _unclipped(clip: Any) -> Any:
    return clip._replace(make=lambda h: clip.make({**h, "clip.threshold": 1e300 * h["clip.threshold"]}))


def _square(gradient: Any) -> Any:
    """4 x^2 for 4 x^3."""
    return {"position": 4 * abs(gradient["position"] / 4) ** (2 / 3)}


STUDY = Study(
    id="A17",
    name="lr_weight_gradient_feedback",
    title="Do learning rate, parameters and gradients feed each other until they explode?",
    claims=(FEEDBACK, RETUNE),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    refine=refine,
    mutants=(
        Mutant("the gradient is 4 x^2", bugs.replace("methods", "sgd", bugs.on_gradient(_square))),
        Mutant("clipping is forgotten", bugs.replace("clips", "norm", _unclipped)),
    ),
    figures=(Figure("x^4 from either side", "curves", "step", "train_loss", "start.x", "learning_rate", "xy"),),
)
