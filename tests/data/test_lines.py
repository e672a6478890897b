"""Points on a line."""

import numpy as np

from bench.parts import Catalogue, default_parts


def test_points_are_evenly_spaced_and_their_targets_on_the_line():
    table = Catalogue(default_parts()).lookup("line", scaling="raw", rows=5, low=-2.0, high=2.0, slope=3.0, offset=1.0)
    np.testing.assert_allclose(table.x, [[-2], [-1], [0], [1], [2]], rtol=1e-15)
    np.testing.assert_allclose(table.y, [-5, -2, 1, 4, 7], rtol=1e-15)
    assert table.classes == 0


def test_one_point_is_the_lower_end():
    table = Catalogue(default_parts()).lookup("line", scaling="raw", rows=1, low=1.0, slope=0.0, offset=2.0)
    assert (table.x.tolist(), table.y.tolist()) == ([[1.0]], [2.0])


def test_every_copy_of_a_point_has_noise_of_its_own_around_the_line():
    made = {"rows": 2, "copies": 500, "slope": 3.0, "noise": 0.5, "draws": 40}
    table = Catalogue(default_parts()).lookup("noisy_line", scaling="raw", **made)
    assert table.x[:, 0].tolist() == 500 * [-1.0] + 500 * [1.0]
    assert table.y.shape == (1000, 40)
    left = table.y - 3 * table.x
    np.testing.assert_allclose([left.mean(), left.std()], [0, 0.5], atol=0.01)  # five standard errors of the deviation
    assert len(np.unique(left)) == left.size
