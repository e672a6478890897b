"""F06: clipping the norm of the gradient keeps a deep network from exploding; it does nothing for a vanishing gradient.

Theory: g <- g min(1, c / ||g||) (Pascanu et al. 2013, algorithm 1) keeps the direction, leaves a gradient of norm at
most c bit for bit as it is, and so never makes one larger. No step is longer than rate x c, so that descent converges
also where the curvature grows with the slope (Zhang et al. 2020, theorem 3); plain descent needs a rate below 2 over
the largest curvature it meets. Ten ReLU layers from He's start meet more than 2 / 0.3.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign
from bench.studies import bugs

EXPLOSION = Claim("explosion", "clipping the gradient prevents its explosion", "S0")
VANISHING = Claim("vanishing", "clipping the gradient prevents its vanishing", "S0", "REFUTED")

RATES, THRESHOLDS = [0.1, 0.3, 1.0], [0.1, 1.0, 10.0]
WIDE, FREE = 100.0, 1e9  # no gradient of the small network is longer; no gradient at all is
FAILS, TRAINED = 0.2, 0.9  # accuracies
NETS = {"relu": ("he", 10), "sigmoid": ("lecun", 6)}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"constant_columns": "keep", "normalize_rows": 1.0, "model": "mlp"}
    small = {"split": "100/0", "width": 8, "dtype": "float64", "steps": 10, "learning_rate": 1.0, "probe_rows": "all"}
    look = {"checkpoints": 1, "probes": [("parameters", "gradient")], "seed": [0, 1, 2, 3]}
    found = [Grid({**rows, **small, **look, "clip": "norm", "clip.threshold": [0.01, 0.1, 0.5, WIDE, FREE]})]
    if profile == "cell":
        return found
    axes = {"clip": "norm", "clip.threshold": [1.0, FREE], "learning_rate": [1.0], "seed": list(range(12))}
    if profile == "full":
        found.append(Grid({**rows, **small, **look}))
        axes |= {"clip.threshold": [*THRESHOLDS, FREE], "learning_rate": RATES}
    run = {"split": "1400/397", "batch_size": 64, "steps": 600, "width": 64, "checkpoints": "end", "probe_rows": 64}
    for name, (init, depth) in NETS.items():
        probes = "layer_gradients" if name == "sigmoid" else "off"
        found.append(Grid({**rows, **run, **axes, "activation": name, "init": init, "depth": depth, "probes": probes}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, accuracy = [*_steps(evidence)], _accuracies(evidence)
    if not accuracy:
        return found
    relu, sigmoid = accuracy["relu"], accuracy["sigmoid"]
    rates = [rate for rate, clip in relu if clip == FREE and np.median(relu[rate, FREE]) < TRAINED]
    saved = [np.median(relu[rate, 1.0]) >= TRAINED for rate in rates]
    found.append(sign("ReLU, L = 10, rate 1: accuracy clipped at 1 less unclipped", relu[1.0, 1.0] - relu[1.0, FREE]))
    for rate in rates:
        text = f"ReLU, L = 10, rate {rate:g}, clipped at 1: {TRAINED} / accuracy"
        found.append(bound(text, TRAINED / relu[rate, 1.0], 1.0, tight=None, seeds=12))
    every = np.concatenate([own for (_, clip), own in sigmoid.items() if clip < FREE])
    found.append(bound(f"sigmoid, L = 6: accuracy with any clip, / {FAILS}", every, FAILS, tight=None, seeds=12))
    found.append(_fading(evidence))
    explosion = "REFUTED" if not any(saved) else "SUPPORTED" if all(saved) else "CONDITIONAL"
    best = max(float(np.median(own)) for (_, clip), own in sigmoid.items() if clip < FREE)
    vanishing = "SUPPORTED" if best >= TRAINED else "REFUTED"
    rules = f"share of rates that train to {TRAINED} only if clipped at 1", "best median accuracy of a clipped network"
    found.append(claim(EXPLOSION, explosion, sum(saved) / max(len(saved), 1), 1.0, rules[0]))
    return [*found, claim(VANISHING, vanishing, best, TRAINED, rules[1])]


def _steps(evidence: Evidence) -> Iterator[Finding]:
    """Every step against the formula, from the gradient that was recorded before it."""
    slopes = {run.run: gradient[:-1] for run, _, gradient in evidence.vector("gradient")}
    lengths, turns, paths = [], [], defaultdict(dict)
    for run, _, theta in evidence.vector("parameter"):
        step, slope = np.diff(theta, axis=0) / -run.learning_rate, slopes[run.run]
        norm, size = np.linalg.norm(step, axis=1), np.linalg.norm(slope, axis=1)
        paths[run.seed][run["clip.threshold"] if run.clip == "norm" else None] = theta
        lengths.append(norm / (np.minimum(size, run["clip.threshold"]) if run.clip == "norm" else size))
        turns.append(np.sum(step * slope, axis=1) / (norm * size))
    yield exact("length of every step / rate min(||g||, c)", np.concatenate(lengths), 1.0, 1e-9, seeds=4)
    yield exact("cosine between every step and -g", np.concatenate(turns), 1.0, 1e-9, seeds=4)
    moved = [own[WIDE] - own[FREE] for own in paths.values()]
    yield exact("||g|| < c: parameters at one c less those at another, bit for bit", moved, 0.0, 0.0, seeds=4)
    moved = [own[WIDE] - own[None] for own in paths.values() if None in own]
    if moved:  # another program rounds in another order
        yield exact("||g|| < c: parameters less those without clipping", moved, 0.0, 1e-12, seeds=4)


def _accuracies(evidence: Evidence) -> dict[str, dict[tuple[float, float], Any]]:
    """activation -> (rate, threshold) -> final test accuracies, (seeds,)."""
    found: Any = defaultdict(lambda: defaultdict(list))
    for run, _, accuracy in evidence.curve("test_accuracy") if "test_accuracy" in evidence.curves else ():
        if run.activation in NETS:
            found[run.activation][run.learning_rate, run["clip.threshold"]].append(accuracy[-1])
    return {name: {cell: np.array(own) for cell, own in cells.items()} for name, cells in found.items()}


def _fading(evidence: Evidence) -> Finding:
    """ln ||dL/dz_1|| / ||dL/dz_L|| after training, clipped over unclipped: no clip brings the gradient back."""
    found: Any = defaultdict(dict)
    for run, _, delta in evidence.layer("delta_norm"):
        found[run.seed, run.learning_rate][run["clip.threshold"]] = np.log(delta[-1, 0] / delta[-1, -2])
    ratios = [value / own[FREE] for own in found.values() for value in own.values()]
    return exact("sigmoid, L = 6: ln ||delta_1|| / ||delta_L||, clipped / unclipped", ratios, 1.0, 0.1, seeds=12)


STUDY = Study(
    id="F06",
    name="gradient_clipping",
    title="Does gradient clipping prevent gradients from exploding, and from vanishing?",
    claims=(EXPLOSION, VANISHING),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("every entry is clipped by itself", bugs.swapped("clips", "norm", "value")),),
    figures=(Figure("accuracy", "runs", "learning_rate", "final_test_accuracy", "clip.threshold", "activation", "x"),),
)
