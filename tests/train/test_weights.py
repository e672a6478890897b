"""Inner products of weights and gradients against the parameters and gradients themselves."""

import numpy as np


def test_products_are_those_of_every_layer(train):
    shape = {"model": "mlp", "depth": 3, "width": 4, "bias": False, "dtype": "float64", "init": "he", "steps": 0}
    rows = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw", "checkpoints": "end"}
    found = train(shape | rows | {"probes": [("weight_products", "parameters", "gradient")]})
    theta, slope = (found.value(name)[0, 0] for name in ("parameter", "gradient"))
    ends = np.cumsum([3 * 4, 4 * 4, 4 * 4])
    for name, pair in (("weight_gradient_product", theta * slope), ("weight_square", theta**2)):
        np.testing.assert_allclose(found.value(name)[0, 0], [part.sum() for part in np.split(pair, ends)], rtol=1e-12)


def test_a_surface_has_none(train):
    found = train({"model": "quadratic", "steps": 0, "checkpoints": "end", "probes": "weight_products"})
    assert not found.outcome.values
