"""One sigmoid neuron with input 1 and target 0, trained by gradient descent: discrete paths and their gradient flow.

Both parameters receive the same gradient delta = dC/dz, so that z = w + b moves by -2 eta delta per step.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

Floats = NDArray[np.float64]


def delta(z: Floats | float, squared: bool, target: Floats | float = 0.0) -> Floats:
    """dC/dz of a sigmoid output a: (a - y) sigma'(z) for C = (a - y)^2 / 2, a - y for the cross-entropy.

    Nielsen 2015, chapter 3, equations 55 and 61 for the weight of an input 1.

    Args:
        z: pre-activations, any shape.
        squared: whether the cost is the squared error.
        target: y, broadcast.

    Returns:
        Like z.
    """
    a = expit(z)
    return (a - target) * a * (1 - a) if squared else a - target


def path(z: float, learning_rate: float, steps: int, squared: bool) -> Floats:
    """Outputs a_0 ... a_steps of gradient descent from z, (steps + 1,)."""
    outputs = np.empty(steps + 1)
    for step in range(steps + 1):
        outputs[step] = expit(z)
        z = z - 2 * learning_rate * float(delta(z, squared))
    return outputs


def flow(z: float, time: float, squared: bool) -> float:
    """The output after gradient flow dz/dt = -2 delta(z) for `time` = eta k.

    Separating variables, G(z) = z - e^-z falls by 2 t for the cross-entropy, and
    G(z) = 3 z + e^z - 3 e^-z - e^-2z / 2 for the squared error.
    """

    def invariant(v: float) -> float:
        return 3 * v + np.exp(v) - 3 * np.exp(-v) - np.exp(-2 * v) / 2 if squared else v - np.exp(-v)

    end = brentq(lambda v: invariant(v) - invariant(z) + 2 * time, z - 2 * time - 1, z, xtol=1e-14)
    return float(expit(end))
