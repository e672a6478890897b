"""Probes against the same quantities computed directly, by numpy's forward and backward pass."""

import numpy as np
import pytest

from bench.errors import InputError
from bench.plan import plan
from bench.spec import Grid
from bench.theory import logistic
from bench.train import PROBES, prepare, probe_names
from bench.train.probes import LEVELS, SATURATED_BELOW

ROWS = 24


@pytest.fixture(scope="module", params=["relu", "tanh"])
def probed(request, train):
    """One MLP, its records, and the arrays of its own forward and backward pass."""
    axes = {"data": "classes", "data.rows": ROWS, "data.features": 3, "scaling": "raw", "model": "mlp"}
    shape = {"depth": 3, "width": 4, "activation": request.param, "init": "he", "init.bias": 0.3, "dtype": "float64"}
    run = {"loss": "softmax_cross_entropy", "steps": 1, "checkpoints": "end", "learning_rate": 0.05, "seed": 2}
    names = (
        "full",
        "parameters",
        "gradient",
        "outputs",
        "output_gradient",
        "units",
        "unit_gradients",
        "row_correlation",
    )
    found = train(axes | shape | run | {"probes": [names]})
    table = found.tables[0]
    layers, used = [], 0
    for fan_in, fan_out in ((3, 4), (4, 4), (4, 4), (4, 2)):  # recorded as bias, then weight
        theta = found.value("parameter")[0, 0, used : used + fan_out * (fan_in + 1)]
        layers.append((theta[:fan_out], theta[fan_out:].reshape(fan_in, fan_out)))
        used += fan_out * (fan_in + 1)
    phi = (lambda z: np.maximum(z, 0)) if request.param == "relu" else np.tanh
    slope = (lambda z: (z > 0) * 1.0) if request.param == "relu" else lambda z: 1 - np.tanh(z) ** 2
    pre, post = [], [table.x]
    for bias, weight in layers:
        pre.append(post[-1] @ weight + bias)
        post.append(phi(pre[-1]))
    odds = np.exp(pre[-1])
    delta = [(odds / odds.sum(axis=1, keepdims=True) - np.eye(2)[table.y]) / ROWS]
    for (_, weight), z in zip(layers[:0:-1], pre[-2::-1], strict=True):
        delta.insert(0, delta[0] @ weight.T * slope(z))
    gradients = [(d.sum(axis=0), h.T @ d) for d, h in zip(delta, post, strict=False)]
    return found, layers, pre, post, delta, gradients, [slope(z) for z in pre[:-1]]


def _layers(found, name):
    return found.outcome.layers[name][0, 0]


def _norms(arrays):
    return [np.linalg.norm(array) for array in arrays]


@pytest.mark.slow
def test_gradient_norms_are_those_of_backpropagation(probed):
    found, _, _, _, delta, gradients, _ = probed
    np.testing.assert_allclose(_layers(found, "delta_norm"), _norms(delta), rtol=1e-10)
    np.testing.assert_allclose(_layers(found, "weight_gradient_norm"), _norms(w for _, w in gradients), rtol=1e-10)
    whole = np.concatenate([part.ravel() for layer in gradients for part in layer])
    np.testing.assert_allclose(found.value("gradient")[0, 0], whole, rtol=1e-9, atol=1e-15)
    assert found.curve("gradient_norm")[0, 0] == pytest.approx(np.linalg.norm(whole), rel=1e-10)


@pytest.mark.slow
def test_signals_are_mean_squares(probed):
    found, _, pre, post, _, _, _ = probed
    hidden = [*post[1:-1], pre[-1]]
    np.testing.assert_allclose(_layers(found, "activation_mean_square"), [np.mean(h**2) for h in hidden], rtol=1e-10)
    np.testing.assert_allclose(_layers(found, "preactivation_mean_square"), [np.mean(z**2) for z in pre], rtol=1e-10)


def test_dead_and_saturated_units_are_counted_and_the_output_layer_has_none(probed):
    found, _, _, _, _, _, slopes = probed
    dead = [np.mean(np.all(s == 0, axis=0)) for s in slopes]
    saturated = [np.mean(np.abs(s) < SATURATED_BELOW) for s in slopes]
    np.testing.assert_allclose(_layers(found, "dead_fraction"), [*dead, np.nan])
    np.testing.assert_allclose(_layers(found, "saturated_fraction"), [*saturated, np.nan])


def test_update_ratio_is_the_next_step_over_the_weight(probed):
    found, layers, _, _, _, gradients, _ = probed
    weights, steps = _norms(w for _, w in layers), _norms(0.05 * w for _, w in gradients)
    np.testing.assert_allclose(_layers(found, "weight_norm"), weights, rtol=1e-12)
    np.testing.assert_allclose(_layers(found, "update_ratio"), np.divide(steps, weights), rtol=1e-10)


