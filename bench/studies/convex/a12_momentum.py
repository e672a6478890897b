"""A12: does momentum accelerate gradient descent, and does it calm its oscillations?

Theory: at their best constants the errors on a quadratic of condition k fall per step like (k - 1) / (k + 1) for
gradient descent, (sqrt k - 1) / (sqrt k + 1) for heavy ball (Polyak 1964) and 1 - 1 / sqrt k for Nesterov's method
(2004, section 2.2.1), the last two times 1 + n (1 - rho) after n steps, as their root is double. With growing t_k
f(x_n) - f* <= 2 L R^2 / (n + 1)^2 (Nesterov 1983). On three parabolas heavy ball may cycle (Lessard et al. 2016, 4.6).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, rate, worst
from bench.studies import bugs, lines
from bench.theory import descent, quadratics

FASTER = Claim("accelerates", "momentum accelerates gradient descent", "S4")
CALMER = Claim("fewer-oscillations", "momentum damps the oscillations of gradient descent", "S4", "CONDITIONAL")

CONDITIONS = {"full": [10.0, 100.0, 470.078, 1e4], "quick": [10.0, 100.0, 470.078], "cell": [100.0]}  # 470: diabetes
BEST = {  # rate and momentum for L = k, mu = 1
    "sgd": lambda k: (quadratics.best_rate(1, k), 0.0),
    "momentum": lambda k: descent.heavy_ball(k, k),
    "nesterov": lambda k: descent.nesterov(k, k),
    "accelerated": lambda k: (1 / k, 0.0),
}
STEPS = {"sgd": 60_000, "momentum": 1500, "nesterov": 3000, "accelerated": 1000}
EVERY = 30  # steps that are all looked at
KINK = descent.accelerated_kink(STEPS["accelerated"])
CYCLES = {3.3: True, 3.0: False, 3.5: False, 2.9: True, 3.07: True, 3.46: True}  # start -> whether heavy ball cycles


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    kappas, found, record = CONDITIONS[profile], [], {"dtype": "float64", "probes": "parameters"}
    bowl = {**record, "model": "quadratic", "surface.yy": kappas, "start.y": [1 / kappa for kappa in kappas]}
    for name in STEPS if profile != "cell" else ("sgd", "momentum", "nesterov"):
        rates, betas = zip(*(BEST[name](kappa) for kappa in kappas), strict=True)
        looks = (*range(EVERY), *np.unique(np.geomspace(EVERY, STEPS[name], 60).astype(int)).tolist())
        tuned = {"learning_rate": list(rates)} | ({"optimizer.momentum": list(betas)} if betas[0] else {})
        run = {"optimizer": name, "steps": STEPS[name], "checkpoints": [looks]}
        found.append(Grid({**bowl, **tuned, **run}, zipped=[["surface.yy", "start.y", *tuned]]))
    if profile != "cell":
        run = {"optimizer": "accelerated", "learning_rate": 1.0, "steps": STEPS["accelerated"] - 1, "checkpoints": 111}
        found.append(Grid({**record, **run, "model": "huber", "surface.kink": KINK}))
        run = {"model": "three_pieces", "start.x": list(CYCLES), "steps": 900, "checkpoints": [(898, 899)], **record}
        found.append(Grid({**run, "optimizer": "momentum", "learning_rate": 1 / 9, "optimizer.momentum": 4 / 9}))
        found.append(Grid({**run, "learning_rate": 2 / 26}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, slopes, turns = [], {}, {name: [] for name in STEPS}
    for run, steps, theta in evidence.vector("parameter"):
        if run.optimizer == "accelerated":
            found += _bounded(run, steps, theta)
        elif run.model == "three_pieces":
            want = sorted(descent.LESSARD_CYCLE) if run.optimizer == "momentum" and CYCLES[run["start.x"]] else 0
            label = f"three parabolas from {run['start.x']:g}, {run.optimizer}"
            found.append(exact(label, np.sort(theta[-3:, 0]), want, 1e-10))
        else:
            found += _speed(run, steps, theta)
            slopes[run["surface.yy"], run.optimizer] = found[-1].measured or 0.0
            steep = np.where(np.abs(theta[:EVERY, 1]) > 1e-12 * theta[0, 1], theta[:EVERY, 1], 0)
            turns[run.optimizer].append(float(np.mean(steep[1:] * steep[:-1] < 0)))
    gain = min(slope / slopes[kappa, "sgd"] for (kappa, name), slope in slopes.items() if name != "sgd")
    faster = "SUPPORTED" if worst(found) == "PASS" and gain > 1 else "REFUTED"
    calm = sum(max(turns[name]) < min(turns["sgd"]) for name in ("momentum", "nesterov"))
    calmer = "SUPPORTED" if calm == 2 else "CONDITIONAL" if calm else "REFUTED"
    found.append(claim(FASTER, faster, gain, 1.0, "least ratio of ln rho to gradient descent's, > 1", "quadratics"))
    share, region = "share of turns, against gradient descent's", "Nesterov's method; tuned heavy ball always turns"
    return [*found, claim(CALMER, calmer, max(turns["nesterov"]), min(turns["sgd"]), share, region)]


def _speed(run: Any, steps: Any, theta: Any) -> Iterator[Finding]:
    """All iterates by their recursion, relative to the start, and the decay once one mode is left."""
    kappa, ahead = run["surface.yy"], run.optimizer == "nesterov"
    h, (eta, beta) = np.diag([1.0, kappa]), BEST[run.optimizer](kappa)
    path = descent.momentum_path(h, theta[0], eta, beta, steps[-1], ahead)[steps] if beta else None
    want = quadratics.modes(h, theta[0], eta, steps) if path is None else path
    rho, name = descent.momentum_radius([1.0, kappa], eta, beta, ahead), f"condition {kappa:g}, {run.optimizer}"
    yield exact(f"{name}: all iterates", theta, want, 1e-9, np.linalg.norm(theta[0]))
    size, late = np.linalg.norm(theta, axis=1) / (1 + (beta > 0) * steps * (1 - rho)), (steps == 0) | (steps >= EVERY)
    yield rate(f"{name}: decay of the error", steps[late], size[late], np.log(rho), 0.01, floor=1e-100)


def _bounded(run: Any, steps: Any, y: Any) -> Iterator[Finding]:
    """The value at x_{k+1}, one gradient step from the recorded y_k, under growing t_k."""
    largest = 1.0 if run.model == "huber" else run["surface.yy"]
    limit = descent.accelerated_bound(steps + 1, largest, float(np.linalg.norm(y[0])))
    if run.model == "quadratic":
        value = ((1 - np.array([1 / largest, 1])) * y) ** 2 @ [1, largest] / 2
        yield bound(f"condition {largest:g}, growing t_k: J - J* / its bound", value, limit, tight=None)
    else:
        x = np.abs(y[:, 0] - np.clip(y[:, 0], -KINK, KINK))
        value = np.where(x > KINK, KINK * x - KINK**2 / 2, x**2 / 2)
        yield bound("Huber function, growing t_k: J - J* / its bound", value, limit)
        yield exact("Huber function, growing t_k: J - J* after 1,000 steps", value[-1], KINK / 2, 1e-10)


def _on_gradient_only(method: Any) -> Any:
    eta, beta = "learning_rate", "optimizer.momentum"
    return method._replace(make=lambda h: method.make({**h, eta: h[eta] * (1 + h[beta]), beta: 0 * h[beta]}))


STUDY = Study(
    id="A12",
    name="momentum",
    title="Does momentum accelerate gradient descent?",
    claims=(FASTER, CALMER),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("Nesterov's gradient is not taken ahead", bugs.swapped("methods", "nesterov", "momentum")),
        Mutant("beta multiplies the gradient alone", bugs.replace("methods", "momentum", _on_gradient_only)),
    ),
    figures=(Figure("J, tuned", "curves", "step", "train_loss", "optimizer", "surface.yy", "xy", {}, lines.MOMENTUM),),
)
