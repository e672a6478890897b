"""H04: optimizers take the steps of their published formulas, and those that PyTorch takes.

Theory: the update formulas of gradient descent, heavy-ball momentum, Nesterov momentum, AdaGrad, RMSprop and Adam
(Polyak 1964; Sutskever et al. 2013; Duchi et al. 2011; Tieleman and Hinton 2012; Kingma and Ba 2015), from hand-written
gradients. PyTorch adds epsilon outside the root of AdaGrad and RMSprop, so both run with a negligible epsilon. 20 steps
in float64; errors are relative to the distance travelled.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Parts, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs
from bench.theory import backprop, meanfield, updates

FORMULAS = Claim("formulas", "the optimizers of the suite are the published ones", "S2, a requirement of the suite")

STEPS = 20
CONSTANTS: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"initial": 0.0, "epsilon": 1e-30},
    "rmsprop": {"decay": 0.99, "epsilon": 1e-30},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
RATES = {"adagrad": 0.1, "rmsprop": 0.01, "adam": 0.01}
PROBLEMS: dict[str, dict[str, Any]] = {
    "diabetes": {"model": "linear", "data": "diabetes"},
    "digits": {"model": "mlp", "data": "digits", "depth": 1, "width": 8, "activation": "tanh", "init": "glorot"},
}
CELLS = {
    "full": [(problem, name) for problem in PROBLEMS for name in CONSTANTS],
    "quick": [("digits", name) for name in CONSTANTS],
    "cell": [("diabetes", name) for name in ("momentum", "nesterov", "adam")],
}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"steps": STEPS, "checkpoints": 1, "probes": "parameters", "dtype": "float64", "split": "128/0"}
    found = []
    for problem, name in CELLS[profile]:
        constants = {f"optimizer.{constant}": value for constant, value in CONSTANTS[name].items()}
        rate = {"learning_rate": RATES.get(name, 0.05), "optimizer": name}
        found.append(Grid({**PROBLEMS[problem], **look, **rate, **constants}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found = list(_parity(evidence))
    formulas = [f for f in found if "formula" in f.quantity]
    verdict = "SUPPORTED" if worst(formulas) == "PASS" else "REFUTED"
    return [*found, claim(FORMULAS, verdict, rule="every trajectory as by hand")]


def _parity(evidence: Evidence) -> Iterator[Finding]:
    tanh = meanfield.ACTIVATIONS["tanh"]
    for run, _, path in evidence.vector("parameter"):
        table = evidence.table(run)
        hidden = [int(run.width)] if run.model == "mlp" else []
        sizes = (table.x.shape[1], *hidden, table.classes or 1)

        def gradient(theta: Any, sizes: Any = sizes, table: Any = table, loss: str = run.loss) -> Any:
            layers = backprop.split(theta, sizes)
            return backprop.flat(backprop.gradient(layers, table.x, table.y, tanh, loss)[1])

        arguments = (path[0], gradient, run.learning_rate, STEPS, CONSTANTS[run.optimizer])
        where = f"{run.optimizer} on {run.data}"
        yield _same(f"{where}: the formula's trajectory", path, updates.UPDATES[run.optimizer](*arguments))
        torch = updates.by_torch(run.optimizer, *arguments)
        if torch is not None:
            yield _same(f"{where}: PyTorch's trajectory", path, torch)
        else:
            reason = "PyTorch is not installed (extra `peers`)"
            yield Finding(f"{where}: PyTorch's trajectory", None, None, "EXACT(1e-06)", "NOT RUN", reason=reason)


def _same(label: str, path: Any, right: Any) -> Finding:
    """The largest difference of any parameter at any step, relative to the largest distance from the start."""
    error = np.max(np.abs(path - right)) / np.max(np.abs(right - right[0]))
    return exact(label, 1 + error, 1, 1e-6)


def _dampened(method: Any) -> Any:
    """m <- beta m + (1 - beta) g: every step is a tenth of what it was."""
    return bugs.on_rate(lambda rate: 0.1 * rate)(method)


def _one_decay(method: Any) -> Any:
    return method._replace(make=lambda hyper: method.make({**hyper, "optimizer.beta2": hyper["optimizer.beta1"]}))


def _without_look_ahead(parts: Parts) -> Parts:
    return parts.replaced("methods", "nesterov", lambda _: parts.get("methods", "momentum"))


STUDY = Study(
    id="H04",
    name="oracle_parity",
    title="Do the optimizers take the published steps?",
    claims=(FORMULAS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("momentum is dampened: m <- beta m + (1 - beta) g", bugs.replace("methods", "momentum", _dampened)),
        Mutant("Nesterov momentum without its look-ahead", _without_look_ahead),
        Mutant("Adam's second moment decays like the first", bugs.replace("methods", "adam", _one_decay)),
    ),
    figures=(Figure("the loss falls at its own speed", "curves", "step", "train_loss", "optimizer", "data", "y"),),
)
