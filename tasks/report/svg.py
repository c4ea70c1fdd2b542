"""Elements of an SVG as text; places are in the units of its view box."""

from html import escape

Attribute = str | float


def tag(name: str, inner: str = "", /, **attributes: Attribute) -> str:
    """Return an element; numbers are rounded, `_` in a name stands for `-`."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{written(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{inner}</{name}>" if inner else f"<{name}{pairs}/>"


def written(value: Attribute) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, **attributes: Attribute) -> str:
    return tag("text", escape(words), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: Attribute) -> str:
    return tag("line", "", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: Attribute) -> str:
    return tag("rect", "", x=x, y=y, width=width, height=height, **attributes)


def wide(words: str, size: float) -> float:
    """Return about how wide a text of a sans-serif face is; narrow signs count half."""
    narrow = sum(character in " .,:;il1|'()" for character in words)
    return size * (0.58 * (len(words) - narrow) + 0.34 * narrow)
