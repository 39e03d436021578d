"""Whether this machine can letter a picture in Chinese; a picture of boxes is worse than none."""

from __future__ import annotations

from functools import cache


@cache
def chinese() -> bool:
    """Whether the drawing library finds a font with Chinese letters: two of them look alike only where both are boxes."""
    import vl_convert  # 15 MB: only where a picture is offered

    def drawn(letter: int) -> bytes:
        text = f"<text x='2' y='30' font-size='24' font-family='sans-serif'>{chr(letter)}</text>"
        return bytes(
            vl_convert.svg_to_png(f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'>{text}</svg>")
        )

    return drawn(0x6C49) != drawn(0x5B57)
