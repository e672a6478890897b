"""Which layer is said to be the first that was not finite: the one whose numbers overflow first, or none."""

import numpy as np
import pytest

from bench.own import with_own
from bench.spec import Ledger
from bench.store.tables import program_tables

WIDTHS = (5, 6, 7, 8)
DEPTH = len(WIDTHS)
GRID = {
    "data": "iris", "split": "all", "model": "mlp", "depth": DEPTH, "width": [WIDTHS], "init": "own", "probes": "full",
    "learning_rate": 1e-3, "steps": 2, "checkpoints": 1, "seed": [0, 1],
}  # fmt: skip
LEDGER = Ledger(*[1.0] * 7, 1, 1, False, False, *[1.0] * 3)


def sized(sizes):
    """An init whose k-th layer has weights of this size; layers are known by their fan-in."""
    by_fan_in = dict(zip((4, *WIDTHS), map(float, sizes), strict=True))

    def init(normals):
        return abs(normals) / abs(normals).max() * by_fan_in.get(normals.shape[0], 1.0)

    return init


@pytest.fixture
def layer_of(parts, train):
    """Trains nets whose layers have weights of these sizes, and says the column, one value per seed."""

    def run(sizes, **axes):
        own = with_own(parts, inits={"own": sized(sizes)})
        done = train({**GRID, **axes}, parts=own)
        table = program_tables(done.program, done.outcome, LEDGER, 150)["runs"]
        return table["first_bad_step"].to_pylist(), table["first_bad_layer"].to_pylist()

    return run


SLOW = (("identity", 1), ("leaky_relu", 2), ("softplus", 4), ("silu", 5), ("tanh", 5))


@pytest.mark.parametrize(
    ("activation", "layer"), [("relu", 3), *(pytest.param(*one, marks=pytest.mark.slow) for one in SLOW)]
)
def test_forward_the_layer_that_overflows_first_is_said(activation, layer, layer_of):
    sizes = np.ones(DEPTH + 1)
    sizes[layer - 1] = 3e38
    steps, layers = layer_of(sizes, activation=activation)
    assert steps == [0, 0]
    assert layers == [layer, layer]


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "probes"), [("identity", "full"), ("leaky_relu", "norms")])
def test_backward_the_layer_whose_delta_overflows_first_is_said(activation, probes, layer_of):
    """Signals stay finite behind small weights; deltas are about 1e-2, 1e-2, 1e16, and then beyond float32."""
    steps, layers = layer_of([1e-30, 1e-8, 1e24, 1e18, 1.0], activation=activation, probes=probes, learning_rate=1e30)
    assert min(steps) >= 0
    assert layers == [2, 2]


@pytest.mark.slow
def test_deltas_alone_cannot_tell_a_layer_that_overflows_forward(layer_of):
    assert layer_of([1, 1, 3e38, 1, 1], activation="relu", probes="norms")[1] == [None, None]


@pytest.mark.slow
def test_parameters_that_were_lost_between_two_checkpoints_tell_nothing(layer_of):
    steps, layers = layer_of(np.ones(DEPTH + 1), activation="identity", learning_rate=1e10, steps=40, checkpoints="end")
    assert min(steps) > 0
    assert layers == [None, None]


@pytest.mark.slow
def test_runs_that_are_well_and_runs_without_layers_have_none(layer_of):
    assert layer_of(np.full(DEPTH + 1, 0.3), activation="tanh") == ([None, None], [None, None])
    assert layer_of([1, 1, 3e38, 1, 1], activation="relu", probes="off")[1] == [None, None]
