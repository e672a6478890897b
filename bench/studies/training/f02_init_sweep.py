"""F02: a deep network learns fastest from weights that keep the gradient's size, and more slowly on either side.

Theory: on its way down the gradient changes by chi = sigma_w^2 E phi'^2 per layer (Schoenholz et al. 2017, eqs. 3 and
8), which is 1 for ReLU at sigma_w^2 = 2 (He et al. 2015, eq. 10); for tanh the factors of ten layers along the
variance's own trajectory multiply to 1 between 1.5 and 2. The output layer keeps sigma_w^2 = 1 in every network.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, exact, sign
from bench.studies import bugs
from bench.theory import meanfield

FASTER = Claim("faster", "good initial weights make a deep network converge faster", "S0, S3")
STEADY = Claim("steady", "good initial weights keep gradients from vanishing and exploding", "S0, S3")

DEPTH, STEPS, SEEDS, TARGET = 10, 200, 12, 0.9
SMALL, GOOD, LARGE = 0.333333, 1.5, 4.0
VARIANCES = {"relu": [SMALL, GOOD, 2.0, 2.5, LARGE], "tanh": [SMALL, 1.0, GOOD, 2.0, LARGE]}
REGION = {"relu": (1.5, 2.5), "tanh": (1.0, 2.0)}  # where the fastest start has to lie


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0}
    look = {"split": "16/16", "steps": 0, "probes": [("layer_gradients", "layer_state")], "seed": list(range(64))}
    run = {"batch_size": 64, "steps": STEPS, "checkpoints": 12, "probes": "off", "seed": list(range(SEEDS))}
    rates = {"learning_rate": [0.03, 0.1, 0.3] if profile == "full" else [0.1]}
    found = []
    for name in VARIANCES if profile == "full" else ["tanh"]:
        kept = VARIANCES[name] if profile == "full" else [SMALL, GOOD, LARGE]
        start = {"init.gain": [v**0.5 for v in kept], "init.output_gain": [v**-0.5 for v in kept]}
        net = {"model": "mlp", "depth": DEPTH, "width": 64, "init": "lecun", "activation": name, **start}
        found += [Grid({**rows, **net, **more}, [tuple(start)]) for more in (look, {**run, **rates})]
    return found if profile != "cell" else found[:1]


def judge(evidence: Evidence) -> Sequence[Finding]:
    ratios, speeds = _ratios(evidence, "delta_norm", 0, DEPTH - 1), []
    for name, own in _steps(evidence).items():
        speeds.append(_fastest(name, own))
        for other in (SMALL, LARGE):
            saved = own[other].min(axis=0) - own[GOOD].min(axis=0)
            speeds.append(sign(f"{name}: steps to {TARGET:.0%}, sigma_w^2 = {other:.3g} less those of {GOOD}", saved))
    start = [*_start(ratios), *_outputs(evidence)]
    if not speeds:
        return start
    logs = [[abs(np.log(np.median(own[v]))) for v in (SMALL, GOOD, LARGE)] for own in ratios.values()]
    tilt = min(min(small, large) / good for small, good, large in logs)
    won, rule = float(np.mean([finding.impl == "PASS" for finding in speeds])), "share of comparisons won"
    faster = claim(FASTER, "SUPPORTED" if won == 1 else "CONDITIONAL" if won > 0.5 else "REFUTED", won, 1.0, rule)
    rule = f"|ln ||delta_1|| / ||delta_L||| at 1/3 or 4, whichever is less, in units of that at {GOOD}"
    return [*start, *speeds, faster, claim(STEADY, "SUPPORTED" if tilt > 1 else "REFUTED", tilt, 1.0, rule)]


def _ratios(evidence: Evidence, column: str, above: int, below: int) -> dict[str, dict[float, Any]]:
    """One layer's column over another's at the start, one per seed."""
    found: Any = defaultdict(lambda: defaultdict(list))
    for run, _, value in evidence.layer(column):
        found[run.activation][float(round(run["init.gain"] ** 2, 6))].append(value[0, above] / value[0, below])
    return found


def _start(ratios: Any) -> Iterator[Finding]:
    for name, v, own in ((name, v, own) for name, cells in ratios.items() for v, own in cells.items()):
        phi = meanfield.ACTIVATIONS[name]
        factors = meanfield.backward_factors(phi, meanfield.trajectory(phi, DEPTH - 1, v), v)
        theory, measured = np.prod(factors) ** (0.5 / (DEPTH - 1)), np.median(own) ** (1 / (DEPTH - 1))
        yield exact(f"{name}, sigma_w^2 = {v:.3g}: ||dL/dz|| falls per layer by", measured, theory, 0.1, seeds=64)


def _outputs(evidence: Evidence) -> Iterator[Finding]:
    for name, cells in _ratios(evidence, "activation_mean_square", DEPTH, DEPTH - 1).items():
        for v in (SMALL, LARGE):  # CV .45: ten outputs
            yield equivalent(f"{name}, sigma_w^2 = {v:.3g}: mean square of outputs / of h_L", cells[v], 1.0, 0.5)


def _steps(evidence: Evidence) -> dict[str, dict[float, Any]]:
    """Steps to the target, interpolated, (rates, seeds); twice the length of the run if it is never reached."""
    found: dict[Any, Any] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, steps, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            best = np.maximum.accumulate(np.nan_to_num(accuracy))
            step = np.interp(TARGET, best, steps) if best[-1] >= TARGET else 2.0 * STEPS
            found[run.activation][float(round(run["init.gain"] ** 2, 6))][run.learning_rate].append(step)
    return {name: {v: np.array([*rates.values()]) for v, rates in own.items()} for name, own in found.items()}


def _fastest(name: str, own: dict[float, Any]) -> Finding:
    """How often the seeds, drawn again with replacement, have their fastest start outside the region."""
    random, steps, (low, high) = np.random.default_rng(0), np.stack([*own.values()]), REGION[name]
    drawn = [steps[:, :, random.integers(SEEDS, size=SEEDS)].mean(axis=2).min(axis=1) for _ in range(2000)]
    best = np.array([*own])[np.argmin(drawn, axis=1)]
    text = f"{name}: share of resamples whose fastest sigma_w^2 is not in [{low}, {high}], / 5 %"
    return bound(text, np.mean((best < low) | (best > high)), 0.05, tight=None, seeds=SEEDS)


def _scaled_output(architecture: Any) -> Any:
    def make(*given: Any) -> Any:
        model = architecture.make(*given)
        return model._replace(init=lambda draw, h: model.init(draw, {**h, "init.output_gain": 0 * h["init.gain"] + 1}))

    return architecture._replace(make=make)


STUDY = Study(
    id="F02",
    name="init_sweep",
    title="Which initial weights let a deep network learn fastest?",
    claims=(FASTER, STEADY),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the output layer is scaled as well", bugs.replace("models", "mlp", _scaled_output)),),
    figures=(Figure("fastest near chi = 1", "curves", "step", "test_accuracy", "init.gain", "activation"),),
)
