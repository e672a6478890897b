"""How long gradient descent stays at the saddle of -y^2 / 2, from a start beside it or under gradient noise."""

import numpy as np
from scipy import stats


def escape_step(level: float, start: float, rate: float) -> float:
    """ln(level / start) / ln(1 + eta): when y_k = (1 + eta)^k y_0 reaches a level (Lee et al. 2016, section 2).

    Args:
        level, start: y and y_0, of one sign.
        rate: eta.
    """
    return float(np.log(level / start) / np.log1p(rate))


def noise_escape_step(level: float, noise: float, rate: float) -> float:
    """The k at which the median of |y_k| reaches a level, from y_0 = 0 under gradient noise N(0, s^2).

    y_k ~ N(0, eta^2 s^2 ((1 + eta)^(2k) - 1) / ((1 + eta)^2 - 1)), the sum of the noise of all steps, each grown since.

    Args:
        level: of |y|.
        noise: s.
        rate: eta.
    """
    spread, growth = level / stats.norm.ppf(0.75), (1 + rate) ** 2
    return float(np.log1p((spread / (rate * noise)) ** 2 * (growth - 1)) / np.log(growth))
