"""Linear maps of white inputs."""

import numpy as np

from bench.parts import Catalogue, default_parts


def test_inputs_are_white_and_targets_have_the_singular_values():
    table = Catalogue(default_parts()).lookup("modes", scaling="raw", singular_values="2 0.5")
    np.testing.assert_allclose(table.x.T @ table.x / table.rows, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(table.x.T @ table.y / table.rows, np.diag([2, 0.5]), atol=1e-15)
