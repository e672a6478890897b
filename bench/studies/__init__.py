"""The catalogue: one file per study, `bench/studies/<family>/<id>_<name>.py`, with one `STUDY` in it."""

import importlib
from pathlib import Path

from bench.errors import unknown
from bench.spec import Study

FAMILIES = ("convex", "stochastic", "losses", "regularisation", "propagation", "training", "plumbing")

TOUR = (
    "quadratic_modes",
    "lr_divergence_threshold",
    "feature_scaling",
    "batch_identities",
    "batch_size_trade_off",
    "logistic_gd",
    "sigma_prime_factor",
    "l2_shrink_and_free_bias",
    "chi1_per_layer_ratio",
    "relu_vanish_explode",
    "depth_activation_lr",
    "zero_init_symmetry",
)
"""What `python -m bench.run` without a name shows, in this order."""


def _files() -> dict[str, tuple[str, str]]:
    """name -> (id, module), in the order of families and ids; found by file name, nothing is imported."""
    root = Path(__file__).parent
    found = {}
    for family in FAMILIES:
        for path in sorted((root / family).glob("[a-z][0-9][0-9]_*.py")):
            identifier, _, name = path.stem.partition("_")
            found[name] = (identifier.upper(), f"{__name__}.{family}.{path.stem}")
    return found


def names() -> list[str]:
    """Names of all studies."""
    return list(_files())


def get(name: str) -> Study:
    """The study of that name or id.

    Raises:
        InputError: there is none, with the nearest name.
    """
    files = _files()
    by_id = {identifier: own for own, (identifier, _) in files.items()}
    own = name if name in files else by_id.get(name.upper())
    if own is None:
        raise unknown("study", name, [*files, *by_id, *FAMILIES, "all"])
    return importlib.import_module(files[own][1]).STUDY


def select(asked: list[str]) -> list[Study]:
    """The studies behind names, ids, families or `all`, each once; the tour if nothing is asked for."""
    files = _files()
    chosen: list[str] = []
    for item in asked or [name for name in TOUR if name in files]:
        if item == "all":
            chosen += files
        elif item in FAMILIES:
            chosen += [name for name, (_, module) in files.items() if f".{item}." in module]
        else:
            chosen.append(get(item).name)
    return [get(name) for name in dict.fromkeys(chosen)]
