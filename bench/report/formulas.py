"""Formulas in plain text, set for the page: `sigma_w^2` becomes σ with its index and its power."""

import re

from markupsafe import Markup, escape

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "Phi": "Φ",
}  # fmt: skip

_GREEK = re.compile(rf"(?<![A-Za-z0-9.])({'|'.join(GREEK)})(?![A-Za-z0-9])")
_BELOW = re.compile(r"((?<![A-Za-z0-9_])[A-Za-zα-ωΔΣΦ]|[)\]])_(?:([A-Za-z0-9]{1,3})(?![A-Za-z0-9_])|\{([^{}]*)\})")
_ABOVE = re.compile(r"\^(\([^()]*\)|-?[A-Za-z0-9.*]*[A-Za-z0-9*])")
_SIGNS = {"||": "‖", "&gt;=": "≥", "&lt;=": "≤", " - ": " − ", "sqrt(": "√("}


def formula(text: str) -> Markup:
    """Plain text with the formulas in it set: Greek letters, indices, powers.

    Args:
        text: anything; it is escaped first.
    """
    found = str(escape(text))
    found = _GREEK.sub(lambda match: GREEK[match[1]], found)
    found = _BELOW.sub(lambda match: f"{match[1]}<sub>{match[2] or match[3]}</sub>", found)
    found = _ABOVE.sub(lambda match: f"<sup>{match[1].strip('()')}</sup>", found)
    for plain, sign in _SIGNS.items():
        found = found.replace(plain, sign)
    return Markup(found)  # noqa: S704 - escaped above, and only <sub> and <sup> were added
