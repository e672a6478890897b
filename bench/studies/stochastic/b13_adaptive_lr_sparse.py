"""B13: is one learning rate for all parameters bad where features are rare?

Theory: gradient descent on 1/2 sum_j p_j (w_j - w*_j)^2 leaves (1 - eta p_j)^k of the error of coordinate j, so
that the rarest feature decides. AdaGrad with epsilon = 0 does not see the scale of a coordinate's gradients: its
path is the same for every p (Duchi et al. 2011). It is tied to the axes, though: in rotated coordinates the advantage
is gone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, sign, worst
from bench.studies import bugs
from bench.studies.stochastic_lines import RARE_FEATURES

GLOBAL = Claim("global", "one learning rate for all parameters is bad for sparse data", "S2")

SEEDS, FALL = 12, 6.0  # powers of ten by which a rotation shrinks the advantage
FLOOR = 1e-16  # smaller losses are rounding
POWERS = {"full": range(-6, 4), "quick": range(-3, 3), "cell": range(-1, 2)}  # learning rates 2^-6 ... 2^3
METHODS = {"full": ["sgd", "rmsprop", "adam"], "quick": ["sgd"], "cell": ["sgd"]}  # beside AdaGrad


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    run = {"scaling": "raw", "bias": False, "dtype": "float64", "seed": list(range(SEEDS))}
    rates, adagrad = 2.0 ** np.array(POWERS[profile]), {"optimizer": "adagrad", "optimizer.epsilon": 0.0}
    rare, even, straight = {"data.condition": 1000.0}, {"data.condition": 1.0}, {"data.rotated": False}
    bowl = {**run, "data": "ellipsoid", "model": "linear", "learning_rate": rates}
    bowl |= {"steps": 500, "checkpoints": [(200,)], "probes": "parameters"}
    both = {**bowl, **rare, "data.rotated": [False, True]}
    found = [Grid({**both, "optimizer": METHODS[profile]}), Grid({**both, **adagrad})]
    found.append(Grid({**bowl, **adagrad, **even, **straight}))
    if profile == "full":
        words = {**run, "data": "one_hot", "model": "logistic", "learning_rate": 16 * rates, **straight}
        words |= {"steps": 300, "checkpoints": "end", "probes": "off"}
        found += [Grid({**words, **how}) for how in ({"optimizer": "sgd"}, adagrad)]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths, wins, turned = list(evidence.vector("parameter")), [], []
    for data in evidence.runs["data"].unique():
        straight = _gain(evidence, data, rotated=False)
        wins.append(sign(f"{data}: AdaGrad is below gradient descent, each at its best rate", straight))
        if data == "ellipsoid":
            fall = straight - _gain(evidence, data, rotated=True)
            turned.append(sign(f"{data}: a rotation shrinks the advantage over 10^{FALL:g} times", fall - FALL))
    share = min(finding.measured or 0.0 for finding in wins)
    verdict, region = "SUPPORTED" if worst(wins) == "PASS" else "REFUTED", "rare features along the axes, not rotated"
    held = claim(GLOBAL, verdict, share, 1.0, "share of seeds in which AdaGrad is below", region)
    return [_coordinates(evidence, paths), _same_path(paths), *wins, *turned, held]


def _gain(evidence: Evidence, data: str, rotated: bool) -> NDArray[np.float64]:
    """Per seed log10 of the loss of gradient descent over that of AdaGrad, each at its own best rate."""
    runs = evidence.runs[(evidence.runs["data"] == data) & (evidence.runs["data.rotated"] == rotated)]
    runs = runs[runs["data.condition"] != 1]
    least = (runs[runs["optimizer"] == name].groupby("seed")["final_train_loss"].min() for name in ("sgd", "adagrad"))
    descent, adagrad = (np.log10(np.maximum(loss.to_numpy(), FLOOR)) for loss in least)
    return descent - adagrad


def _coordinates(evidence: Evidence, paths: Sequence[Any]) -> Finding:
    """Gradient descent, coordinate by coordinate, up to the largest rate that does not diverge."""
    got, want = [], []
    for run, steps, theta in paths:
        if run.optimizer == "sgd" and not run["data.rotated"] and run.learning_rate <= 2:
            truth = evidence.table(run).truth
            left = (1 - run.learning_rate * truth["eigenvalues"]) ** steps[:, None]
            got, want = [*got, theta - truth["weight"]], [*want, -left * truth["weight"]]
    return exact("gradient descent: error of every coordinate", got, want, 1e-10, 1, seeds=SEEDS)


def _same_path(paths: Sequence[Any]) -> Finding:
    """AdaGrad's iterates where features are equally frequent, and where frequencies span three powers of ten."""
    own = [item for item in paths if item[0].optimizer == "adagrad" and not item[0]["data.rotated"]]
    own.sort(key=lambda item: (item[0]["data.condition"], item[0].seed, item[0].learning_rate))
    even, rare = np.split(np.stack([theta for _, _, theta in own]), 2)
    return exact("AdaGrad: iterates with rare features and without", rare, even, 1e-10, 1, seeds=SEEDS)


def _unsquared(method: Any) -> Any:
    """Divides by the root of the sum of |g|: the right optimizer sees sqrt |g|, and its step is made one along g."""
    root, along = bugs.leafwise(lambda g: (abs(g) + 1e-300) ** 0.5), bugs.leafwise(lambda step, g, r: step * g / r)

    def make(hyper: Any) -> Any:
        right = method.make(hyper)

        def update(g: Any, state: Any, params: Any = None, **_: Any) -> Any:
            step, state = right.update(root(g), state, params)
            return along(step, g, root(g)), state

        return right._replace(update=update)

    return method._replace(make=make)


def _large_epsilon(method: Any) -> Any:
    return method._replace(make=lambda h: method.make({**h, "optimizer.epsilon": 0.1 + h["optimizer.epsilon"]}))


STUDY = Study(
    id="B13",
    name="adaptive_lr_sparse",
    title="Is one learning rate for all parameters bad where features are rare?",
    claims=(GLOBAL,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("epsilon is 0.1", bugs.replace("methods", "adagrad", _large_epsilon)),
        Mutant("the accumulator is not squared", bugs.replace("methods", "adagrad", _unsquared)),
    ),
    figures=(RARE_FEATURES,),
)
