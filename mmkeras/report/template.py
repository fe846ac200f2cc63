"""The Jinja environment of the templates, with filters that format figures, labels and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmkeras.report.findings import printable
from mmkeras.report.modalities import SCORE_WORDS, change_range, score, score_change, score_range


def environment() -> Environment:
    """Jinja's environment with the filters below."""
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # markup in a CSV is shown, never run
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(
        percent=percent, figure=figure, thousands=thousands, label=label, value=value, number=number, signed=signed
    )
    jinja.filters["signed_figure"] = signed_figure
    jinja.filters.update(score=score, score_change=score_change, score_word=SCORE_WORDS.__getitem__)
    jinja.filters.update(score_range=score_range, change_range=change_range)
    return jinja


def percent(share: float, digits: int = 1) -> str:
    """0.9835 -> 98.4%."""
    return f"{share:.{digits}%}"


def figure(number: float, digits: int = 3) -> str:
    """0.98353 -> 0.984; −0.5 -> −0.500, and never −0.000."""
    return f"{number:z.{digits}f}".replace("-", "−")


def signed_figure(number: float, digits: int = 2) -> str:
    """0.5 -> +0.50; −0.5 -> −0.50; 0 -> ±0.00."""
    text = figure(number, digits)
    return text if text.startswith("−") else f"+{text}" if float(text) else f"±{text}"


def thousands(count: int) -> str:
    """1700 -> 1,700."""
    return f"{count:,}"


def number(quantity: float | None) -> str:
    """A quantity of any magnitude, in a unit of the user: 0.01234, 3.142, 12,346, 1.235e+16; – for None."""
    if quantity is None:
        return "–"
    quantity += 0.0  # -0.0 -> 0.0
    text = f"{quantity:,.0f}" if 1e4 <= abs(quantity) < 1e15 else f"{quantity:.4g}"
    return text.replace("-", "−", 1) if quantity < 0 else text


def signed(quantity: float | None) -> str:
    """As `number`, with the sign: +0.5, −0.5, ±0."""
    if quantity is None or quantity < 0:
        return number(quantity)
    return f"+{number(quantity)}" if quantity > 0 else "±0"


def label(name: str, longest: int = 60) -> Markup:
    """A label as HTML: isolated from the text direction around it, cut if long, never invisible."""
    clean = printable(name)
    short = clean if len(clean) <= longest else clean[: longest - 1] + "…"
    title = Markup(' title="{}"').format(clean) if short != clean else ""
    return Markup("<bdi{}>{}</bdi>").format(title, short if short.strip() else repr(name))


def value(setting: Any) -> str:
    """A setting as on the command line."""
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    if isinstance(setting, (list, tuple)):
        return " ".join(map(str, setting)) or "–"
    return "–" if setting is None else str(setting)
