"""Rewrites matplotlib's SVG for use in a page: small, themed and without ids.

Colours become CSS variables, so that a chart follows light, dark and print styles. Without ids and
references, any number of drawings can share a page.
"""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from rl_explain.templates import source

Element = ElementTree.Element

COLOURS: dict[str, str] = dict(
    re.findall(
        r"--(page|ink|soft|rule|shade|baseline|s\d): (#[0-9a-f]{6})",
        source("colours.css").partition("@media")[0],
    )
)
"""The light colours by CSS variable name; all are distinct."""
TITLE = "title:"
"""Prefix of an artist's gid; the rest of the gid becomes its title, shown as a tooltip."""


def inline(written: str, label: str | None) -> Markup:
    """A drawing for embedding in a page.

    Args:
        written: output of `Figure.savefig(format="svg")` that uses only colours of `COLOURS`.
        label: text for screen readers; `None` hides the drawing from them.
    """
    return Markup(_serialised(_tidied(written, label)))


def standalone(written: str, label: str) -> str:
    """A drawing as a standalone SVG file that includes the colours."""
    root = _tidied(written, label)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    style = ElementTree.Element("style")
    font = "svg { background: var(--page); font-family: system-ui, sans-serif; }"
    style.text = f"{source('colours.css')}{font}"
    root.insert(0, style)
    return _serialised(root) + "\n"


def _tidied(written: str, label: str | None) -> Element:
    # SVG inside HTML needs no namespace; `standalone` adds it back.
    plain = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", written).replace("xlink:href", "href")
    root = ElementTree.fromstring(re.sub(r"<metadata>.*?</metadata>", "", plain, flags=re.DOTALL))
    markers = {path.get("id"): path.get("d", "") for path in root.iterfind(".//defs/path")}
    _tidy(root, markers)
    shown = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    root.attrib = {"viewBox": root.attrib["viewBox"]} | shown
    return root


def _tidy(parent: Element, markers: dict[str | None, str]) -> None:
    """Remove what a page does not need, and copy each marker to where it is used."""
    for child in list(parent):
        if child.tag == "use":
            child.tag = "path"
            child.set("d", markers[child.attrib.pop("href")[1:]])
            child.set("transform", f"translate({child.attrib.pop('x')} {child.attrib.pop('y')})")
        name = child.attrib.pop("id", "")
        _tidy(child, markers)
        if name.startswith(TITLE):
            title = ElementTree.Element("title")
            title.text = name.removeprefix(TITLE)
            child.insert(0, title)
        child.attrib.pop("clip-path", None)  # nothing is drawn outside the axes
        if child.attrib.get("transform", "").startswith("rotate(-0"):
            del child.attrib["transform"]
        if child.tag == "defs" or (child.tag == "g" and not len(child)):
            parent.remove(child)


def _serialised(root: Element) -> str:
    for element in root.iter():
        if element.tag not in ("text", "title", "style"):
            element.text = None
        element.tail = None
        for name in ("d", "x", "y", "transform"):
            if name in element.attrib:
                # A hundredth of a pixel is enough.
                rounded = re.sub(r"(\.\d\d)\d+", r"\1", element.attrib[name])
                element.set(name, " ".join(rounded.split()))
        if "style" in element.attrib:
            element.set("style", _style(element.attrib["style"]))
    return ElementTree.tostring(root, encoding="unicode")


def _style(declarations: str) -> str:
    """Style declarations without fonts, with colours as CSS variables."""
    kept = [d for d in declarations.split("; ") if not d.startswith("font-family")]
    names = {value: f"var(--{name})" for name, value in COLOURS.items()}
    return re.sub(r"#[0-9a-f]{6}", lambda found: names[found[0]], ";".join(kept))
