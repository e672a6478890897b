"""A10: do gradient descent and the normal equation give the same theta?

Theory: both solve X^T X theta = X^T y, which has one solution where X has full column rank (Hastie et al. 2009, section
3.2); descent from theta_0 is then within rho^k ||e_0|| of it after k steps, rho as in `quadratics.spectral_radius`.
Where the rank is less, descent ends at the solution nearest to theta_0: that of least norm plus the part of theta_0 in
the null space of X (Ben-Israel and Greville 2003, section 3.2). A line through two points meets both; under noise of
variance s^2 on every observation its slope has the variance s^2 / sum (x - mean x)^2.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, exact, worst
from bench.studies import bugs, lines
from bench.theory import oracles, quadratics

FALLS = "J falls to that of the normal equation"
SAME = Claim(
    "same", "gradient descent and the normal equation give the same theta, if X has full column rank", "S0, S2"
)
UNIQUE = Claim("unique", "the closed form needs conditions: an invertible X^T X", "S0, S2")

REAL: dict[str, dict[str, Any]] = {"wine": {"data": "wine", "data.target": "number"}, "diabetes": {"data": "diabetes"}}
PROFILES = {"full": tuple(REAL), "quick": ("wine",), "cell": ("wine",)}
PENALTIES = (0.0, 10.0)  # an invertible matrix with and without the penalty
WIDE = {"rows": 20, "features": 50}  # fewer rows than parameters
SLOPE, OFFSET, NOISE, COPIES, DRAWS = 2.0, 3.0, 0.5, 5, 9000


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found, run = [], {"model": "linear", "dtype": "float64", "probes": "parameters"}
    for name in PROFILES[profile]:
        for l2 in PENALTIES:
            mu, largest = quadratics.extremes(data(name).x, l2)
            rate = quadratics.best_rate(mu, largest)
            steps = int(np.log(1e-11) / np.log(quadratics.spectral_radius(mu, largest, rate)))
            follow = {"init": "normal", "seed": list(range(8)), "steps": steps, "checkpoints": max(steps // 50, 1)}
            found.append(Grid({**REAL[name], **run, **follow, "l2": l2, "learning_rate": rate}))
    if profile == "cell":
        return found
    wide = {"data": "gaussian", **{f"data.{key}": value for key, value in WIDE.items()}, "scaling": "raw"}
    hessians = [quadratics.hessian(data("gaussian", seed=seed, scaling="raw", **WIDE).x) for seed in range(8)]
    spectra = np.linalg.eigvalsh(hessians)[:, -WIDE["rows"] :]  # the rest is 0
    rates = [quadratics.best_rate(own[0], own[-1]) for own in spectra]
    steps = int(np.log(1e-11) / np.log(max(1 - rates * spectra[:, 0])))
    starts = {"init": ["zeros", "normal"], "seed": list(range(8)), "learning_rate": rates}
    found.append(Grid({**wide, **run, **starts, "steps": steps, "checkpoints": "end"}, [("seed", "learning_rate")]))
    line = {"data.rows": 2, "data.slope": SLOPE, "data.offset": OFFSET, "scaling": "raw", "learning_rate": 0.5}
    noisy = {"data": "noisy_line", "data.copies": COPIES, "data.noise": NOISE, "data.draws": DRAWS}
    line |= {**run, "steps": 60, "checkpoints": "end"}
    return [*found, Grid({"data": "line", **line}), Grid({**noisy, **line})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    same = [*_real(evidence, [path for path in paths if path[0].data in REAL]), *_lines(evidence, paths)]
    wide = [(run, path) for run, _, path in paths if run.data == "gaussian"]
    found = [*same, claim(SAME, "SUPPORTED" if worst(same) == "PASS" else "REFUTED")]
    return [*found, *_many_solutions(evidence, wide)] if wide else found


def _many_solutions(evidence: Evidence, paths: Sequence[Any]) -> Sequence[Finding]:
    """Where descent on fewer rows than parameters ends, from 0 and from a draw."""
    got, want = np.stack([path[-1] for _, path in paths]), []
    for run, path in paths:
        x, y = quadratics.design(evidence.table(run).x), evidence.table(run).y
        want.append(np.linalg.pinv(x) @ (y - x @ path[0]) + path[0])
    size, drawn = np.linalg.norm(want, axis=1, keepdims=True), np.array([run.init == "normal" for run, _ in paths])
    ends = exact("20 rows, 51 parameters: theta at the end, from 0 and from a draw", got, want, 1e-8, size, seeds=8)
    apart = float(np.linalg.norm(got[drawn] - got[~drawn], axis=1).min())
    verdict = "SUPPORTED" if ends.impl == "PASS" and apart > 1e-3 else "REFUTED"
    return [ends, claim(UNIQUE, verdict, apart, 1e-3, "least distance of two minimisers of one J > 0.001 supports")]


def _real(evidence: Evidence, paths: Sequence[Any]) -> Iterator[Finding]:
    for name, l2 in dict.fromkeys((run.data, run.l2) for run, *_ in paths):
        own = [path for path in paths if (path[0].data, path[0].l2) == (name, l2)]
        run, steps, _ = own[0]
        x, y = evidence.table(run).x, evidence.table(run).y
        best = quadratics.minimiser(x, y, l2)
        other = oracles.ridge(x, y, l2) if l2 else oracles.linear_regression(x, y)
        ends, label = np.stack([path[-1] for *_, path in own]), f"{name}, l2 = {l2:g}: theta at the end against"
        for author, want in (("the normal equation", best), ("scikit-learn", other)):
            yield exact(f"{label} {author}", ends, want, 1e-8, np.linalg.norm(best), seeds=len(own))
        errors = np.stack([np.linalg.norm(path - best, axis=1) for *_, path in own])
        shrunk = quadratics.spectral_radius(*quadratics.extremes(x, l2), run.learning_rate) ** steps
        seen = (shrunk < 1) & (shrunk > 1e-9)  # the rest is the start, or rounding
        ratio = errors[:, seen] / errors[:, :1]
        yield bound(f"{name}, l2 = {l2:g}: ||e_k|| / ||e_0|| against rho^k", ratio, shrunk[seen], None, seeds=len(own))


def _lines(evidence: Evidence, paths: Sequence[Any]) -> Iterator[Finding]:
    for run, _, path in paths:
        if run.data == "line":
            yield exact("two points: offset and slope of the line through both", path[-1], [OFFSET, SLOPE], 1e-8)
        elif run.data == "noisy_line":
            table = evidence.table(run)
            want = np.linalg.lstsq(quadratics.design(table.x), table.y, rcond=None)[0]
            yield exact("noisy copies: offsets and slopes against least squares", path[-1], want.ravel(), 1e-8, 1)
            variance = NOISE**2 / np.sum((table.x - table.x.mean()) ** 2)
            yield equivalent("noisy copies: variance of the slope", (path[-1][DRAWS:] - SLOPE) ** 2, variance, 0.1)


STUDY = Study(
    id="A10",
    name="normal_equation_equivalence",
    title="Do gradient descent and the normal equation give the same theta?",
    claims=(SAME, UNIQUE),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the bias is penalised", bugs.replace("models", "linear", bugs.penalised_bias)),),
    figures=(Figure(FALLS, "curves", "step", "train_loss", "l2", "data", "y", {}, lines.LOSS),),
)
