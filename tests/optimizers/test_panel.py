"""The panel: rates are searched where they should be, by seeds that do not judge, and copies are told from rivals."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

from bench import gridfile, run
from bench.optimizers import __main__ as command
from bench.optimizers.api import rank_optimizers
from bench.optimizers.judge import judge
from bench.optimizers.panel import MOST_EXTENSIONS, UNITS, Panel, Trials, chosen, next_places
from bench.optimizers.workloads import COARSE, FINE, STANDARD, WORKLOADS, Workload, checkpoints, rate
from bench.parts import Catalogue, default_parts
from bench.plan import plan
from bench.spec import Grid
from bench.stats.comparison import compare_all
from bench.stats.profiles import profile_score
from bench.train.methods import METHODS, Method

ROOT = Path(__file__).parents[2]
BUDGET = 100


def _uncorrected(h):
    """Adam whose averages start at zero and are taken as they are (Kingma and Ba 2015 without their section 3)."""
    b1, b2, epsilon, eta = (
        h[name] for name in ("optimizer.beta1", "optimizer.beta2", "optimizer.epsilon", "learning_rate")
    )

    def update(gradients, state, params=None):
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state[0], gradients)
        square = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, state[1], gradients)
        return jax.tree.map(lambda m, v: -eta * m / (jnp.sqrt(v) + epsilon), mean, square), (mean, square)

    def init(params):
        return jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)

    return optax.GradientTransformation(init, update)


@pytest.fixture(scope="module")
def rivals(devices):
    """The suite's parts, a copy of adam under another name, and adam without its bias correction."""
    constants = METHODS["adam"].constants
    added = default_parts().added("methods", "twin", METHODS["adam"])
    return added.added("methods", "uncorrected", Method(_uncorrected, constants))


@pytest.mark.slow
def test_a_copy_is_never_separated_from_adam_and_adam_without_bias_correction_always_is(rivals, train_all):
    """Decided beforehand: loss after 20 steps at adam's centre, 16 seeds, all three pairs a family at 5 %, 20 times.

    The correction matters while the averages are young. A copy gives the same numbers, so its error rate is 0, not 5 %.
    """
    axes = {**WORKLOADS["convex"].axes, "steps": 20, "checkpoints": "end", "learning_rate": rate("adam", 0)}
    names = ["adam", "twin", "uncorrected"]
    found = train_all({**axes, "optimizer": names, "seed": list(range(20 * 16))}, parts=rivals)
    loss = {one.program.static["optimizer"]: one.curve("train_loss")[:, -1] for one in found}
    for repetition in range(20):
        own = slice(16 * repetition, 16 * (repetition + 1))
        pairs = compare_all({name: loss[name][own] for name in names})
        assert not pairs["adam", "twin"].separated
        assert pairs["adam", "uncorrected"].separated
        assert pairs["twin", "uncorrected"].separated


def _trials(steps, loss=None, places=COARSE, budget=BUDGET):
    """Trials with these steps to target, (rates, seeds); the budget where it is not reached."""
    steps = np.asarray(steps, np.float64)
    loss = np.ones(steps.shape) if loss is None else np.asarray(loss, np.float64)
    rates = np.array([rate("adam", place) for place in places])
    times = dict.fromkeys(UNITS, steps)
    return Trials(np.array(places), rates, np.arange(steps.shape[1]), times, steps < budget, loss)


def test_the_rate_is_chosen_by_seeds_that_do_not_judge():
    steps = np.full((6, 8), 50.0)
    steps[2, 1::2] = 10  # the seeds that choose
    steps[4, 0::2] = 1  # the seeds that judge prefer another one
    trials = _trials(steps)
    assert trials.best() == 2
    assert not (trials.half(judging=True) & trials.half(judging=False)).any()
    panel = Panel(("adam",), {"w": Workload("", {"steps": BUDGET}, 0.1)}, {("w", "adam"): trials}, 0, 0)
    assert judge(panel).rows[0].times["step"].restricted_mean == 50


def test_where_no_rate_reaches_the_target_the_lower_loss_decides():
    loss = np.ones((6, 8))
    loss[3] = 0.0
    assert _trials(np.full((6, 8), BUDGET), loss).best() == 3


def test_the_search_moves_on_from_an_edge_and_then_looks_closer():
    low, inner = np.full((6, 8), 50.0), np.full((6, 8), 50.0)
    low[0], inner[2] = 10, 10
    assert next_places(_trials(low), 0, fine=True) == [COARSE[0] - 4 * step for step in range(6, 0, -1)]
    assert next_places(_trials(low[::-1]), 0, fine=True) == [COARSE[-1] + 4 * step for step in range(1, 7)]
    assert next_places(_trials(low), MOST_EXTENSIONS, fine=True) == [COARSE[0] + step for step in FINE]
    assert next_places(_trials(inner), 0, fine=True) == [COARSE[2] + step for step in FINE]
    assert next_places(_trials(inner), 0, fine=False) == []
    refined = sorted([*COARSE, *(COARSE[2] + step for step in FINE)])
    assert next_places(_trials(np.full((12, 8), 50.0), places=refined), 1, fine=True) == []
    assert len(FINE) == len(COARSE)  # so that every round has the same lanes


