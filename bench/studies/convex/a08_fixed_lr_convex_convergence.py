"""A08: does gradient descent with a fixed step converge on convex functions?

Theory: J_{k+1} <= J_k - eta (1 - eta L / 2) ||g||^2 (Nesterov 2004, section 1.2.3), and for convex J with eta = h / L
J_N - J* <= L R^2 / 2 max(1 / (2 N h + 1), (1 - h)^(2 N)), attained by a Huber function with the kink R / (2 N h + 1) or
by the parabola (Drori and Teboulle 2014, theorems 3.1 and 3.2). Where X has no full rank, the component of theta_0 in
its null space stays: the limit is that component plus X^+ y.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import descent, quadratics

FIXED = Claim("fixed-step", "a fixed step still converges, because the slope shrinks", "S0, S2", "CONDITIONAL")
ALWAYS = Claim("always", "linear regression always converges to its one global optimum", "S2", "CONDITIONAL")

LENGTHS = {"full": (1, 5, 20, 100, 1000), "quick": (5, 100), "cell": (5,)}  # N
SPEEDS = (0.5, 1.0, 1.5, 1.99)  # h
TOO_LARGE = 2.01
WIDE = {"data": "gaussian", "data.rows": 20, "data.features": 50, "scaling": "raw", "bias": False}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    record = {"dtype": "float64", "checkpoints": "end", "probes": "off", "start.x": 1.0}
    found = []
    for steps, speed in itertools.product(LENGTHS[profile], SPEEDS):
        kinks = [float(descent.huber_kink(steps, speed)), 2.0]
        found.append(Grid({"model": "huber", "surface.kink": kinks, "learning_rate": speed, "steps": steps, **record}))
    path = {"dtype": "float64", "checkpoints": 1, "probe_rows": "all", "probes": "gradient_norm"}
    _, largest = quadratics.extremes(data("diabetes").x)
    rates = [speed / largest for speed in SPEEDS]
    found.append(Grid({"data": "diabetes", "model": "linear", "steps": 200, "learning_rate": rates, **path}))
    parabola = {"model": "huber", "surface.kink": 1e9, "start.x": 1.0, "learning_rate": TOO_LARGE}
    found.append(Grid({**parabola, **path, "steps": 200}))
    if profile != "cell":
        table = data(**{key.removeprefix("data."): value for key, value in WIDE.items() if key != "bias"})
        rate = 1 / quadratics.extremes(table.x, bias=False)[1]
        run = {"model": "linear", "init": "normal", "init.gain": [0.0, 1.0], "dtype": "float64", "probes": "parameters"}
        found.append(Grid({**WIDE, **run, "learning_rate": rate, "steps": 3000, "checkpoints": "end"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    slow, limits = list(_slowest(evidence)), list(_limits(evidence))
    descends, rises = _descent(evidence)
    findings = [*slow, *descends, *limits]
    verdict = "REFUTED" if worst(findings) != "PASS" else "CONDITIONAL" if rises == 1 else "SUPPORTED"
    region = "eta < 2 / L; one optimum only where X has full column rank"
    share = "share of rising steps at 2.01 / L"
    return [*findings, *(claim(one, verdict, rises, 1.0, share, region) for one in (FIXED, ALWAYS))]


def _slowest(evidence: Evidence) -> Iterator[Finding]:
    """The gap after N steps on the slowest function of the class, and the bound on others."""
    rows = evidence.runs[(evidence.runs["model"] == "huber") & (evidence.runs["learning_rate"] < 2)]
    names = ("steps", "learning_rate", "surface.kink", "final_train_loss")
    steps, speed, kink, gap = (rows[name].to_numpy() for name in names)
    limit, tuned = descent.convex_gap(steps, speed), np.isclose(kink, descent.huber_kink(steps, speed))
    one, parabola = tuned & (speed == 1), (1 - speed) ** (2 * steps) / 2
    yield exact("h = 1: J_N - J* on the slowest Huber function", gap[one], limit[one], 1e-12)
    yield exact("J_N - J* on the slowest Huber function", gap[tuned], 1 / (4 * steps * speed + 2)[tuned], 1e-11)
    seen = ~tuned & (parabola > 1e-25)
    yield exact("J_N - J* on the parabola", gap[seen], parabola[seen], 1e-9)
    yield bound("J_N - J* / its bound", gap, limit)


def _descent(evidence: Evidence) -> tuple[list[Finding], float]:
    """The descent inequality at every step for h < 2, and the share of steps at h = 2.01 on which J rises."""
    losses, kept, rises = {run.run: loss for run, _, loss in evidence.curve("train_loss")}, [], []
    for run, _, norm in evidence.curve("gradient_norm"):
        loss = losses[run.run]
        largest = 1.0 if run.model == "huber" else quadratics.extremes(evidence.table(run).x)[1]
        h, gain = run.learning_rate * largest, loss[:-1] - loss[1:]
        if run.model == "huber" and h > 2:
            rises.append(float(np.mean(gain < 0)))
        elif run.model == "linear":
            promised = run.learning_rate * (1 - h / 2) * norm[:-1] ** 2
            kept.append((promised / np.maximum(gain, 1e-300))[promised > 1e-9 * loss[0]])
    found = [bound("promised decrease / decrease, diabetes", np.concatenate(kept), 1)]
    found.append(exact("h = 2.01: share of steps on which the parabola rises", rises, 1, 0))
    return found, min(rises)


def _limits(evidence: Evidence) -> Iterator[Finding]:
    """20 rows, 50 features: the limit keeps what theta_0 has in the null space of X."""
    for run, _, theta in evidence.vector("parameter"):
        table = evidence.table(run)
        inverse = np.linalg.pinv(table.x)
        want = inverse @ table.y + theta[0] - inverse @ (table.x @ theta[0])
        yield exact(
            f"rank 20 of 50, start of size {run['init.gain']:g}: limit", theta[-1], want, 1e-6, np.abs(want).max()
        )


def _one_step_short(schedule: Any) -> Any:
    """The last step is lost: the rate of step 0 is 0."""
    return schedule._replace(rate=lambda hyper, step: schedule.rate(hyper, step) * (step > 0))


STUDY = Study(
    id="A08",
    name="fixed_lr_convex_convergence",
    title="Does gradient descent with a fixed step converge on convex functions?",
    claims=(FIXED, ALWAYS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("one step is lost", bugs.replace("schedules", "constant", _one_step_short)),),
    figures=(Figure("J_N on Huber functions", "runs", "steps", "final_train_loss", "learning_rate", log="xy"),),
)
