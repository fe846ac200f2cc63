"""A page as a browser lays it out: what is wider than the window or than its own box. Needs Chromium on the machine."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage")
MEASURE: Final = """
const wide = [], seen = e => `${e.tagName}.${e.className.baseVal ?? e.className}: ${e.textContent.trim().slice(0, 40)}`;
for (const e of document.querySelectorAll("body *")) {
  if (e.closest("details:not([open]) > :not(summary)") || e.closest("svg svg, svg *")) continue;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const held = e.parentElement.closest(".scroll, .clip");
  if (!held && box.right > innerWidth + 1) wide.push("beyond the window: " + seen(e));
  const cut = style.overflowX !== "visible" || style.display === "inline";
  if (!cut && !held && e.scrollWidth > e.clientWidth + 1 && e.clientWidth) wide.push("beyond its box: " + seen(e));
}
const found = {width: document.documentElement.scrollWidth, window: innerWidth, height: document.body.scrollHeight, wide};
document.documentElement.setAttribute("data-found", JSON.stringify(found));
"""


def browser() -> str | None:
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def laid_out(page: str, width: int, opened: bool = True) -> dict[str, Any]:
    """`width` of the page, `window`, `height`, and the elements that are too `wide`, as a Chromium lays them out.

    page: HTML; its policy, which allows no script, is taken out of the copy that is measured. opened: its details too.
    """
    page = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page)
    page = page.replace("<details>", "<details open>") if opened else page
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page.replace("</body>", f"<script>{MEASURE}</script></body>"), encoding="utf-8")
        flags = [*FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={width},900", "--dump-dom"]
        command = [browser() or NAMES[0], *flags, path.as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'data-found="([^"]*)"', dom)
    assert found, "the script did not run"
    return dict(json.loads(html.unescape(found[1])))
