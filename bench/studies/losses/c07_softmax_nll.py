"""C07: is the gradient of softmax and log-likelihood a_j - y_j, and zero for the classes that are not the true one?

Theory: d/dz_j of -ln a_y is a_j - 1[j = y] for every class j, with sum zero; adding a constant to all logits changes
nothing, and the Hessian diag(a) - a a^T has norm at most 1/2 (Bishop 2006, eqs. 4.108 and 4.110). Computed with the
largest logit taken out first, it stays finite where exp alone overflows: beyond 11.09 in half precision.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs, losses_figures
from bench.theory import softmax

SIMPLE = Claim("simple", "softmax with the log-likelihood has a simple gradient: a_i - 1 for the true class", "S0, S3")
ZERO = Claim("others-zero", "the neurons of the other classes have zero gradient", "S3", "REFUTED")

LOSS = "softmax_cross_entropy"
EXAMPLE = (0.88, -0.88, 0.0)  # the gradient that S0 gives for the shares 0.88, 0.12, 0 and the second class
TOLERANCE = {"float16": 4e-3, "float32": 2e-6, "float64": 1e-12}
CELLS = {"full": ([2, 3, 10], [*TOLERANCE]), "quick": ([3], [*TOLERANCE]), "cell": ([3], ["float32"])}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"model": "softmax", "scaling": "raw", "init": "identity", "steps": 0, "probe_rows": "all"}
    look["probes"] = [("outputs", "output_gradient")]
    drawn = {"data": "logits", "data.classes": CELLS[profile][0], "dtype": CELLS[profile][1]}
    bend = {"data": "neuron", "data.classes": 3, "bias": False, "init": "normal", "init.gain": 2.0, "dtype": "float64"}
    bend |= {"probes": [("parameters", "hessian_spectrum")], "seed": list(range(32 if profile != "cell" else 2))}
    spread = {"init.gain": [1.0, 10.0, 100.0], "start.bias": [0.0, 50.0]}
    given = Grid({**look, "data": "three_logits", "dtype": "float64"})
    return [Grid({**look, **drawn, **spread}), given, Grid({**look, **bend})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    example = [d[0] for run, _, d in evidence.vector("output_delta") if run.data == "three_logits"]
    found = [
        *_drawn(evidence),
        exact("the example of the sources", example, [EXAMPLE], 1e-12, 1, source="S0"),
        *_bend(evidence),
    ]
    simple = claim(SIMPLE, "SUPPORTED" if worst(found) == "PASS" else "REFUTED")
    others = _others(evidence)
    verdict = "REFUTED" if others > 1e-3 else "SUPPORTED"
    return [*found, simple, claim(ZERO, verdict, others, 0.0, "largest gradient of another class <= 1e-3")]


def _cells(evidence: Evidence) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Per run on drawn logits its logits, labels and dC/dz, (rows, classes) each but the labels."""
    logits = {run.run: z[0] for run, _, z in evidence.vector("output") if run.data == "logits"}
    for run, _, delta in evidence.vector("output_delta"):
        if run.data == "logits":
            shape = (-1, int(run["data.classes"]))
            yield run, logits[run.run].reshape(shape), evidence.table(run).y, delta[0].reshape(shape)


def _drawn(evidence: Evidence) -> Iterator[Finding]:
    losses = {run.run: loss[0] for run, _, loss in evidence.curve("train_loss")}
    for run, z, y, delta in _cells(evidence):
        size = TOLERANCE[run.dtype]
        label = f"{z.shape[1]} classes, {run.dtype}, scale {run['init.gain']:g}, shift {run['start.bias']:g}"
        yield exact(f"{label}: dC/dz", delta, softmax.gradient(z, y), size, 1)
        yield exact(f"{label}: sum of dC/dz", delta.sum(axis=1), 0, 2 * size, 1)
        yield exact(f"{label}: loss", losses[run.run], softmax.loss(z, y).mean(), size)
    exactly = [delta for run, _, _, delta in _cells(evidence) if run.dtype == "float64"]
    if exactly:
        moved = [np.abs(plain - shifted).max() for plain, shifted in zip(exactly[::2], exactly[1::2], strict=True)]
        yield exact("dC/dz moved by a shift of all logits", moved, 0, 1e-12, 1)


def _others(evidence: Evidence) -> float:
    return max(float(np.delete(d.ravel(), np.arange(len(y)) * d.shape[1] + y).max()) for _, _, y, d in _cells(evidence))


def _bend(evidence: Evidence) -> Iterator[Finding]:
    """One row x = 1: the weights are the logits, and the Hessian in them is that of the softmax."""
    logits = [theta[0] for run, _, theta in evidence.vector("parameter") if run.data == "neuron"]
    got = [values[0] for _, _, values in evidence.vector("hessian_eigenvalue")]
    want = [np.linalg.eigvalsh(softmax.hessian(z)) for z in logits]
    yield exact("eigenvalues of the Hessian in the logits", got, want, 1e-12, 1)
    yield bound("norm of the Hessian / (1/2)", np.array(got)[:, -1], 0.5, tight=None)


def _masked(loss: Any) -> Any:
    def per_row(outputs: Any, y: Any) -> Any:
        from jax import lax, nn  # noqa: PLC0415 - listing the studies must not start JAX

        true = nn.one_hot(y, outputs.shape[1], dtype=bool)
        return loss.per_row(lax.select(true, outputs, lax.stop_gradient(outputs)), y)

    return loss._replace(per_row=per_row)


def _naive(loss: Any) -> Any:
    def per_row(outputs: Any, y: Any) -> Any:
        from jax import nn, numpy  # noqa: PLC0415 - listing the studies must not start JAX

        true = nn.one_hot(y, outputs.shape[1], dtype=outputs.dtype)
        return numpy.log(numpy.exp(outputs).sum(axis=-1)) - (true * outputs).sum(axis=-1)

    return loss._replace(per_row=per_row)


STUDY = Study(
    id="C07",
    name="softmax_nll",
    title="Is the gradient of softmax and log-likelihood a - y, and zero for the other classes?",
    claims=(SIMPLE, ZERO),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("only the true class has a gradient", bugs.replace("losses", LOSS, _masked)),
        Mutant("exp without taking the largest logit out", bugs.replace("losses", LOSS, _naive)),
    ),
    figures=(losses_figures.logit_gradients(_cells),),
)
