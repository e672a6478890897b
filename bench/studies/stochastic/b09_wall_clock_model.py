"""B09: which batch size is the fastest on the clock?

Theory: a step on B rows takes a + b B seconds, and S_min (1 + B_c / B) steps reach a target (McCandlish et al. 2018,
eq. 2.11), so that B* = sqrt(a B_c / b) is the fastest. Where rows are worked on one by one (a = 0) seconds are samples
and B = 1 is as good as any, where all are worked on at once (b = 0) seconds are steps and all rows are best. A clock
decides about the implementation only by what none can show: more operations in a second than any machine does.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import stochastic_figures
from bench.theory import batches

VECTORISED = Claim("vectorised", "one gradient of 100 rows is far cheaper than 100 gradients of one row", "S2")
COMPROMISE = Claim("compromise", "mini-batch descent is the best compromise in time", "S4", "CONDITIONAL")

ROWS, REPEATS, SEEDS, TARGET = 1400, 16, 8, 0.25  # the first execution warms up
MANY = 128  # rows of a vectorised gradient, at least
TIMED = {"full": (1, 4, 16, 64, MANY, 256, 1024, ROWS), "quick": (1, MANY), "cell": (1, MANY)}
TRAINED = {"full": (1, 4, 16, 64, 256, ROWS), "quick": (1, 16, ROWS), "cell": ()}
FASTEST = 2e12  # operations in a second that no processor does for one small model


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    softmax = {"data": "digits", "model": "softmax", "split": f"{ROWS}/0", "probes": "off"}
    clock = {"batch_size": list(TIMED[profile]), "steps": [2000 if size <= 256 else 400 for size in TIMED[profile]]}
    found = [Grid({**softmax, **clock, "repeats": REPEATS, "checkpoints": "end"}, [tuple(clock)])]
    for size in TRAINED[profile]:
        most = max(12, 2000 // size)
        looks = np.unique(np.geomspace(max(most // 18, 1), most, 40).round().astype(int))
        run = {"batch_size": size, "steps": most, "checkpoints": [tuple(looks.tolist())], "seed": list(range(SEEDS))}
        found.append(Grid({**softmax, **run, "learning_rate": [2.0**power for power in range(-7, 3)]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    timed = evidence.runs[evidence.runs["repeats"] == REPEATS]
    sizes = timed["batch_size"].fillna(ROWS).to_numpy(float)
    seconds = (timed["seconds"] / timed["steps"]).to_numpy()
    counted = exact("gradients of rows / (steps x B)", timed["gradient_evaluations"] / timed["steps"] / sizes, 1, 0)
    work = 4 * evidence.data("digits").x.shape[1] * 10 * sizes  # multiply and add, forward and backward
    found = [counted, bound("operations per second / more than possible", work / seconds / FASTEST, 1, tight=None)]
    gain = float(seconds[sizes == 1][0] / np.min((seconds / sizes)[sizes >= MANY]))
    fast = "SUPPORTED" if worst(found) == "PASS" and gain >= 3 else "REFUTED"
    found.append(claim(VECTORISED, fast, gain, 3.0, f"seconds of a row at B = 1 / at the best B >= {MANY} >= 3"))
    return [*found, *_trained(_steps(evidence), sizes, seconds)]


def _steps(evidence: Evidence) -> dict[float, float]:
    """Per batch size the mean number of steps to the target, at the learning rate where it is least."""
    found: dict[float, dict[float, list[float]]] = {}
    for run, steps, loss in evidence.curve("train_loss"):
        if run.repeats == 1:
            size, hit = ROWS if run.regime == "batch" else run.batch_size, steps[loss <= TARGET]
            found.setdefault(size, {}).setdefault(run.learning_rate, []).append(float(hit[0]) if len(hit) else np.inf)
    return {size: min(float(np.mean(own)) for own in rates.values()) for size, rates in sorted(found.items())}


def _trained(steps: dict[float, float], sizes: Any, seconds: Any) -> Iterator[Finding]:
    """The law of steps, this machine's fastest size, and which sizes are best on the two extreme machines."""
    if not steps:
        return
    batch, mean = np.array(list(steps)), np.array(list(steps.values()))
    _, critical, share = batches.fit_steps_law(batch, mean) if np.isfinite(mean).all() else (1.0, np.nan, np.nan)
    law = exact("R^2 of ln S = ln S_min (1 + B_c / B)", share, 1, 0.05, seeds=SEEDS)
    yield law
    per_row, overhead = np.polyfit(sizes, seconds, 1, w=1 / seconds)
    best = batches.fastest_size(max(overhead, 0), per_row, critical) if per_row > 0 else np.nan
    fit = 1 - np.sum((seconds - overhead - per_row * sizes) ** 2) / np.sum((seconds - seconds.mean()) ** 2)
    fastest = sizes[np.argmin(seconds * (1 + critical / sizes))]
    for name, value, want in (
        ("fastest batch size", fastest, best),
        ("R^2 of the seconds of a step = a + b B", fit, 1),
    ):
        yield Finding(f"this machine: {name}", float(value), float(want), "reported, a clock decides nothing")
    inner = (batch > 1) & (batch < ROWS)
    row_by_row, at_once = batch[0] * mean[0] / np.min((batch * mean)[inner]), np.min(mean[inner]) / mean[-1]
    region = f"a / b from 1 / B_c to m^2 / B_c rows, B_c = {critical:.0f}; B = 1 or m where rows cost all or nothing"
    held = "CONDITIONAL" if at_once > 1.25 or row_by_row <= 1.25 else "SUPPORTED"
    verdict = held if law.impl == "PASS" else "REFUTED"
    yield claim(COMPROMISE, verdict, row_by_row, 1.25, "samples of B = 1 / of the best mini-batch > 1.25", region)


def _without_blocking(evidence: Evidence) -> Evidence:
    """The clock stops when the program is under way."""
    return dataclasses.replace(evidence, runs=evidence.runs.assign(seconds=1e-4))


def _steps_for_gradients(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, runs=evidence.runs.assign(gradient_evaluations=evidence.runs["steps_taken"]))


STUDY = Study(
    id="B09",
    name="wall_clock_model",
    title="Which batch size is the fastest on the clock?",
    claims=(VECTORISED, COMPROMISE),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("time is taken without blocking", evidence=_without_blocking),
        Mutant("a step counts as one gradient", evidence=_steps_for_gradients),
    ),
    figures=(stochastic_figures.step_seconds(ROWS, REPEATS),),
)