def test_scores_are_those_of_the_profile_over_workloads_and_seeds():
    random = np.random.default_rng(0)
    workloads = {name: Workload("", {"steps": BUDGET}, 0.1) for name in ("u", "v")}
    who = ("adam", "sgd", "copy")
    trials = {
        (name, one): _trials(random.integers(5, 120, (6, 32)).clip(max=BUDGET)) for name in workloads for one in who[:2]
    }
    trials |= {(name, "copy"): trials[name, "sgd"] for name in workloads}
    verdict = judge(Panel(who, workloads, trials, 0, 0))
    costs = [
        [
            np.where(t.reached[t.best(), ::2], t.steps[t.best(), ::2], np.inf)
            for t in (trials[name, one] for name in workloads)
        ]
        for one in who
    ]
    want = dict(zip(who, profile_score(np.array(costs)).mean(axis=1), strict=True))
    assert {rank.optimizer: rank.score.mean for rank in verdict.ranks} == pytest.approx(want)
    assert not verdict.pairs["sgd", "copy"].separated
    for own in verdict.profiles.values():
        assert (np.diff(own) >= 0).all()
    assert (
        sum(verdict.profiles[name][0] for name in ("adam", "sgd")) >= 0.9
    )  # somebody is the fastest, if anyone arrives
    groups = {rank.optimizer: rank.group for rank in verdict.ranks}
    assert groups["sgd"] == groups["copy"]
    for rank in verdict.ranks:
        spent = [rank.budget[k].mean for k in (1, 2, 3, 6)]
        assert 0 <= min(spent) <= max(spent) <= 1


@pytest.mark.parametrize("steps", [1, 7, 400, 5000])
def test_checkpoints_are_five_percent_apart(steps):
    found = np.array(checkpoints(steps))
    assert (found[0], found[-1]) == (0, steps)
    assert (np.diff(found) <= np.maximum(1, 0.06 * found[:-1] + 1)).all()


def test_every_workload_can_be_planned_and_the_quick_panel_is_smaller(parts):
    catalogue = Catalogue(parts)
    for name, one in WORKLOADS.items():
        found = plan([Grid({**one.axes, "optimizer": "adam", "learning_rate": 0.1})], catalogue.describe, "test")
        assert found.seconds < 5, name
    assert 2 <= len(chosen((), True)) < len(chosen((), False)) == len(WORKLOADS)
    assert set(STANDARD) <= set(METHODS)


@pytest.fixture
def _folder(tmp_path, monkeypatch, devices):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("_folder")
def test_the_command_ranks_saves_and_trains_nothing_twice(tmp_path, capsys):
    few = ["--workloads", "ill_conditioned", "--seeds", "8", "--quick"]
    assert command.main(["adam", "sgd", *few]) == 0
    said = capsys.readouterr().out
    for words in ("rank by profile score over 1 workloads, 4 seeds", "ill_conditioned", "adam", "rates within 2x"):
        assert words in said
    assert command.main(["adam", "sgd", "momentum", *few, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    trained = [event for event in events if event["event"] == "program"]
    assert trained
    assert events[-1]["trained"] == len(trained)
    assert {event["name"] for event in events if event["event"] == "plan" and event["missing"]} == {
        "panel-ill-conditioned-momentum-8"
    }
    assert [event["event"] for event in events].count("pair") == 2 * 3
    folder = tmp_path / "results" / "optimizers"
    targets = pd.read_csv(folder / "targets.csv")
    assert set(targets["unit"]) == set(UNITS)
    assert (targets["restricted_mean"] > 0).all()
    assert len(pd.read_csv(folder / "ranking.csv")) == 3
    assert pd.read_csv(folder / "profile.csv")["share"].between(0, 1).all()
    best = folder / "best" / "best-ill-conditioned-adam.toml"
    gridfile.read(best)
    assert run.main([str(best), "--out", str(tmp_path / "again")]) == 0
    again = pd.read_parquet(tmp_path / "again" / best.stem / "full" / "curves.parquet")
    hit = again[again["train_loss"] <= WORKLOADS["ill_conditioned"].target].drop_duplicates("run")["step"].mean()
    own = targets[(targets["optimizer"] == "adam") & (targets["unit"] == "step")]
    assert hit == own["restricted_mean"].item()


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["momentun"], "unknown optimizer 'momentun'. Did you mean 'momentum'?"),
        (["adam", "adam"], "optimizers adam, adam: name each once"),
        (["adam", "--workloads", "deeep"], "unknown workload 'deeep'. Did you mean 'deep'?"),
        (["adam", "--seeds", "3"], "seeds = 3: give at least 8"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(arguments, message, tmp_path, capsys):
    assert command.main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("_folder")
def test_ones_own_optimizer_joins_by_its_name_and_the_others_are_not_trained_again(tmp_path):
    few: dict = {"workloads": ["ill_conditioned"], "quick": True, "seeds": 8, "out": tmp_path}
    _, alone = rank_optimizers(["adam"], **few)
    verdict, panel = rank_optimizers(["adam", "twin"], {"twin": optax.adam}, centres={"twin": 0.01}, **few)
    assert panel.trained == alone.trained > 0
    assert verdict.ranks[0].score == verdict.ranks[1].score
    assert verdict.ranks[0].group == verdict.ranks[1].group
    assert verdict.pairs["adam", "twin"].more is None
    _, again = rank_optimizers(["adam", "twin"], {"twin": optax.adam}, centres={"twin": 0.01}, **few)
    assert again.trained == 0


def test_what_there_is_and_help_come_without_anything_heavy(capsys):
    assert command.main(["--list"]) == 0
    assert "condition number 1000" in capsys.readouterr().out
    code = "import sys, bench.optimizers.__main__; print([m for m in ('jax', 'numpy', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
