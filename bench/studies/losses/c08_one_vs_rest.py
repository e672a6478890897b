"""C08: is one-vs-rest, K logistic regressions and the largest output, the same as K separate problems?

Theory: the loss is a sum over outputs that share no parameter, so that K independent convex problems are solved at once
(Hastie et al. 2009, section 4.4); the minimum is that of scikit-learn's OneVsRestClassifier. The K probabilities need
not sum to 1. Nesterov steps with momentum (sqrt(kappa) - 1) / (sqrt(kappa) + 1), kappa = L m / l2, reach it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import binomtest

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs, losses_figures
from bench.theory import logistic, oracles

ARGMAX = Claim("argmax", "K classes: train K classifiers, one against the rest, and predict the largest output", "S0")

LOSS = "binary_cross_entropy"
PENALTIES = {"iris": (0.1, 1.0, 10.0), "wine": (0.1, 1.0, 10.0), "digits": (10.0,)}
PATIENCE = {"iris": 20, "wine": 80, "digits": 40}  # steps in units of sqrt(kappa); the biases are free, so more on wine
CELLS = {"full": tuple(PENALTIES), "quick": ("iris",), "cell": ("iris",)}
SOFTMAX = {"steps": 300, "optimizer": "nesterov", "optimizer.momentum": 0.95, "l2": 10.0}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for name in CELLS[profile]:
        penalties = PENALTIES[name] if profile == "full" else PENALTIES[name][-1:]
        x, end = data(name).x, {"data": name, "dtype": "float64", "probe_rows": "all", "checkpoints": "end"}
        top = [logistic.smoothness(x, l2) for l2 in penalties]
        root = [np.sqrt(largest * len(x) / l2) for largest, l2 in zip(top, penalties, strict=True)]
        speed = {"learning_rate": [1 / largest for largest in top], "l2": list(penalties)}
        speed |= {"optimizer": "nesterov", "optimizer.momentum": [(r - 1) / (r + 1) for r in root]}
        run = {"model": "logistic", "steps": int(PATIENCE[name] * max(root)), "probes": [("parameters", "outputs")]}
        found.append(Grid({**end, **run, **speed}, zipped=[("learning_rate", "l2", "optimizer.momentum")]))
        if profile == "full":
            found.append(
                Grid({**end, **SOFTMAX, "model": "softmax", "learning_rate": 1 / max(top), "probes": "outputs"})
            )
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    outputs = {
        (r.data, r.model, r.l2): z[-1].reshape(evidence.table(r).rows, -1) for r, _, z in evidence.vector("output")
    }
    found: list[Finding] = []
    for run, _, theta in evidence.vector("parameter"):
        table, z = evidence.table(run), outputs[run.data, run.model, run.l2]
        want, label = oracles.one_vs_rest(table.x, table.y, run.l2), f"{run.data}, l2 = {run.l2:g}"
        got = theta[-1].reshape(table.x.shape[1] + 1, -1)  # bias first
        found.append(exact(f"{label}: coefficients by OneVsRestClassifier", got, want, 1e-4, np.linalg.norm(want)))
        guess = np.argmax(np.column_stack([np.ones(table.rows), table.x]) @ want, axis=1)
        found.append(exact(f"{label}: rows classified otherwise", np.sum(np.argmax(z, axis=1) != guess), 0, 0, 1))
        far = np.abs(expit(z).sum(axis=1) - 1).max()
        found.append(
            bound(f"{label}: 0.01 / largest distance of a row's probabilities from sum 1", 0.01 / far, 1, None)
        )
    rule = "smallest McNemar p of softmax against one-vs-rest"
    verdict = "SUPPORTED" if worst(found) == "PASS" else "REFUTED"
    return [*found, claim(ARGMAX, verdict, min(_mcnemar(evidence, outputs), default=None), None, rule)]


def _mcnemar(evidence: Evidence, outputs: dict[Any, Any]) -> Iterator[float]:
    """Exact McNemar test per data set: of the rows that one of the two gets right, how many each (McNemar 1947)."""
    for (name, model, l2), z in outputs.items():
        if model == "softmax":
            y = evidence.data(name).y
            right = [np.argmax(own, axis=1) == y for own in (z, outputs[name, "logistic", l2])]
            only = [int(np.sum(right[0] & ~right[1])), int(np.sum(right[1] & ~right[0]))]
            yield float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0


def _raw_labels(loss: Any) -> Any:
    """Every output gets the target 1 for every class above 0."""
    return loss._replace(per_row=lambda z, y: loss.per_row(z, 0 * y - 1) - z.sum(axis=-1) * (y > 0))


STUDY = Study(
    id="C08",
    name="one_vs_rest",
    title="Is one-vs-rest the same as K separate logistic regressions?",
    claims=(ARGMAX,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("labels are not made one against the rest", bugs.replace("losses", LOSS, _raw_labels)),),
    figures=(losses_figures.separate_fits(),),
)
