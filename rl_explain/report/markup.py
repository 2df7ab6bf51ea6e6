"""HTML and SVG elements. Text and attributes are escaped when they are written, all of them."""

from typing import TypeAlias
from xml.etree import ElementTree

Element: TypeAlias = ElementTree.Element
Child: TypeAlias = "Element | str"


def element(tag: str, *children: Child, **attributes: str | float | None) -> Element:
    """An element with its children.

    Args:
        attributes: `class_` is `class`, `data_label` is `data-label`; one that is `None` is left
            out. Numbers are rounded to two digits, which is a hundredth of a pixel in a drawing.
    """
    made = ElementTree.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), _text(value))
    for child in children:
        append(made, child)
    return made


def append(parent: Element, child: Child) -> None:
    """Put a child behind those that an element has."""
    if not isinstance(child, str):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


def to_html(page: Element) -> str:
    """The page as HTML; what stands in `style` and `script` is written as it is."""
    return ElementTree.tostring(page, encoding="unicode", method="html")


def to_svg(drawing: Element) -> str:
    """The drawing as a file of its own."""
    drawing.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(drawing, encoding="unicode") + "\n"


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
