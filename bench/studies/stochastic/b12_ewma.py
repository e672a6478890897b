"""B12: does an exponentially weighted average smooth the curve of the batch losses?

Theory: v_n = b v_(n-1) + (1 - b) x_n, divided by 1 - b^n, starts at x_1 (Kingma and Ba 2015, section 3). Of white noise
the stationary average has the variance (1 - b) / (1 + b) and the correlation b of neighbours (Roberts 1959); behind a
ramp it is by b / (1 - b) steps, less at its start. Noise comes from single rows at parameters that stay, 512 series
of 475 blocks in which the average forgets: a mean square scatters by 7 % between series, a correlation of .5 by 7 %
too, so that EQ(.02) has ff < 1e-3.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, worst
from bench.studies import stochastic_lines as lines
from bench.theory import smoothing

SMOOTHS = Claim("smooths", "an exponentially weighted average smooths the curve of the loss", "S4")

BLOCKS = {0.5: 12, 0.9: 22, 0.98: 100}  # decay -> steps between looks at the average
NEIGHBOURS = {0.5: 1, 0.9: 10, 0.98: 10}  # decay -> of how many looks one has a second one a step later
PROFILES = {"full": (0.5, 0.9, 0.98), "quick": (0.5,), "cell": ()}
SERIES, LOOKS = 512, 475
RAMP, SLOPE = 2000, 1.0  # steps of the ramp, by which J falls each

ONE = {"data": "diabetes", "seed": 0}
SMOOTH = "Losses of batches of 8 rows: a larger decay is smoother and later"
WHITE = "Of white noise a share (1 - b) / (1 + b) of the variance is left"


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    ramp = {"model": "huber", "start.x": 1e4, "learning_rate": SLOPE, "steps": RAMP, "ewma.decay": list(BLOCKS)}
    rows = {"data": "diabetes", "model": "linear", "batch_size": 8, "learning_rate": 0.05, "steps": 300}
    every = {"dtype": "float64", "probes": "off", "checkpoints": 1}
    found = [Grid({**ramp, **every}), Grid({**rows, **every, "ewma.decay": [0.0, *BLOCKS], "seed": list(range(8))})]
    for decay in PROFILES[profile]:
        first, block = int(10 / (1 - decay)), BLOCKS[decay]  # the start weighs less than 1e-4 by then
        looks = {first + block * look for look in range(LOOKS)}
        looks |= {first + block * look + 1 for look in range(0, LOOKS, NEIGHBOURS[decay])}
        noise = {"data": "line", "data.offset": 10.0, "scaling": "raw", "model": "linear", "batch_size": 1}
        still = {
            "order": "replacement",
            "optimizer": "frozen_sgd",
            "optimizer.moving": 0.0,
            "seed": list(range(SERIES)),
        }
        run = {**every, "checkpoints": [tuple(sorted(looks))], "steps": max(looks), "ewma.decay": decay}
        found.append(Grid({**noise, **still, **run}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    curves = list(evidence.curve("ewma_loss"))
    found, shares = [], []
    truth = {
        run["ewma.decay"]: (steps, own) for run, steps, own in evidence.curve("train_loss") if run.model == "huber"
    }
    for decay, (steps, loss) in truth.items():
        average = next(own for run, _, own in curves if run.model == "huber" and run["ewma.decay"] == decay)
        lag = (average[1:] - loss[:-1]) / SLOPE
        found.append(exact(f"decay {decay:g}: steps behind a ramp", lag, smoothing.ramp_lag(decay, steps[1:]), 1e-9, 1))
        found.append(exact(f"decay {decay:g}: steps behind a long ramp", lag[-1], decay / (1 - decay), 1e-9))
    costs = {(run.seed, run["ewma.decay"]): own[1:] for run, _, own in curves if run.data == "diabetes"}
    for decay in BLOCKS:
        pairs = [(costs[seed, 0.0], own) for (seed, other), own in costs.items() if other == decay]
        raw, got = (np.stack(own) for own in zip(*pairs, strict=True))
        label = f"batches of 8 rows, decay {decay:g}: average"
        found.append(exact(f"{label} against lfilter", got, smoothing.corrected(raw, decay), 1e-9, seeds=len(raw)))
        found.append(exact(f"{label} after one step / first loss", got[:, 0] / raw[:, 0], 1, 1e-12, seeds=len(raw)))
        shares.append(np.sum(np.diff(got) ** 2, axis=1) / np.sum(np.diff(raw) ** 2, axis=1))
    found += _noise(evidence, [(run, steps, own) for run, steps, own in curves if run.data == "line"])
    rough = float(np.max(shares))
    verdict = "SUPPORTED" if worst(found) == "PASS" and rough < 1 else "REFUTED"
    return [*found, claim(SMOOTHS, verdict, rough, 1.0, "most squared change per step / that of the batch losses < 1")]


def _noise(evidence: Evidence, curves: Sequence[Any]) -> Iterator[Finding]:
    for decay in dict.fromkeys(run["ewma.decay"] for run, *_ in curves):
        own = [(steps, average) for run, steps, average in curves if run["ewma.decay"] == decay]
        noise = evidence.table(next(run for run, *_ in curves)).y ** 2 / 2  # the loss of each row
        steps = own[0][0]
        away = np.stack([average for _, average in own])[:, 1:] - noise.mean()  # the first look is before any step
        label, shared = f"white noise, decay {decay:g}: ", np.diff(steps[1:]) == 1
        want = smoothing.variance_share(decay)
        yield equivalent(
            f"{label}variance of the average / its own", np.mean(away**2, axis=1) / noise.var(), want, 0.02
        )
        now, then = away[:, :-1][:, shared], away[:, 1:][:, shared]
        alike = 2 * np.sum(now * then, axis=1) / np.sum(now**2 + then**2, axis=1)
        yield equivalent(f"{label}correlation of neighbours", alike, decay, 0.02)


def _uncorrected(evidence: Evidence) -> Evidence:
    decay = evidence.curves["ewma.decay"]
    average = evidence.curves["ewma_loss"] * (1 - decay ** evidence.curves["step"])
    return dataclasses.replace(evidence, curves=evidence.curves.assign(ewma_loss=average))


STUDY = Study(
    id="B12",
    name="ewma",
    title="Does an exponentially weighted average smooth the curve of the loss?",
    claims=(SMOOTHS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the bias of the start is not corrected", evidence=_uncorrected),),
    figures=(
        Figure(SMOOTH, "curves", "step", "ewma_loss", "ewma.decay", None, "y", ONE, lines.averaged),
        Figure(WHITE, lines.left_of_noise, *lines.LEFT, log="y", theory=lines.variance_shares),
    ),
)
