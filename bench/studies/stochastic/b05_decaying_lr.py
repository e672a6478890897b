"""B05: does stochastic descent need a learning rate that decreases, and may it be any a / (t + b)?

Theory: the mean of measurements is found by w <- w - eta_t (w - x_t). Each w is a linear function of x, which gives its
bias and variance exactly: with eta_t = a / (t + b) the bias falls like t^-a and, for a > 1/2, t Var goes to
a^2 / (2 a - 1) (Robbins and Monro 1951; Chung 1954); a = 1, b = 0 is the running mean; the average of the iterates
under eta_t ~ t^(-2/3) reaches t Var = 1 for any a (Polyak and Juditsky 1992).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, sign, worst
from bench.studies import bugs
from bench.studies.stochastic_lines import RISK
from bench.theory import noise

DECREASE = Claim("decrease", "stochastic descent needs a decreasing rate, eta = a / (i + b)", "S2", "CONDITIONAL")

STEPS, LOOKS, START = 2000, (125, 500), 3.0
SEEDS, DRAWS = 40, 125  # 5000 chains: EQ(.15) of a variance needs 3867
SLOW, RIGHT = 0.25, 1.0  # a: too small, and the one that weighs all measurements alike
CHAINS: dict[str, Any] = {"data": "measurements", "data.rows": STEPS, "data.draws": DRAWS, "split": "own"}
CHAINS |= {"scaling": "raw", "bias": False, "start.weight": START, "order": "sequential", "dtype": "float64"}
FACTORS = {"full": [SLOW, 0.5, RIGHT, 2.0], "quick": [SLOW, RIGHT, 2.0], "cell": [SLOW, RIGHT]}
OFFSETS = {"full": [0.0, 1.0, 2.0, 10.0, 100.0], "quick": [0.0, 10.0], "cell": [0.0, 1.0]}
CONSTANT = {"full": [0.003, 0.01, 0.03, 0.1, 0.3], "quick": [0.003, 0.01, 0.1], "cell": [0.003, 0.01]}
SEEN = {"schedule": "inverse_time", "data": "measurements", "schedule.offset": 0.0}
PACES = {"learning_rate": [0.1, 10.0], "schedule.offset": [10.0, 1000.0]}  # on diabetes, both from eta = .01
REAL: dict[str, Any] = {"data": "diabetes", "steps": 5000, "seed": list(range(12)), "checkpoints": "end"}
REAL |= {"probes": "off"}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    run = {"model": "linear", "batch_size": 1, "probes": "parameters", "probe_rows": 8}
    chains = {**run, **CHAINS, "steps": STEPS, "seed": list(range(SEEDS)), "checkpoints": [LOOKS]}
    decay = {"schedule": "inverse_time", "learning_rate": FACTORS[profile], "schedule.offset": OFFSETS[profile]}
    found = [Grid({**chains, **decay}), Grid({**chains, "learning_rate": CONSTANT[profile], "checkpoints": "end"})]
    if profile != "cell":
        power = {"schedule": "power", "schedule.power": 2 / 3, "learning_rate": [0.5, 1.0, 2.0], "checkpoints": "end"}
        found.append(Grid({**chains, **power, "optimizer": "averaged_sgd", "probes": "moments"}))
        found += [Grid({**run, **REAL, "schedule": "inverse_time", **PACES}, zipped=[tuple(PACES)])]
        found += [Grid({**run, **REAL, "learning_rate": 0.01})]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found = [*_decays(evidence), *_averages(evidence)]
    rows = evidence.runs[evidence.runs["data"] == "measurements"]
    keys = ["schedule", "learning_rate", "schedule.offset"]
    risk = rows.groupby(keys, observed=True, dropna=False)["final_test_loss"].mean().groupby(keys[:2]).min()  # best b
    constant, right, slow = risk["constant"].min(), risk["inverse_time", RIGHT], risk["inverse_time", SLOW]
    losses = evidence.runs[evidence.runs["data"] == "diabetes"]
    if len(losses):
        by_rate = losses.pivot(index="seed", columns="learning_rate", values="final_train_loss")
        found.append(sign("diabetes: a = .1, b = 10 ends above eta = .01", by_rate[0.1] - by_rate[0.01], 11))
        found.append(sign("diabetes: a = 10, b = 1000 ends below eta = .01", by_rate[0.01] - by_rate[10.0], 11))
    if worst(found) != "PASS" or right > constant:
        verdict = "REFUTED"
    else:
        verdict = "CONDITIONAL" if slow > constant else "SUPPORTED"
    rule = "risk at a = 1/4 / least risk of a constant rate > 1: conditional"
    return [*found, claim(DECREASE, verdict, slow / constant, 1.0, rule, "a lambda > 1/2, or iterates averaged")]


def _decays(evidence: Evidence) -> Iterator[Finding]:
    cells: dict[tuple[float, float], list[NDArray[np.float64]]] = {}
    for run, steps, w in evidence.vector("parameter"):
        a, b = run.learning_rate, run["schedule.offset"]
        if run.schedule == "inverse_time":
            cells.setdefault((a, b), []).append(w)
        if run.schedule == "inverse_time" and (a, b) in ((RIGHT, 0), (RIGHT, 1)) and len(cells[a, b]) == 1:
            sums = (b * START + np.cumsum(evidence.table(run).y, axis=0))[steps[1:] - 1]
            yield exact(f"a = 1, b = {b:g}: the mean", w[1:], sums / (steps[1:, None] + b), 1e-12, START, seeds=1)
    time = np.array([*LOOKS, STEPS])
    for (a, b), series in cells.items():
        weights = noise.mean_weights(a / (np.arange(1.0, STEPS + 1) + b))[1]
        spread = [w[-1].var(ddof=1) for w in series]
        label = f"a = {a:g}, b = {b:g}"
        yield equivalent(f"{label}: variance of w", spread, float(weights @ weights), 0.15)
        if a == SLOW:
            bias = np.mean([w[1:].mean(axis=1) for w in series], axis=0)
            slope = np.polyfit(np.log(time + b), np.log(bias), 1)[0] if np.min(bias) > 0 else np.nan
            yield exact(f"{label}: slope of log bias over log (t + b)", slope, -a, 0.02, 1, seeds=SEEDS)


def _averages(evidence: Evidence) -> Iterator[Finding]:
    cells: dict[float, list[float]] = {}
    for run, _, mean in evidence.vector("mean"):
        cells.setdefault(run.learning_rate, []).append(float(STEPS * mean[-1].var(ddof=1)))
    for a, values in cells.items():
        weights = noise.mean_weights(a * np.arange(1.0, STEPS + 1) ** (-2 / 3), averaged=True)[1]
        yield equivalent(f"average under {a:g} t^(-2/3): t Var", values, float(STEPS * weights @ weights), 0.15)


def _from_zero(schedule: Any) -> Any:
    return schedule._replace(rate=lambda hyper, step: schedule.rate(hyper, step - 1))


def _per_epoch(schedule: Any) -> Any:
    return schedule._replace(rate=lambda hyper, step: schedule.rate(hyper, step // 100))


STUDY = Study(
    id="B05",
    name="decaying_lr",
    title="Does stochastic descent need a decreasing learning rate, and may it be any a / (t + b)?",
    claims=(DECREASE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("t starts at 0", bugs.replace("schedules", "inverse_time", _from_zero)),
        Mutant("the rate falls every 100 steps", bugs.replace("schedules", "inverse_time", _per_epoch)),
    ),
    figures=(Figure("Risk falls as a allows", "curves", "step", "test_loss", "learning_rate", None, "xy", SEEN, RISK),),
)
