"""A figure as a small SVG, for where no script runs."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import vl_convert

VEGA_LITE = "6.4"
"""The version of Vega-Lite, of those that vl-convert has, that the installed Altair writes."""

MOST_BYTES = 120_000
"""Of a still; larger ones are left out."""

_SPOKEN = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|version|xmlns:xlink)="[^"]*"')
_LONG = re.compile(r"-?\d+\.\d\d+(?:e-?\d+)?")
_EMPTY = re.compile(r'<path(?: display="none")? d=""[^>]*/>|<path d="M0,0h0v0h0Z"/>|<g>\s*</g>')
_SHAPE = re.compile(r'<path((?: transform="[^"]*")?) d="([^"]{20,})"')
_LOOK = re.compile(
    r'(?: (?:fill|stroke|opacity|stroke-width|stroke-dasharray|font-family|font-size|font-weight|text-anchor)="[^"]*")+'
)


def still(spec: Mapping[str, Any]) -> str:
    """A `data:` address of the picture; nothing where it would be too large.

    Args:
        spec: Vega-Lite.
    """
    config = {**spec.get("config", {}), "aria": False}
    # A ground of its own: the page may be dark, and black letters on it would be lost.
    plain = {**_plain(spec), "config": config, "background": "#ffffff", "padding": 8}
    made = small(vl_convert.vegalite_to_svg(plain, vl_version=VEGA_LITE))
    return f"data:image/svg+xml,{quote(made, safe=_SAFE)}" if len(made) <= MOST_BYTES else ""


_SAFE = " /:=;,'()!*-._~?&+@$[]^`{|}"


def _plain(spec: Any) -> Any:
    """Without what only a pointer finds: tooltips, and points that nobody sees."""
    if isinstance(spec, list):
        return [_plain(one) for one in spec]
    if not isinstance(spec, dict):
        return spec
    found = {name: value if name == "datasets" else _plain(value) for name, value in spec.items() if name != "tooltip"}
    if "layer" in found:
        found["layer"] = [one for one in found["layer"] if not _unseen(one.get("mark"))]
    return found


def _unseen(mark: Any) -> bool:
    return isinstance(mark, dict) and mark.get("opacity") == 0


def small(svg: str) -> str:
    """The same picture in about a fifth of the bytes: short numbers, repeated shapes and looks written once.

    Args:
        svg: as Vega writes it.
    """
    svg = _LONG.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), _SPOKEN.sub("", svg))
    before = ""
    while svg != before:
        before, svg = svg, _EMPTY.sub("", svg)
    shapes = {shape: f"s{place}" for place, shape in enumerate(_often(found[2] for found in _SHAPE.finditer(svg)))}
    svg = _SHAPE.sub(lambda m: f'<use{m[1]} href="#{shapes[m[2]]}"' if m[2] in shapes else m[0], svg)
    looks = {look: f"l{place}" for place, look in enumerate(_often(found[0] for found in _LOOK.finditer(svg)))}
    svg = _LOOK.sub(lambda m: f' class="{looks[m[0]]}"' if m[0] in looks else m[0], svg)
    rules = "".join(f".{name}{{{_css(look)}}}" for look, name in looks.items())
    paths = "".join(f'<path id="{name}" d="{shape}"/>' for shape, name in shapes.items())
    head = svg.index(">") + 1
    return f"{svg[:head]}<style>{rules}</style><defs>{paths}</defs>{svg[head:]}".replace('"', "'")


def _often(found: Any) -> list[str]:
    return [text for text, times in Counter(found).items() if times > 2]


def _css(look: str) -> str:
    pairs = re.findall(r'([a-z-]+)="([^"]*)"', look)
    return ";".join(f"{name}:{value}" for name, value in pairs)
