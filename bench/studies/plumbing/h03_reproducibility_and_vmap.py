"""H03: a seed decides a run to the last bit, alone or among others, and an architecture is compiled once.

Theory: none but determinism. The same program trained twice gives the same bits; different seeds differ in their first
parameters and in the order of their rows; a run in a chunk of 16 lanes is the same run alone up to the order of its
sums; learning rate and gain are data, so that they cost no compilation.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs

REPRODUCIBLE = Claim("reproducible", "the same seed gives the same run, trained alone or among others", "the suite")

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "softmax": {"model": "softmax"},  # starts at zero: its seeds differ by the order of the rows alone
    "tanh network": {"model": "mlp", "depth": 2, "width": 16, "activation": "tanh", "init": "lecun"},
    "relu network": {"model": "mlp", "depth": 4, "width": 32, "activation": "relu", "init": "he"},
}
PROFILES = {"full": tuple(ARCHITECTURES), "quick": tuple(ARCHITECTURES)[:2], "cell": tuple(ARCHITECTURES)[:2]}
SEEDS, RATES, GAINS = (0, 1), (0.01, 0.03, 0.1), (0.5, 1.0)
WIDE = 16  # lanes computed together
ALL = ((WIDE, 1), (WIDE, 2), (1, 1))  # lanes computed together, and executions, which the engine compares too
LAYOUTS = {"full": ALL, "quick": ALL, "cell": ALL[:1]}
STEPS = 20


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"steps": STEPS, "batch_size": 16, "checkpoints": [(1,)], "probes": "parameters", "split": "256/0"}
    varied = {"learning_rate": list(RATES), "init.gain": list(GAINS), "seed": list(SEEDS)}
    found = []
    for name in PROFILES[profile]:
        for lanes, repeats in LAYOUTS[profile]:
            found.append(Grid({**ARCHITECTURES[name], **look, **varied, "lanes": lanes, "repeats": repeats}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths: dict[str, dict[Any, dict[Any, Any]]] = defaultdict(lambda: defaultdict(dict))
    for run, _, path in evidence.vector("parameter"):
        lane = (run.seed, run.learning_rate, run["init.gain"])
        paths[_name(run)][run.lanes, run.repeats][lane] = path
    found = [finding for name, own in paths.items() for finding in _of_architecture(name, own)]
    programs, layouts = len(evidence.programs), sum(len(own) for own in paths.values())
    found.append(exact("programs compiled, per architecture and layout", programs / layouts, 1, 0))
    verdict = "SUPPORTED" if worst(found) == "PASS" else "REFUTED"
    return [*found, claim(REPRODUCIBLE, verdict, rule="equal bits, and 1e-6 between layouts")]


def _of_architecture(name: str, own: dict[Any, dict[Any, Any]]) -> Iterator[Finding]:
    once = own[WIDE, 1]
    lanes = list(once)
    if (WIDE, 2) in own:
        same = [np.array_equal(once[lane], own[WIDE, 2][lane]) for lane in lanes]
        yield exact(f"{name}: runs that are bit-identical when trained again", np.mean(same), 1, 0, seeds=len(SEEDS))
    if (1, 1) in own:
        apart = [np.linalg.norm(once[lane] - own[1, 1][lane]) / np.linalg.norm(once[lane]) for lane in lanes]
        yield exact(f"{name}: alone against in a chunk of {WIDE}", 1 + np.max(apart), 1, 1e-6, seeds=len(SEEDS))
    first, second = sorted({seed for seed, *_ in lanes})[:2]
    pairs = [(once[lane], once[second, *lane[1:]]) for lane in lanes if lane[0] == first]
    differ = [not np.array_equal(one[-1], other[-1]) for one, other in pairs]
    yield exact(f"{name}: pairs of seeds whose runs differ", np.mean(differ), 1, 0, seeds=len(SEEDS))
    if name != "softmax":
        differ = [not np.array_equal(one[0], other[0]) for one, other in pairs]
        yield exact(f"{name}: pairs of seeds whose first parameters differ", np.mean(differ), 1, 0, seeds=len(SEEDS))


def _name(run: Any) -> str:
    return f"{run.activation} network" if run.model == "mlp" else run.model


def _one_draw(init: Any) -> Any:
    return init._replace(
        weight=lambda draw: init.weight(0 * draw + np.random.default_rng(0).standard_normal(draw.shape, np.float32))
    )


def _one_order(order: Any) -> Any:
    return lambda random, *size: order(np.random.default_rng(0), *size)


STUDY = Study(
    id="H03",
    name="reproducibility_and_vmap",
    title="Is a run the same run whenever, wherever and beside whatever it is trained?",
    claims=(REPRODUCIBLE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("one key for the initial draw of every seed", bugs.replace("inits", "lecun", _one_draw)),
        Mutant("one key for the order of the rows of every seed", bugs.replace("orders", "reshuffle", _one_order)),
    ),
    figures=(Figure("the same curves in every layout", "curves", "step", "train_loss", "learning_rate", "lanes"),),
)
