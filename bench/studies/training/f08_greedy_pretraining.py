"""F08: pretraining layer by layer makes a deep sigmoid network trainable; so do larger initial weights, by themselves.

Theory: every hidden layer in turn is the encoder of a denoising autoencoder with tied weights (Bengio et al. 2007,
section 4; Vincent et al. 2008): rows rebuilt by least squares, sigmoid signals by cross-entropy. At sigma_w = 1 the
gradient shrinks by chi_1 = .056 per layer, which at five layers leaves nothing to train with (study F01), and by .40
at sigma_w = 4 (Schoenholz et al. 2017). Pretraining raises what each learned layer passes down, as larger initial
weights do; it is run from both, else the start could pass for the pretraining (Erhan et al. 2010).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, sign, worst
from bench.studies import bugs
from bench.theory import autoencoders, backprop, meanfield

TRAINABLE = Claim("trainable", "greedy layer-wise pretraining makes deep networks trainable", "S3; Hinton et al. 2006")
NEEDED = Claim("needed", "pretraining is what makes depth possible", "S3", "CONDITIONAL")

GREEDY, DEPTH, SEEDS, SMALL, LARGE, LONG = "denoising_probabilities", 5, 12, 1.0, 4.0, 1000
SIZES, SHORT, RATE = (4, 4, 4, 3), 20, 0.5  # of the network that is also pretrained by hand
AXES = "layer", "delta_norm", "pretraining_steps"
PHI = meanfield.ACTIVATIONS["sigmoid"]
CELLS = {"full": [(300, SMALL), (300, LARGE), (LONG, SMALL)], "quick": [(300, SMALL)]}  # steps of a layer, sigma_w


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "classes", "data.features": SIZES[0], "data.classes": SIZES[-1], "split": "24/8", "scaling": "raw"}
    net = {"model": "mlp", "activation": "sigmoid", "depth": 2, "width": SIZES[1], "dtype": "float64"}
    greedy = {"pretraining": GREEDY, "pretraining.learning_rate": RATE, "pretraining.noise": [0.0, 1.0]}
    small = Grid({**rows, **net, **greedy, "pretraining_steps": [0, SHORT], "steps": 0, "probes": "parameters"})
    if profile == "cell":
        return [small]
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "batch_size": 64}
    net = {"model": "mlp", "activation": "sigmoid", "depth": DEPTH, "width": 64, "init": "lecun"}
    run = {**rows, **net, "steps": 600, "checkpoints": "end", "probes": "layer_gradients", "seed": list(range(SEEDS))}
    plain = Grid({**run, "init.gain": [SMALL, LARGE], "learning_rate": [0.1, 0.3, 1.0] if profile == "full" else [1.0]})
    run |= {"pretraining": GREEDY, "learning_rate": 1.0}
    return [small, plain, *(Grid({**run, "pretraining_steps": n, "init.gain": gain}) for n, gain in CELLS[profile])]


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, best = list(_by_hand(evidence)), _cells(evidence.curve("test_accuracy"), lambda accuracy: accuracy[-1])
    if not best:
        return found
    logs = _cells(evidence.layer("delta_norm"), lambda norms: 2 * np.log(norms[0, : DEPTH - 1] / norms[0, 1:DEPTH]))
    wins, same, factor = [], {}, "factor per layer of ||dL/dz||^2"
    for gain in (SMALL, LARGE):
        theory = meanfield.backward_factors(PHI, meanfield.trajectory(PHI, DEPTH - 1, gain**2), gain**2)
        measured, want = np.exp(logs[0, gain].mean(axis=1)), float(np.exp(np.log(theory).mean()))
        found.append(equivalent(f"sigma_w = {gain:g}, start: {factor}", measured, want, 0.15))
    for steps, gain in (cell for cell in best if cell[0]):
        own, cell = best[steps, gain], f"{steps} steps of pretraining from sigma_w = {gain:g}"
        text = f"{cell}: accuracy / that from sigma_w = {LARGE:g} without any"
        same[steps, gain] = equivalent(text, own / best[0, LARGE], 1.0, 0.03)
        if gain == SMALL:
            rise = logs[steps, gain] - logs[0, gain]
            wins.append(sign(f"{cell}: accuracy less that without", own - best[0, gain], least=SEEDS))
            wins.append(sign(f"{cell}: rise of the mean {factor}", rise.mean(axis=1), least=SEEDS))
            wins += [sign(f"{cell}: least rise", rise.min(axis=1), least=SEEDS)] if steps == LONG else []
    most = max(cell for cell in best if cell[1] == SMALL)
    helped, alone, large = (float(np.median(best[cell])) for cell in (most, (0, SMALL), (0, LARGE)))
    trained = "SUPPORTED" if worst(wins) == "PASS" else "CONDITIONAL" if helped > alone else "REFUTED"
    needed = "CONDITIONAL" if same[most].impl == "PASS" else "SUPPORTED"
    needed, region = "REFUTED" if alone >= 0.97 * helped else needed, "starts with chi_1 far below 1"
    found += [*wins, *same.values(), claim(TRAINABLE, trained, helped, alone, "median accuracy with it, and without")]
    return [*found, claim(NEEDED, needed, large, alone, "the same without, large initial weights and small", region)]


def _by_hand(evidence: Evidence) -> Iterator[Finding]:
    """Parameters that pretraining hands over, against plain NumPy from the same start; all inputs are seen, or none."""
    runs = [(run, evidence.table(run), path[0]) for run, _, path in evidence.vector("parameter")]
    layers = backprop.split(next(theta for run, _, theta in runs if run.pretraining == "none"), SIZES)
    for run, table, theta in (own for own in runs if own[0].pretraining != "none"):
        masked = run["pretraining.noise"]
        seen = np.arange(table.rows), np.full((table.rows, max(SIZES)), masked == 0)
        want = autoencoders.greedy(layers, table.x, PHI, RATE, SHORT, lambda step, seen=seen: seen, [False, True])
        text = f"parameters after pretraining by hand, share of inputs masked = {masked:g}"
        yield exact(text, theta, backprop.flat(want), 1e-10, scale=1, seeds=1)


def _cells(series: Iterable[Any], of: Callable[[Any], Any]) -> dict[tuple[int, float], Any]:
    """(steps of pretraining, sigma_w) -> what `of` finds in each seed's runs, at its best rate, (seeds, ...)."""
    found: Any = defaultdict(lambda: [[] for _ in range(SEEDS)])
    for run, _, values in series:
        if run.depth == DEPTH:
            steps = 0 if run.pretraining == "none" else int(run.pretraining_steps)
            found[steps, float(run["init.gain"])][run.seed].append(of(values))
    return {cell: np.array([np.max(runs, axis=0) for runs in own]) for cell, own in found.items()}


def _decoders(phases: Any) -> Any:
    turned = lambda own: {**own, "layer": {**own["layer"], "weight": own["layer"]["weight"].T}}  # noqa: E731
    return tuple(p._replace(finish=lambda own, params, p=p: p.finish(turned(own), params)) for p in phases)


def _bug(what: str, change: Any) -> Mutant:
    broken = lambda part: part._replace(phases=lambda *given: change(part.phases(*given)))  # noqa: E731
    return Mutant(what, bugs.replace("pretrainings", GREEDY, broken))


STUDY = Study(
    id="F08",
    name="greedy_pretraining",
    title="Does pretraining layer by layer make a deep network trainable, and does it take that?",
    claims=(TRAINABLE, NEEDED),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        _bug("the decoder's weights are handed over", _decoders),
        _bug("only the first layer is pretrained", lambda phases: phases[:1]),
        Mutant("signals are rebuilt by least squares", bugs.swapped("pretrainings", GREEDY, "denoising")),
    ),
    figures=(Figure("pretraining lets gradients reach low layers", "layers", *AXES, "init.gain", "y", {"step": 0}),),
)
