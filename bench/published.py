"""Figures and tables of other people's publications that the catalogue reproduces, and where.

`docs/studies.md` shows each beside what was measured; a test holds that every one of them is measured.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """A number in a publication.

    Attributes:
        source: author, year and place.
        what: what was counted or measured there.
        value: as it was published.
        study: the id of the study that measures it here.
        quantities: how the quantities of its findings begin.
    """

    source: str
    what: str
    value: str
    study: str
    quantities: tuple[str, ...]


PUBLISHED = (
    Published(
        "Glorot and Bengio 2010, section 4.2.1",
        "mean singular value of a layer's Jacobian, tanh, usual and normalised initialisation",
        "about .5 and about .8",
        "E07",
        ("tanh, pytorch: mean singular value", "tanh, glorot_uniform: mean singular value"),
    ),
    Published(
        "He et al. 2015, Figs. 2 and 3",
        "rectified networks of 22 and 30 layers, Xavier's initialisation and He's",
        "22: both converge, He's sooner; 30: Xavier's stalls, He's converges",
        "G02",
        ("L = 22", "L = 30"),
    ),
    Published(
        "Saxe et al. 2014, Fig. 3",
        "time at which a mode of a two-layer linear network is half learned, s = 3, u_0 = .001",
        "ln((s - u_0) / u_0) / 2 s = 1.33434",
        "E22",
        ("two layers, s = 3, u_0 = 0.001, eta = 0.002",),
    ),
    Published(
        "Schoenholz et al. 2017, Figs. 3 and 5",
        "networks train up to a depth of six correlation lengths",
        "L = 6 xi_c",
        "E18",
        ("share of depths and starts that train where L < 6 xi_c",),
    ),
    Published(
        "Pennington et al. 2017, eq. 17",
        "variance of the squared singular values of the Jacobian of L layers, Gaussian weights",
        "L for linear units, 2 L for rectified ones",
        "E09",
        ("identity, Gaussian, L = 5: Var", "relu, Gaussian, L = 5: Var", "relu, orthogonal, L = 5: Var"),
    ),
    Published(
        "Yang et al. 2019",
        "growth of ||delta||^2 per batch-normalised rectified layer, whatever sigma_w",
        "pi / (pi - 1) = 1.46694 for infinite batches",
        "E11",
        ("relu, B = 64",),
    ),
    Published(
        "Hanin and Rolnick 2018, Fig. 2",
        "networks with the same sum of 1 / width have the same spread of lengths",
        "ratio 1",
        "E08",
        ("L / n = ",),
    ),
    Published(
        "Cohen et al. 2021, Fig. 1",
        "sharpness at the edge of stability, eta = .5, without and with momentum",
        "2 / eta = 4, (2 + 2 beta) / eta",
        "F10",
        ("rate 0.5, momentum",),
    ),
    Published(
        "Sutskever et al. 2013, Table 1",
        "growing momentum .99 trains a deep autoencoder better than plain descent and than .9",
        "MNIST: 2.1 plain, 1.0 at .9, .73 at .99 (Nesterov's form)",
        "F13",
        ("growing_nesterov 0.99: squared error less", "1.5 / median ratio"),
    ),
    Published(
        "Shallue et al. 2019, Fig. 1; McCandlish et al. 2018",
        "steps to a target over the batch size: perfect scaling, then a plateau",
        "slope -1, hyperbola",
        "B08",
        ("softmax: slope of log steps", "softmax: R^2"),
    ),
    Published(
        "Lessard, Recht and Packard 2016, Fig. 6",
        "the cycle of tuned heavy ball on three parabolas, from 3.3",
        "792/1225 = .646531, -2208/1225, 2592/1225",
        "A12",
        ("three parabolas from 3.3, momentum",),
    ),
    Published(
        "Reddi et al. 2018, Fig. 1",
        "Adam and AMSGrad on the counterexample",
        "Adam goes to 1, the worst point; AMSGrad to -1",
        "B15",
        ("Adam, rate 0.5, beta1 0", "AMSGrad, rate 0.5, beta1 0: 1 + x"),
    ),
    Published(
        "Safran and Shamir 2018, Table 1",
        "share of runs in a spurious minimum, n units against a teacher of k",
        "k = n = 8: 12.6 %, 10: 34.6 %; n = k + 1: about .1 %",
        "F12",
        (
            "(n, k) = (8, 8): share",
            "(n, k) = (10, 10): share",
            "(n, k) = (11, 10): share of runs that end in another minimum",
        ),
    ),
    Published(
        "Nielsen 2015, chapter 3",
        "output after 300 epochs at eta = .15, squared error, from .82 and from .98",
        ".09 and .20",
        "C05",
        ("published outputs",),
    ),
    Published(
        "Drori and Teboulle 2014",
        "gap of N steps of gradient descent on the slowest function",
        "L R^2 / (4 N + 2), with equality",
        "A08",
        ("J_N - J* on the slowest Huber function",),
    ),
    Published(
        "Bottou and Bousquet 2008, Table 2",
        "gradients to an accuracy over the number of rows m: full batches, single rows",
        "slopes 1 and 0",
        "B07",
        ("batch: slope", "stochastic: slope"),
    ),
    Published(
        "Lu et al. 2019; Rister and Rubin 2020",
        "share of rectified networks that are dead at birth, N units in L layers",
        "1 - (1 - 2^-N)^L on one input, 2 units and 10 layers: .944",
        "E15",
        ("2 units, 10 layers: dead on one input",),
    ),
)
