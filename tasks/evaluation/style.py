"""The report page's style sheet: one column, light and dark, wide screen and phone.

The data colours are Okabe and Ito's, which people with colour-blindness tell apart.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5b6670; --line: #dde2e7;
  --paper: #ffffff; --panel: #f6f8fa; --good: #00684b; --bad: #a63d00;
  --tone0: #d55e00; --tone1: #b87a00; --tone2: #0072b2; --tone3: #009e73; --tone4: #b0568c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5af; --line: #333c45;
  --paper: #14181c; --panel: #1c2228; --good: #3fc79a; --bad: #ff9a5c;
  --tone0: #ff8a3d; --tone1: #e6b34a; --tone2: #56b4e9; --tone3: #2fc796; --tone4: #e08fbd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; }
header p.run { color: var(--soft); margin: 0; font-size: 0.9rem; }
h1 { font-size: 1.55rem; line-height: 1.3; margin: 0.6rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 0.5rem; padding-top: 0.9rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 0.95rem; margin: 0.9rem 0 0.2rem; }
p { margin: 0.4rem 0; max-width: 46rem; }
p.note { color: var(--soft); font-size: 0.9rem; }
.verdict { display: inline-block; padding: 0.1rem 0.6rem; border-radius: 1rem; font-weight: 600;
  font-size: 0.9rem; border: 1.5px solid currentColor; }
.good { color: var(--good); } .bad { color: var(--bad); }
.row { display: grid; grid-template-columns: 7.5rem 1fr 4rem; align-items: center; gap: 0.6rem;
  font-size: 0.9rem; line-height: 1.7rem; }
.row > span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.track { position: relative; height: 1.5rem; }
.track u { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--line); }
.dot { position: absolute; top: 50%; width: 0.8rem; height: 0.8rem; margin: -0.4rem;
  border-radius: 50%; background: var(--tone); }
.bar { position: absolute; top: 0.3rem; bottom: 0.3rem; left: 0; background: var(--tone);
  opacity: 0.75; border-radius: 0 2px 2px 0; }
.whisker { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--tone);
  border-radius: 1px; }
.bar + .whisker { background: var(--ink); }
.whisker.open::after { content: ""; position: absolute; right: -1px; top: -4px;
  border: 5px solid transparent; border-left-color: var(--tone); border-right-width: 0; }
.axis .track { height: 1.3rem; border-top: 1px solid var(--soft); }
.axis .track span { position: absolute; transform: translateX(-50%); font-size: 0.8rem;
  color: var(--soft); }
.unit { text-align: center; color: var(--soft); font-size: 0.85rem; max-width: none; }
.tone0 { --tone: var(--tone0); } .tone1 { --tone: var(--tone1); } .tone2 { --tone: var(--tone2); }
.tone3 { --tone: var(--tone3); } .tone4 { --tone: var(--tone4); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.87rem; width: 100%; }
th, td { text-align: right; padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
td.text:nth-child(3), table.lineage td.code { text-align: left; white-space: normal;
  overflow-wrap: anywhere; }
code, td.code { font: 0.85em ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; white-space: normal; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: 1rem; }
.curve { margin: 0; padding: 0.7rem; background: var(--panel); border-radius: 6px; }
.curve figcaption { font-size: 0.85rem; font-weight: 600; overflow-wrap: anywhere; }
.plot { position: relative; height: 7rem; margin-top: 0.4rem; padding-left: 3.4rem; }
.plot span { position: absolute; left: 0; width: 3rem; text-align: right; font-size: 0.75rem;
  line-height: 1; color: var(--soft); }
.plot .top { top: 0; } .plot .bottom { bottom: 0; }
.plot svg { width: 100%; height: 100%; border-left: 1px solid var(--soft);
  border-bottom: 1px solid var(--soft); overflow: visible; display: block; }
.plot polyline { fill: none; stroke: var(--tone2); stroke-width: 2;
  vector-effect: non-scaling-stroke; }
.ends { display: flex; justify-content: space-between; padding-left: 3.4rem;
  font-size: 0.75rem; color: var(--soft); }
@media (max-width: 34rem) { body { padding: 1.2rem 0.9rem 3rem; } h1 { font-size: 1.25rem; }
  .row { grid-template-columns: 5.6rem 1fr 3rem; gap: 0.4rem; font-size: 0.82rem; } }
"""
