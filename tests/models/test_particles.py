"""Particles under noise: each moves alone, and by its own noise."""

import itertools

import numpy as np


def test_a_particle_takes_the_step_of_its_own_gradient_plus_its_own_noise(train):
    data = {"data": "white_noise", "data.rows": 6, "data.features": 4, "scaling": "raw"}
    run = {
        "model": "saddle_particles",
        "batch_size": 1,
        "order": "sequential",
        "learning_rate": 0.1,
        "dtype": "float64",
    }
    noise = {"surface.noise_x": 0.3, "surface.noise_y": 0.05, "start.x": 1.0, "start.y": 0.2}
    found = train(data | run | noise | {"steps": 6, "checkpoints": 1, "probes": "parameters"})
    path, table = found.value("parameter")[0], found.tables[0]
    np.testing.assert_array_equal(path[0], [1.0, 1.0, 0.2, 0.2])
    for step, (before, after) in enumerate(itertools.pairwise(path)):
        x, y = before[:2], before[2:]
        slope = np.concatenate([x + 0.3 * table.x[step, :2], -y + y**3 + 0.05 * table.x[step, 2:]])
        np.testing.assert_allclose(after, before - 0.1 * slope, rtol=1e-13)
