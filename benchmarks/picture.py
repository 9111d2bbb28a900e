"""Small charts as SVG, for the docs: no library draws them so plainly."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from msgspec import Struct

Point = tuple[float, float]
WIDTH, HEIGHT, MARGIN = 640, 360, 50


class Line(Struct, frozen=True, kw_only=True):
    """Points in the units of the axes, joined."""

    label: str
    colour: str
    points: Sequence[Point]


def draw_lines(
    path: Path, lines: Sequence[Line], *, x_label: str, right: float, top: float, shade_until: float = 0.0
) -> None:
    """Write a chart whose axes go from 0 to `right` and to `top`, with what is left of `shade_until` greyed."""

    def place(point: Point) -> str:
        x, y = point
        return (
            f"{MARGIN + x / right * (WIDTH - 2 * MARGIN):.1f},{HEIGHT - MARGIN - y / top * (HEIGHT - 2 * MARGIN):.1f}"
        )

    def tick(value: float) -> str:
        return f"{value:.3g}" if value < 1_000 else f"{value:.0f}"

    shade_x, shade_y = place((0, top)).split(",")
    shade_width = float(place((shade_until, 0)).split(",")[0]) - MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<rect x="{shade_x}" y="{shade_y}" width="{shade_width:.1f}" height="{HEIGHT - 2 * MARGIN}" fill="#eee"/>',
        *(
            f'<text x="{place((n / 5 * right, 0)).split(",")[0]}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">'
            f"{tick(n / 5 * right)}</text>"
            f'<text x="{MARGIN - 8}" y="{place((0, n / 5 * top)).split(",")[1]}" text-anchor="end">{tick(n / 5 * top)}</text>'
            for n in range(6)
        ),
        f'<polyline fill="none" stroke="#888" points="{place((0, top))} {place((0, 0))} {place((right, 0))}"/>',
        *(
            f'<polyline fill="none" stroke="{line.colour}" stroke-width="2" points="{" ".join(map(place, line.points))}"/>'
            f'<text x="{MARGIN + 10}" y="{16 * number + 16}" fill="{line.colour}">{line.label}</text>'
            for number, line in enumerate(lines)
        ),
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_label}</text>',
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n", "utf-8")


class Bar(Struct, frozen=True):
    """A value and what it is of."""

    label: str
    value: float


def draw_bars(path: Path, bars: Sequence[Bar], *, unit: str) -> None:
    """Write a chart of lying bars from 0 on, each with its value."""
    height, label_width = 28, 220
    most = max((bar.value for bar in bars), default=1.0) or 1.0
    whole = height * len(bars) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {whole}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{whole}" fill="white"/>',
    ]
    for number, bar in enumerate(bars):
        top = 10 + number * height
        width = bar.value / most * (WIDTH - label_width - 90)
        parts += [
            f'<text x="{label_width - 8}" y="{top + 15}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{label_width}" y="{top}" width="{width:.1f}" height="{height - 8}" fill="#36c"/>',
            f'<text x="{label_width + width + 6:.1f}" y="{top + 15}">{bar.value:,.0f}</text>',
        ]
    parts += [f'<text x="{WIDTH / 2}" y="{whole - 8}" text-anchor="middle">{escape(unit)}</text>', "</svg>"]
    path.write_text("\n".join(parts) + "\n", "utf-8")
