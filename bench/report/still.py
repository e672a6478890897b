"""A figure as a small SVG, for where no script runs."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
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
_CLIP = re.compile(r'(id="|url\(#)clip(\d+)')
_SHAPE = re.compile(r'<path((?: transform="[^"]*")?) d="([^"]{20,})"')
_TAG = re.compile(r'<([a-z]+)((?: [a-zA-Z:-]+="[^"]*")*)(/?)>')
_ATTRIBUTE = re.compile(r' ([a-zA-Z:-]+)="([^"]*)"')
_LOOKS = {"fill", "stroke", "opacity", "font-family", "font-size", "font-weight", "text-anchor"}
_LOOKS |= {"fill-opacity", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-miterlimit"}
_SAFE = " /:=;,'()!*-._~?&+@$[]^`{|}"


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
    svg = re.sub("<[^>]*>", lambda tag: _LONG.sub(_short, _SPOKEN.sub("", tag[0])), svg)  # words stay as they are
    # Vega counts clips over all pictures of a process: from 0 on again, so that the same results make the same page.
    clips = {own: str(place) for place, own in enumerate(dict.fromkeys(found[2] for found in _CLIP.finditer(svg)))}
    svg = _CLIP.sub(lambda found: f"{found[1]}clip{clips[found[2]]}", svg)
    before = ""
    while svg != before:
        before, svg = svg, _EMPTY.sub("", svg)
    shapes = {shape: f"s{place}" for place, shape in enumerate(_often(found[2] for found in _SHAPE.finditer(svg)))}
    svg = _SHAPE.sub(lambda m: f'<use{m[1]} href="#{shapes[m[2]]}"' if m[2] in shapes else m[0], svg)
    looks = {look: f"l{place}" for place, look in enumerate(_often(_css(found[2]) for found in _TAG.finditer(svg)))}
    svg = _TAG.sub(lambda found: _with_class(found, looks), svg)
    rules = "".join(f".{name}{{{look}}}" for look, name in looks.items())
    paths = "".join(f'<path id="{name}" d="{shape}"/>' for shape, name in shapes.items())
    head = svg.index(">") + 1
    return f"{svg[:head]}<style>{rules}</style><defs>{paths}</defs>{svg[head:]}".replace('"', "'")


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _often(found: Iterable[str]) -> list[str]:
    return [text for text, times in Counter(found).items() if times > 2 and text]


def _css(attributes: str) -> str:
    """The look that the attributes of a tag say, as rules of a style."""
    return ";".join(f"{name}:{value}" for name, value in _ATTRIBUTE.findall(attributes) if name in _LOOKS)


def _with_class(tag: re.Match[str], looks: Mapping[str, str]) -> str:
    """The tag with a class for its look, if there is one."""
    name = looks.get(_css(tag[2]))
    if name is None:
        return tag[0]
    kept = "".join(found[0] for found in _ATTRIBUTE.finditer(tag[2]) if found[1] not in _LOOKS)
    return f'<{tag[1]}{kept} class="{name}"{tag[3]}>'