def test_outputs_and_their_deltas_are_per_row(probed):
    found, _, pre, _, delta, _, _ = probed
    np.testing.assert_allclose(found.value("output")[0, 0], pre[-1].ravel(), rtol=1e-11)
    np.testing.assert_allclose(found.value("output_delta")[0, 0], delta[-1].ravel() * ROWS, rtol=1e-9)


def test_sizes_are_those_of_each_array_of_parameters(train):
    run = {"model": "linear", "init": "normal", "init.bias": 2.0, "steps": 0, "probes": [("sizes", "parameters")]}
    found = train({"data": "classes", "data.features": 5, "scaling": "raw", "dtype": "float64"} | run)
    theta = np.abs(found.value("parameter")[0, 0])
    np.testing.assert_allclose(found.value("median_size")[0, 0], [theta[0], np.median(theta[1:])], rtol=1e-14)
    np.testing.assert_allclose(found.value("largest_size")[0, 0], [theta[0], theta[1:].max()], rtol=1e-14)


def test_units_are_seen_layer_by_layer_and_row_by_row(probed):
    found, _, pre, post, delta, _, slopes = probed
    for name, arrays in {"preactivation": pre[:-1], "activation": post[1:-1], "slope": slopes}.items():
        want = np.concatenate([array.ravel() for array in arrays])
        # 1 - tanh^2 is known as well as 1 is
        np.testing.assert_allclose(found.value(f"unit_{name}")[0, 0], want, rtol=1e-10, atol=1e-15)
    sums = np.concatenate([np.abs(own).sum(axis=0) for own in delta[:-1]])
    np.testing.assert_allclose(found.value("unit_delta")[0, 0], sums, rtol=1e-9)


def test_rows_are_as_alike_as_their_preactivations(probed):
    found, _, pre, *_ = probed
    alike = [z[0] @ z[1] / np.linalg.norm(z[0]) / np.linalg.norm(z[1]) for z in pre]
    np.testing.assert_allclose(found.value("row_correlation")[0, 0], alike, rtol=1e-10)


def test_gradients_of_single_rows_are_those_of_softmax_regression(train):
    axes = {"data": "classes", "data.rows": ROWS, "data.features": 3, "scaling": "raw", "model": "softmax"}
    run = {"init": "normal", "bias": False, "steps": 0, "dtype": "float64", "probe_rows": "all"}
    found = train(axes | run | {"probes": [("row_gradients", "outputs")]})
    table, odds = found.tables[0], np.exp(found.value("output")[0, 0].reshape(ROWS, 2))
    delta = odds / odds.sum(axis=1, keepdims=True) - np.eye(2)[table.y]
    own = (table.x[:, :, None] * delta[:, None, :]).reshape(ROWS, -1)
    np.testing.assert_allclose(found.value("row_slope")[0, 0], own @ own.mean(axis=0), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(found.value("row_gradient_norm")[0, 0], np.linalg.norm(own, axis=1), rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_hessian_spectrum_is_that_of_logistic_regression(train, dtype):
    axes = {"data": "classes", "data.rows": ROWS, "data.features": 3, "scaling": "raw", "model": "logistic"}
    found = train(axes | {"init": "normal", "l2": 0.5, "steps": 0, "dtype": dtype, "probes": "hessian_spectrum"})
    theta = train(axes | {"init": "normal", "l2": 0.5, "steps": 0, "dtype": dtype, "probes": "parameters"})
    want = np.linalg.eigvalsh(logistic.hessian(found.tables[0].x, theta.value("parameter")[0, 0].astype(float), 0.5))
    tolerance = {"float16": 0.03, "float32": 1e-4, "float64": 1e-10}[dtype]
    np.testing.assert_allclose(found.value("hessian_eigenvalue")[0, 0], want, rtol=tolerance)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("off", ()),
        ("norms", LEVELS["norms"]),
        ("gradient", ("gradient",)),
        (("parameters", "norms"), ("parameters", *LEVELS["norms"])),
        (("norms", "full"), LEVELS["full"]),
    ],
)
def test_levels_and_names_add_up_without_repeats(asked, names):
    assert probe_names(asked, PROBES) == names


def test_an_unknown_probe_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="Did you mean 'gradient_norm'"):
        probe_names("gradient_nrom", PROBES)


@pytest.mark.parametrize("name", PROBES)
def test_probes_that_do_not_say_so_read_nothing_of_the_optimizer(name, catalogue, parts, devices):
    """Their look has no state of the optimizer, without which adam has no update."""
    axes = {"data": "iris", "model": "mlp", "depth": 2, "width": 3, "steps": 2, "optimizer": "adam", "probes": name}
    (program,) = plan([Grid(axes)], catalogue.describe, "x").programs
    tables = catalogue.tables(program.static, program.lanes["seed"])
    look = prepare(program, parts, tables, devices).stages[-1]
    look.function.trace(*look.arguments())
    assert ("adam" in look.key) == PROBES[name].reads_optimizer
