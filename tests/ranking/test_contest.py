"""A contest: who competes, what is tuned, what the problems are, and what counts as a cost."""

import itertools

import numpy as np
import pandas as pd
import pytest

from bench.ranking.contest import contest_of
from bench.spec.question import Rank

STEPS = (0, 10, 20, 40)


def tables(value, seeds=8, **axes):
    """Runs and curves of a grid in which `value(combination, seed)` is the loss at the end; it starts at 1."""
    rows, curves = [], []
    for number, combination in enumerate(itertools.product(*axes.values(), range(seeds))):
        own = dict(zip((*(name.replace("__", ".") for name in axes), "seed"), combination, strict=True))
        final = float(value(own))
        rows.append({"run": f"r{number}", "status": "diverged" if np.isnan(final) else "done", **own,
                     "final_train_loss": final, "initial_train_loss": 1.0})  # fmt: skip
        for step in STEPS:
            loss = 1 + (final - 1) * step / STEPS[-1] if step else 1.0
            curves.append({"run": f"r{number}", "step": step, "epoch": step / 10, "samples": step, "flops": 6.0 * step,
                           "gradient_evaluations": step, "seconds": step / 100, "train_loss": loss})  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(curves)


GRID = {"optimizer": ["sgd", "adam"], "depth": [1, 2], "learning_rate": [0.1, 0.2, 0.4]}


def loss(own):
    return 0.1 * own["depth"] + abs(np.log(own["learning_rate"] / 0.2)) + 0.01 * own["seed"]


def test_what_varies_is_a_contestant_a_problem_or_tuned():
    found = contest_of(*tables(loss, **GRID), Rank())
    assert (found.by, found.over, found.tuned) == (("optimizer",), ("depth",), ("learning_rate",))
    assert (found.contestants, found.problems) == ((("sgd",), ("adam",)), ((1,), (2,)))
    assert found.trials[(2,), ("adam",)].costs.shape == (3, 8)
    assert found.tunes
    other = contest_of(*tables(loss, **GRID), Rank(by=["depth", "optimizer"]))
    assert (other.over, len(other.contestants)) == ((), 4)
    fixed = contest_of(*tables(loss, **GRID), Rank(tuned=[]))
    assert (fixed.over, fixed.tunes) == (("depth", "learning_rate"), False)


def test_an_axis_that_goes_with_the_contestant_is_no_problem():
    runs, curves = tables(loss, **GRID)
    found = contest_of(runs.assign(init=runs["optimizer"].map({"sgd": "he", "adam": "glorot"})), curves, Rank())
    assert found.over == ("depth",)


def test_widths_per_layer_and_full_batches_are_problems_under_their_names():
    runs, curves = tables(loss, **GRID)
    runs["width"], runs["widths"] = np.nan, np.where(runs["depth"] == 1, "(4, 3)", "(3, 3)")
    runs["batch_size"] = np.where(runs["depth"] == 1, np.nan, 20)
    found = contest_of(runs.drop(columns="depth"), curves, Rank())
    assert found.over == ("widths", "batch_size")
    assert found.problems == (("(4, 3)", "full"), ("(3, 3)", 20.0))


def test_an_axis_that_goes_with_the_problem_is_not_tuned():
    runs, curves = tables(loss, **GRID)
    found = contest_of(runs.assign(**{"start.x": runs["depth"].astype(float)}), curves, Rank())
    assert (found.over, found.tuned) == (("depth",), ("learning_rate",))


def test_a_grid_without_contestants_has_one():
    found = contest_of(*tables(loss, depth=[1, 2], learning_rate=[0.1, 0.2]), Rank())
    assert (found.by, found.contestants, found.over) == ((), ((),), ("depth",))


def test_the_choice_is_made_by_seeds_that_do_not_judge():
    def cost(own):  # odd seeds choose, even ones judge and would rather have another rate
        return {0.1: (0.9, 0.5), 0.2: (0.5, 0.9)}[own["learning_rate"]][own["seed"] % 2]

    found = contest_of(*tables(cost, optimizer=["sgd", "adam"], learning_rate=[0.1, 0.2]), Rank())
    np.testing.assert_allclose(found.judged((), ("sgd",)), [0.9] * 4)


def test_where_nothing_is_tuned_all_seeds_judge():
    found = contest_of(*tables(lambda own: own["seed"], optimizer=["sgd", "adam"]), Rank())
    assert found.judged((), ("adam",)).tolist() == [*range(8)]


def test_a_diverged_run_is_as_good_as_an_untrained_one_and_its_configuration_comes_last():
    def cost(own):
        return np.nan if own["learning_rate"] == 0.4 and own["seed"] == 1 else 0.5 - own["learning_rate"]

    own = contest_of(*tables(cost, optimizer=["sgd", "adam"], learning_rate=[0.1, 0.4]), Rank()).trials[(), ("sgd",)]
    assert own.costs[1, 1] == 1
    assert own.lost.sum() == 1
    assert own.best() == 0


def test_an_accuracy_is_a_negative_cost_and_is_shown_as_it_is():
    runs, curves = tables(lambda own: 0.5, optimizer=["sgd", "adam"])
    runs["final_test_accuracy"] = np.where(runs["optimizer"] == "adam", 0.9, 0.8)
    found = contest_of(runs, curves.assign(test_accuracy=0.1), Rank())
    assert (found.measure, found.sign) == ("final_test_accuracy", -1)
    assert found.shown((), ("adam",)).tolist() == [0.9] * 8


@pytest.mark.parametrize(
    ("unit", "first"), [("step", 20), ("epoch", 2.0), ("gradient_evaluations", 20), ("flops", 120)]
)
def test_with_a_target_the_time_until_it_counts_and_the_end_where_it_is_not_reached(unit, first):
    def cost(own):
        return 0.0 if own["optimizer"] == "adam" else 0.9

    found = contest_of(*tables(cost, optimizer=["sgd", "adam"]), Rank(target=0.5, unit=unit))
    adam, sgd = (found.trials[(), (name,)] for name in ("adam", "sgd"))
    assert adam.costs.tolist() == [[first] * 8]
    assert sgd.costs.tolist() == [[2 * first] * 8]
    assert (adam.reached.all(), sgd.reached.any()) == (True, False)


def test_a_diverged_run_never_reaches_the_target_and_is_watched_to_the_end():
    runs, curves = tables(lambda own: np.nan, optimizer=["sgd", "adam"])
    found = contest_of(runs, curves, Rank(target=0.5)).trials[(), ("sgd",)]
    assert (found.costs == 40).all()
    assert not found.reached.any()


def test_seeds_that_somebody_lacks_are_left_out():
    runs, curves = tables(loss, **GRID)
    few = runs[~((runs["optimizer"] == "sgd") & (runs["depth"] == 1) & (runs["seed"] == 7))]
    assert all(own.seeds.tolist() == [*range(7)] for own in contest_of(few, curves, Rank()).trials.values())
