"""Make Great Expectations' Data Docs plain pages: nothing foreign, nothing of the moment.

As built, the pages show nothing without a dozen scripts and styles from other servers, one of
which counts visits, and hold times and random names. Versions need the same bytes for the same
dataset, and a report must be readable on a machine without a network.
"""

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FOREIGN = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<footer\b.*?</footer>|<link\b[^>]*>|<img\b[^>]*>",
    re.DOTALL,
)
TIME = re.compile(
    r"\d{8}T\d{6}\.\d{6}Z|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STYLE = """<style>
body { font: 15px sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }
td, th { padding: 0.2em 0.8em; text-align: left; border-bottom: 1px solid #ddd; }
td { overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 0.5em 0; }
a { color: #1558a6; }
h1 { font-size: 1.5em; } h2, h3, h4, h5 { font-size: 1.15em; margin-bottom: 0.3em; }
.passed { color: #2a7d2a; } .failed { color: #b02020; }
input, .btn, .sticky, .collapse, a[data-toggle] { display: none; }
i.text-success::before { content: "\\2714"; color: #2a7d2a; }
i.text-danger::before { content: "\\2718"; color: #b02020; }
</style>"""


def make_plain(docs: Path, address: str) -> None:
    """Clean every page below `docs`.

    `address` is the time in the pages' addresses, the same in every run and so kept.
    """
    for path in sorted(docs.iterdir()):
        if path.name == "static":
            shutil.rmtree(path)
    for page in docs.rglob("*.html"):
        page.write_text(plain_page(page.read_text(), address))


def plain_page(page: str, address: str) -> str:
    """Return a page without foreign parts, with numbers for random names and no times."""
    page = FOREIGN.sub("", page).replace("</head>", f"{STYLE}</head>", 1)
    names: dict[str, str] = {}
    page = UUID.sub(lambda match: names.setdefault(match[0], f"id-{len(names)}"), page)
    return TIME.sub(lambda match: match[0] if match[0] == address else "-", page)


def write_index(
    docs: Path,
    summary: Mapping[str, object],
    failures: Sequence[str],
    tables: Mapping[str, "pd.DataFrame"],
) -> None:
    """Write the first page: what failed, links to the other pages, the dataset in numbers."""
    pages = sorted(page for page in docs.rglob("*.html") if page.name != "index.html")
    links = [page.relative_to(docs).as_posix() for page in reversed(pages)]  # results first
    items = "\n".join(f'<li><a href="{link}">{_title(link)}</a></li>' for link in links)
    rows = "\n".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in summary.items()
    )
    head = f'<head><meta charset="utf-8"><title>Data Docs</title>{STYLE}</head>'
    word = "failed" if failures else "passed"
    said = "\n".join(f"<li>{html.escape(failure)}</li>" for failure in failures)
    body = f'<h1>Checks of the dataset: <span class="{word}">{word}</span></h1>\n'
    body += f'<ul class="failed">\n{said}\n</ul>\n' if failures else ""
    body += f"<table>\n{rows}\n</table>\n<h2>Great Expectations</h2>\n<ul>\n{items}\n</ul>"
    for name, table in tables.items():
        shown = table.to_html(index=False, border=0, na_rep="-", float_format="{:.6g}".format)
        body += f"\n<h2>{html.escape(name)}</h2>\n{shown}"
    page = f'<!DOCTYPE html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'
    (docs / "index.html").write_text(page)


def _title(link: str) -> str:
    kind, name = link.split("/")[:2]
    return f"{'Result' if kind == 'validations' else 'Expectations'}: {Path(name).stem}"
