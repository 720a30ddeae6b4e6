"""A plot of growth as SVG, without a library."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 60
# Colours that people with colour blindness can tell apart, on white and on black.
_STROKES = ("#3b82c4", "#d9822b")


def growth(title: str, lines: Mapping[str, Points]) -> str:
    """Return a picture of lines that begin at zero, with the last value beside each."""
    right = max(x for points in lines.values() for x, _ in points)
    top = max(y for points in lines.values() for _, y in points)
    drawn = [
        _line(name, points, right, top, stroke)
        for (name, points), stroke in zip(lines.items(), _STROKES, strict=False)
    ]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
                ' font-family="sans-serif" font-size="13" fill="#888" role="img">'
            ),
            f"<title>{escape(title)}</title>",
            f'<text x="{_MARGIN}" y="24">{escape(title)}</text>',
            (
                f'<path d="M{_MARGIN} {_MARGIN}V{_HEIGHT - _MARGIN}H{_WIDTH - _MARGIN}" fill="none"'
                ' stroke="#888"/>'
            ),
            *_scale(lines, right),
            *drawn,
            "</svg>\n",
        ]
    )


def _scale(lines: Mapping[str, Points], right: float) -> list[str]:
    counts = sorted({x for points in lines.values() for x, _ in points})
    y = _HEIGHT - _MARGIN + 20
    return [
        f'<text x="{_x(one, right):.0f}" y="{y}" text-anchor="middle">{one:,.0f}</text>'
        for one in counts
    ]


def _line(name: str, points: Points, right: float, top: float, stroke: str) -> str:
    path = " ".join(f"{_x(x, right):.1f},{_y(y, top):.1f}" for x, y in [(0, 0), *points])
    last_x, last_y = points[-1]
    label = f"{escape(name)}: {last_y:.3g}"
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2"/>\n'
        f'<text x="{_x(last_x, right):.0f}" y="{_y(last_y, top) - 8:.0f}" text-anchor="end"'
        f' fill="{stroke}">{label}</text>'
    )


def _x(value: float, right: float) -> float:
    return _MARGIN + value / right * (_WIDTH - 2 * _MARGIN)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _MARGIN - value / top * (_HEIGHT - 2 * _MARGIN)
