"""Forward selection against a loop over least-squares fits."""

import numpy as np

from bench.theory import selection


def test_the_columns_are_those_of_fits_one_by_one():
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 8)) @ random.standard_normal((8, 8))
    y = 3 * x[:, 2] - x[:, 5] + 0.5 * x[:, 1] + random.standard_normal(60)
    chosen, scores = [], [60 * np.log(np.var(y)) + np.log(60)]
    for count in range(5):
        errors = {}
        for column in set(range(8)) - set(chosen):
            a = np.column_stack([np.ones(60), x[:, [*chosen, column]]])
            errors[column] = np.mean((y - a @ np.linalg.lstsq(a, y, rcond=None)[0]) ** 2)
        chosen.append(min(errors, key=errors.__getitem__))
        scores.append(60 * np.log(min(errors.values())) + (count + 2) * np.log(60))
    assert selection.forward(x, y, 5) == chosen[: int(np.argmin(scores))]


def test_pure_noise_is_left_out_as_a_rule():
    random = np.random.default_rng(1)
    counts = [
        len(selection.forward(random.standard_normal((200, 5)), random.standard_normal(200), 5)) for _ in range(40)
    ]
    assert np.mean(counts) < 0.5
