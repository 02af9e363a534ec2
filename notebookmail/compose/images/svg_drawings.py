"""SVG drawings as PNG, which mail programs show: by vl-convert, the library that draws altair's charts."""

from __future__ import annotations


def png_of_svg(svg: str, density: int) -> bytes:
    """Draw SVG as PNG.

    Args:
        svg: The drawing.
        density: Pixels of the image for each of the drawing's.

    Raises:
        ImportError: What draws it is not installed; the message says how to install it.
        ValueError: It is no drawing.
    """
    try:
        import vl_convert
    except ImportError as missing:
        raise ImportError(
            'an SVG drawing is made a PNG by vl-convert: pip install "notebookmail[svg]"'
        ) from missing
    drawn: bytes = vl_convert.svg_to_png(svg, scale=density)
    return drawn
