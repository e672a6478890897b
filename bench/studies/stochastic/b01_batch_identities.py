"""B01: are batch, stochastic and mini-batch gradient descent the same sum, cut differently?

Theory: the gradient of a mean is the mean of the rows' gradients. So a step uses the mean over its own rows and no
other, the gradients of k equal shards average to the full one, and so do those of single rows over an epoch at fixed
parameters; a last batch that is short counts its own rows only.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import batches, quadratics

PARTS = Claim("parts", "batch descent uses all rows in a step, stochastic descent one, mini-batch descent a part", "S2")
PARALLEL = Claim("parallel", "the gradient of a batch can be computed in parallel over its rows", "S4")

UPDATES = 3  # steps of full-batch descent that every accumulation must repeat
PROBLEMS: dict[str, tuple[dict[str, Any], int, float]] = {  # axes, train rows, tolerance by dtype
    "diabetes": ({"model": "linear", "init": "normal", "split": "420/22", "dtype": "float64"}, 420, 1e-12),
    "digits": ({"model": "mlp", "split": "1400/397", "dtype": "float32"}, 1400, 2e-6),
}
ACCUMULATED = {  # batch sizes whose gradients are averaged over an epoch at fixed parameters; 2 and 5 shards first
    "full": {"diabetes": (210, 84, 7, 1), "digits": (700, 280, 7, 1)},
    "quick": {"diabetes": (84, 1)},
    "cell": {"diabetes": (84,)},
}
FOLLOWED = {"full": (7, 1), "quick": (7,), "cell": (7,)}  # batch sizes followed step by step; 442 = 63 x 7 + 1

CUT = "However the rows are cut, J after three accumulated steps is that of full-batch descent"
FROM_ONE = {"learning_rate": 0.2}  # runs of one start, all rows in each of their steps


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for name, sizes in ACCUMULATED[profile].items():
        axes, rows, _ = PROBLEMS[name]
        run = {**axes, "data": name, "learning_rate": 0.2, "checkpoints": "end", "probes": "parameters"}
        run |= {"probe_rows": 8, "seed": [0, 1, 2]}
        found.append(Grid({**run, "steps": UPDATES}))
        for size in sizes:
            every = rows // size
            accumulate = {"optimizer": "accumulated_sgd", "optimizer.every": every, "batch_size": size}
            found.append(Grid({**run, **accumulate, "steps": UPDATES * every}))
    for size in FOLLOWED[profile]:
        steps = 2 * -(-442 // size)
        follow = {"order": "sequential", "ragged": "pad", "batch_size": size, "steps": steps, "checkpoints": 1}
        run = {"data": "diabetes", "model": "linear", "init": "normal", "dtype": "float64", "learning_rate": 0.02}
        found.append(Grid({**run, **follow, "probes": "parameters", "probe_rows": 8}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    steps = [_own_rows(evidence, path) for path in paths if path[0].order == "sequential"]
    sums = [finding for name in PROBLEMS for finding in _sums(name, [p for p in paths if p[0].data == name])]
    judged = ((PARTS, [*steps, *sums]), (PARALLEL, sums))
    return [*steps, *sums, *(claim(c, "SUPPORTED" if worst(f) == "PASS" else "REFUTED") for c, f in judged)]


def _own_rows(evidence: Evidence, path: Any) -> Finding:
    """Every step against the mean gradient over its own rows."""
    run, steps, theta = path
    table, want = evidence.table(run), []
    for point, rows in zip(theta, batches.sequential(table.rows, int(run.batch_size), len(steps) - 1), strict=False):
        want.append(point - run.learning_rate * quadratics.gradient(table.x[rows], table.y[rows], point))
    label = f"diabetes, {int(run.batch_size)} of {table.rows} rows: a step moves by the mean over its own rows"
    return exact(label, theta[1:], want, 1e-12, np.abs(theta).max())


def _sums(name: str, paths: Sequence[Any]) -> Iterator[Finding]:
    """Descent on gradients accumulated over an epoch against full-batch descent from the same start."""
    full = {run.seed: theta[-1] for run, _, theta in paths if run.optimizer == "sgd" and run.regime == "batch"}
    for size in sorted({run.batch_size for run, _, _ in paths if run.optimizer == "accumulated_sgd"}):
        own = [item for item in paths if item[0].optimizer == "accumulated_sgd" and item[0].batch_size == size]
        got, want = np.stack([theta[-1] for _, _, theta in own]), np.stack([full[run.seed] for run, _, _ in own])
        label = (
            f"{name}: {UPDATES} steps with the mean of {PROBLEMS[name][1] // int(size)} gradients of {int(size)} rows"
        )
        yield exact(label, got, want, PROBLEMS[name][2], np.abs(want).max(), seeds=len(own))


def _filled_up(order: Any) -> Any:
    return lambda *given: np.maximum(order(*given), 0)


def _independent(order: Any) -> Any:
    return lambda random, rows, batch_size, steps, ragged: random.integers(rows, size=(steps, batch_size))


STUDY = Study(
    id="B01",
    name="batch_identities",
    title="Are batch, stochastic and mini-batch gradients the same sum, cut differently?",
    claims=(PARTS, PARALLEL),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the short last batch is weighted as a full one", bugs.replace("orders", "sequential", _filled_up)),
        Mutant("an epoch draws rows with replacement", bugs.replace("orders", "reshuffle", _independent)),
    ),
    figures=(Figure(CUT, "runs", "batch_size", "final_train_loss", "seed", "data", "", FROM_ONE, lines.as_full_batch),),
)
