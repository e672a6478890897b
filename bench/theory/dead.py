"""How often units and whole networks of rectifiers are dead."""


def born(width: int, layers: int) -> float:
    """1 - (1 - 2^-N)^L: probability that one input reaches no output of L layers of N ReLU units without biases.

    A layer whose input is not zero is all zero with probability 2^-N, since the pre-activations are independent and
    symmetric (Lu et al. 2019, theorem 3.3; Rister and Rubin 2020).

    Args:
        width: N.
        layers: L.
    """
    return 1 - (1 - 2.0**-width) ** layers
