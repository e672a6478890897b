"""F05: a plain network of 40 layers fits its train rows worse than one of 10; with the right skips depth costs nothing.

Theory: deeper networks can represent what shallower ones do, so that a larger train loss is a failure of descent (He et
al. 2016, figure 1: 56 plain layers have a larger train error than 20; with skips, 56 have a smaller one). Plain tanh
networks at sigma_w^2 = 1 lose the differences between rows with depth (Schoenholz et al. 2017), and in plain ReLU
networks the logarithms of gradients scatter like (L / n)^(1/2) (Hanin 2018). Branches scaled by L^(-1/2) whose mean
over networks is 0, as tanh(z) and relu(z) W, add to the mean square at most 1 in all, or a factor of e. Branches
relu(z) are positive: the mean square of h + relu(z) / L^(1/2) grows like exp(O(L^(1/2))), by 25 at 10 blocks and 835 at
40 (the recursion of E10), and no rate suits the top and the bottom.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, sign
from bench.studies import bugs

PLAIN = Claim("degradation", "deeper plain networks fit their train rows worse", "He et al. 2016")
SKIPS = Claim("skips", "with skips deeper networks fit their train rows no worse", "He et al. 2016", "CONDITIONAL")

Form = tuple[str, str]  # activation and model
FORMS: dict[Form, str] = {
    ("tanh", "mlp"): "plain tanh",
    ("tanh", "residual"): "h + a tanh(z)",
    ("relu", "mlp"): "plain ReLU",
    ("relu", "preactivation_residual"): "z + a relu(z) W",
    ("relu", "residual"): "h + a relu(z)",
}
POSITIVE = ("relu", "residual")  # whose branches push in one direction
STARTS = {"tanh": "lecun", "relu": "he"}
BLOCKS = {"full": (10, 40), "quick": (4, 16), "cell": (4, 16)}
KEPT = {"full": list(FORMS), "quick": list(FORMS)[2:], "cell": list(FORMS)[2:4]}
MOST = 1.2  # how much larger a loss may be that counts as no worse


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "batch_size": 64, "width": 64}
    run = {"checkpoints": "end", "probes": "off", "seed": list(range(12))}
    run |= {"learning_rate": [0.03, 0.1] if profile == "full" else [0.1], "steps": 300 if profile != "cell" else 40}
    scale = {"residual.decay": [0.5]}  # a = L^(-1/2)
    return [
        Grid({**rows, **run, **({} if model == "mlp" else scale), **_net(name, model), "depth": 1 + blocks})
        for name, model in KEPT[profile]
        for blocks in BLOCKS[profile]
    ]


def _net(name: str, model: str) -> dict[str, str]:
    return {"model": model, "activation": name, "init": STARTS[name]}


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, ratios = [], {}
    for form, own in _losses(evidence).items():
        (less, shallow), (more, deep) = sorted(own.items())
        ratios[form] = float(np.median(deep / shallow))
        text = f"{FORMS[form]}: train loss at {more} layers {ratios[form]:.3g} times that at {less}"
        if form[1] == "mlp":
            found.append(sign(f"{text}, more than 1", deep - shallow))
        elif form == POSITIVE:
            found.append(sign(f"{text}, more than {MOST}", deep - MOST * shallow))
        else:
            found.append(sign(f"{text}, at most {MOST}", MOST * shallow - deep))
    plain = [ratio > MOST for (_, model), ratio in ratios.items() if model == "mlp"]
    skips = {form: ratio for form, ratio in ratios.items() if form[1] != "mlp"}
    well = [ratio <= MOST for ratio in skips.values()]
    rules = ("smallest ratio of plain losses", "largest ratio of losses with skips")
    region = "branches of mean 0: " + ", ".join(FORMS[form] for form, ratio in skips.items() if ratio <= MOST)
    verdict = "SUPPORTED" if all(plain) else "CONDITIONAL" if any(plain) else "REFUTED"
    least = min(ratio for (_, model), ratio in ratios.items() if model == "mlp")
    found.append(claim(PLAIN, verdict, least, MOST, rules[0], seeds=12))
    verdict = "SUPPORTED" if all(well) else "CONDITIONAL" if any(well) else "REFUTED"
    return [*found, claim(SKIPS, verdict, max(skips.values()), MOST, rules[1], region, seeds=12)]


def _losses(evidence: Evidence) -> dict[Form, dict[int, Any]]:
    """Form -> blocks -> train loss at each seed's best rate, (seeds,); a diverged run counts as infinite."""
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, _, loss in evidence.curve("train_loss"):
        last = loss[-1] if np.isfinite(loss[-1]) else np.inf
        found[run.activation, run.model][run.depth - 1][run.learning_rate].append(last)
    return {
        form: {blocks: np.min([*rates.values()], axis=0) for blocks, rates in own.items()}
        for form, own in found.items()
    }


def _without_skips(architecture: Any) -> Any:
    def make(*given: Any) -> Any:
        return architecture.make(*given, skip="none")._replace(hyper=architecture.make(*given).hyper)

    return architecture._replace(make=make)


STUDY = Study(
    id="F05",
    name="residual_degradation",
    title="Do deeper networks fit worse, and do skips prevent it?",
    claims=(PLAIN, SKIPS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the skips are left out", bugs.replace("models", "preactivation_residual", _without_skips)),),
    figures=(Figure("train loss", "runs", "depth", "final_train_loss", "model", "activation", "y"),),
)
