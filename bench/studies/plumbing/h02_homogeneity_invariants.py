"""H02: what the gradients of layered networks must obey, whatever the weights.

Theory: the outputs of a ReLU network without biases are homogeneous in the weights of every layer, so that by Euler
<W_l, dJ/dW_l> = <outputs, dJ/d outputs> for every l. Hence gradient flow keeps ||W_{l+1}||^2 - ||W_l||^2 (Du, Hu and
Lee 2018, theorem 2.1), one step of gradient descent changes it by eta^2 (||dJ/dW_{l+1}||^2 - ||dJ/dW_l||^2); that
||dJ/dW_l|| is level over the layers is a finding of E17. Batch normalisation with epsilon = 0 makes J blind to the size
of W_l: <W_l, dJ/dW_l> = 0, and c W_l has 1 / c times the gradient (van Laarhoven 2017, section 2.1). A softmax is blind
to a number added to all logits: the gradient of its biases sums to 0.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs, lines

ONE, START = "one size of gradient in all layers", {"step": 0, "model": "mlp"}
CHAIN = Claim("chain", "the gradient of a layer is the product of the matrices of all layers above it", "S1")

DEPTHS = {"full": [3, 6, 12], "quick": [3, 6], "cell": [3]}
VARIANCES = {"full": [1.0, 2.0], "quick": [1.0, 2.0], "cell": [2.0]}
RATES = [1e-2, 5e-3, 2.5e-3]
ROWS, SEEDS = 64, 8


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": f"{ROWS}/0", "constant_columns": "keep", "normalize_rows": 1.0, "dtype": "float64"}
    net = {"model": "mlp", "activation": "relu", "bias": False, "init": "lecun", "width": 32}
    gain = {"init.gain": [v**0.5 for v in VARIANCES[profile]], "seed": list(range(SEEDS))}
    look = ("weight_products", "layer_gradients", "outputs", "output_gradient")
    step = {"steps": 1, "checkpoints": 1, "probes": [look], "probe_rows": ROWS, "learning_rate": RATES}
    found = [Grid({**rows, **net, **gain, **step, "depth": depth}) for depth in DEPTHS[profile]]
    still: dict[str, Any] = {"steps": 0, "checkpoints": "end"}
    if profile != "cell":
        norm = {"model": "batch_normalised", "normalisation.epsilon": 0.0, "depth": 3, "init.gain": [1.0, 2.0]}
        sizes = {"init.output_gain": [1.0, 0.5], "probes": [("weight_products", "layer_gradients")]}
        seeds = {"seed": list(range(SEEDS)), "probe_rows": ROWS, **still}
        found.append(Grid({**rows, **net, **norm, **sizes, **seeds}, [("init.gain", "init.output_gain")]))
        found.append(Grid({**rows, **seeds, "model": "softmax", "init": "normal", "probes": "gradient"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    chain = list(_euler(evidence))
    verdict = "SUPPORTED" if worst(chain) == "PASS" else "REFUTED"
    rule = "<W_l, dJ/dW_l> is that of the outputs in every layer"
    return [*chain, *_balance(evidence), *_normalised(evidence), claim(CHAIN, verdict, rule=rule)]


def _euler(evidence: Evidence) -> Iterator[Finding]:
    slopes = {run.run: delta[0] for run, _, delta in evidence.vector("output_delta")}
    top = {run.run: h[0] @ slopes[run.run] / ROWS for run, _, h in evidence.vector("output")}
    found: dict[int, list[Any]] = defaultdict(list)
    for run, _, inner in evidence.vector("weight_gradient_product"):
        if run.model == "mlp":
            found[int(run.depth)].append(inner[0] / top[run.run])
    for depth, own in found.items():
        yield exact(f"L = {depth}: <W_l, dJ/dW_l> / <outputs, dJ/d outputs>", own, 1, 1e-8, seeds=SEEDS)


def _balance(evidence: Evidence) -> Iterator[Finding]:
    norms = {run.run: norm[0] for run, _, norm in evidence.layer("weight_gradient_norm")}
    errors, drifts = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for run, _, square in evidence.vector("weight_square"):
        if run.steps:
            drift, theory = np.diff(square[1] - square[0]), run.learning_rate**2 * np.diff(norms[run.run] ** 2)
            if run["init.gain"] > 1:  # smaller gradients drown in the rounding of ||W_l||^2
                errors[int(run.depth)].append(np.max(np.abs(drift - theory)) / np.max(np.abs(theory)))
            drifts[int(run.depth)][run.learning_rate].append(np.linalg.norm(drift))
    for depth, own in errors.items():
        text = f"L = {depth}: change of ||W_l+1||^2 - ||W_l||^2 in one step over theory"
        yield exact(text, 1 + np.array(own), 1, 1e-5, seeds=SEEDS)  # norms are stored in single precision
        sizes = np.mean(np.log([drifts[depth][rate] for rate in RATES]), axis=1)
        slope = np.polyfit(np.log(RATES), sizes, 1)[0]
        yield exact(f"L = {depth}: power of eta in that change", slope, 2, 0.05, seeds=SEEDS)


def _normalised(evidence: Evidence) -> Iterator[Finding]:
    products = {run.run: inner[0] for run, _, inner in evidence.vector("weight_gradient_product")}
    squares = {run.run: square[0] for run, _, square in evidence.vector("weight_square")}
    cosines, sizes = [], defaultdict(list)
    for run, _, norm in evidence.layer("weight_gradient_norm"):
        if run.model == "batch_normalised":
            hidden = slice(0, int(run.depth))
            cosines.append(products[run.run][hidden] / np.sqrt(squares[run.run][hidden]) / norm[0, hidden])
            sizes[run["init.gain"]].append(norm[0, hidden])
    if cosines:
        yield exact("batch normalisation: cosine of W_l and dJ/dW_l", cosines, 0, 1e-8, scale=1, seeds=SEEDS)
        ratio = np.divide(sizes[1.0], sizes[2.0])
        yield exact("batch normalisation: ||dJ/dW_l|| over that of 2 W_l", ratio, 2, 1e-6, seeds=SEEDS)
    sums = [np.sum(g[0, :10]) / np.max(np.abs(g[0, :10])) for _, _, g in evidence.vector("gradient")]
    if sums:
        yield exact("softmax: sum of the gradient of its biases", sums, 0, 1e-8, scale=1, seeds=SEEDS)


def _biased(architecture: Any) -> Any:
    def make(shape: Any, options: Any, *parts: Any) -> Any:
        model = architecture.make(shape, {**options, "bias": True}, *parts)
        return model._replace(init=lambda draw, h: model.init(draw, {**h, "init.bias": 0 * h["init.gain"] + 0.1}))

    return architecture._replace(make=make)


STUDY = Study(
    id="H02",
    name="homogeneity_invariants",
    title="Do gradients obey the symmetries of their networks?",
    claims=(CHAIN,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("every layer has a random bias", bugs.replace("models", "mlp", _biased)),),
    figures=(Figure(ONE, "layers", "layer", "weight_gradient_norm", "init.gain", "depth", "y", START, lines.LEVEL),),
)
