"""The report page's style sheet: one column, light and dark, wide screen and phone.

The data colours are Okabe and Ito's, which people with colour-blindness tell apart.
"""

from collections.abc import Sequence

# unassisted, scaled, paper, guarded, critic_gain, student, zero; on light and on dark ground
LIGHT = ("#d55e00", "#b87a00", "#0072b2", "#009e73", "#b0568c", "#5b4bb5", "#66707a")
DARK = ("#ff8a3d", "#e6b34a", "#56b4e9", "#2fc796", "#e08fbd", "#a99bf0", "#a3adb7")


def palette(colours: Sequence[str]) -> str:
    return " ".join(f"--tone{i}: {colour};" for i, colour in enumerate(colours))


STYLE = f"""
:root {{ {palette(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {palette(DARK)} }} }}
{"".join(f".tone{i} {{ --tone: var(--tone{i}); }} " for i in range(len(LIGHT)))}
"""

STYLE += """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5b6670; --line: #dde2e7;
  --paper: #ffffff; --panel: #f6f8fa; --good: #00684b; --bad: #a63d00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5af; --line: #333c45;
  --paper: #14181c; --panel: #1c2228; --good: #3fc79a; --bad: #ff9a5c; } }
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
.wide, .tall { --shade: color-mix(in srgb, var(--ink) 22%, transparent); }
.wide { overflow-x: auto; background: /* what scrolls on shows a shadow at its edge */
  linear-gradient(to right, transparent, var(--paper) 60%) right / 3rem 100% no-repeat local,
  linear-gradient(to right, transparent, var(--shade)) right / 0.7rem 100% no-repeat; }
.wide th:first-child, .wide td:first-child { position: sticky; left: 0; background: var(--paper); }
thead th:first-child { z-index: 1; } .wide table.lineage td:first-child { position: static; }
table { border-collapse: separate; border-spacing: 0; font-size: 0.87rem; width: 100%; }
th, td { text-align: right; padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
table.flowing td { white-space: normal; }
table.lineage td.code { text-align: left; white-space: normal;
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
.picture { margin: 1.2rem 0; } .picture.narrow { display: none; }
.picture svg { display: block; width: 100%; height: auto; border-radius: 8px; }
.legend { list-style: none; margin: 0.6rem 0; padding: 0; font-size: 0.88rem; }
.legend li::before { content: ""; display: inline-block; width: 0.75rem; height: 0.75rem;
  margin-right: 0.45rem; border-radius: 50%; background: var(--tone); }
.legend li { padding-left: 1.2rem; text-indent: -1.2rem; }
.legend.marked li::before { content: none; }
.swatch { width: 0.8rem; height: 0.8rem; margin-right: 0.45rem; fill: var(--tone);
  vertical-align: -0.08rem; }
.legend.flat { display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 1rem; margin-top: 1rem; }
.panel { padding: 0.5rem 0.9rem 0.3rem; background: var(--panel); border-radius: 6px;
  min-width: 0; }
.panel h3 { margin: 0.3rem 0; font-size: 0.88rem; line-height: 1.35; min-height: 2.4rem; }
.pair { display: grid; grid-template-columns: 5.3rem 1.4fr 2.9rem 1fr 2.2rem; align-items: center;
  gap: 0.4rem; font-size: 0.8rem; line-height: 1.35rem; white-space: nowrap; }
.pair .track { height: 1.35rem; } .pair .dot { width: 0.65rem; height: 0.65rem;
  margin: -0.325rem; }
.pair .track + span { text-align: right; font-variant-numeric: tabular-nums; }
.pair.heads { color: var(--soft); font-size: 0.74rem; }
.pair.heads span + span { grid-column: span 2; }
.pair.axis { height: 1.2rem; }
.pair.axis .track { height: 1rem; } .pair.axis .track span { font-size: 0.7rem; }
.scatters { display: grid; gap: 1rem; margin-top: 0.8rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.scatter { margin: 0; padding: 0.6rem; background: var(--panel); border-radius: 6px; }
.scatter figcaption, .clip figcaption { font-size: 0.88rem; font-weight: 600; }
.scatter svg { display: block; width: 100%; font-size: 11px; fill: var(--soft); }
.scatter .frame { fill: none; stroke: var(--line); } .scatter .grid { stroke: var(--line); }
.scatter .curve { fill: none; stroke: var(--tone); stroke-width: 2; }
.scatter polyline { opacity: 0.75; } .scatter .error { stroke: var(--tone); opacity: 0.45; }
.scatter .point, .scatter .arrow { fill: var(--tone); }
.scatter .ring { fill: none; stroke: var(--tone); stroke-width: 2; }
.scatter .label { fill: var(--tone); font-weight: 600; paint-order: stroke;
  stroke: var(--panel); stroke-width: 2.5px; }
.tall th:first-child, .tall td:first-child { min-width: 6.5rem; max-width: 6.5rem;
  white-space: normal; overflow-wrap: anywhere; }
.tall th.text:nth-child(2), .tall td.text:nth-child(2) { position: sticky; left: 6.5rem;
  background: var(--paper); }
.tall { max-height: 34rem; overflow: auto; background:
  linear-gradient(transparent, var(--paper) 60%) bottom / 100% 3rem no-repeat local,
  linear-gradient(to right, transparent, var(--paper) 60%) right / 3rem 100% no-repeat local,
  linear-gradient(transparent, var(--shade)) bottom / 100% 0.7rem no-repeat,
  linear-gradient(to right, transparent, var(--shade)) right / 0.7rem 100% no-repeat; }
.tall .wide { overflow: visible; background: none; }
.tall td, .tall th { padding: 0.2rem 0.3rem; font-size: 0.78rem; }
.wide + .wide, .tall + .tall { margin-top: 1.2rem; }
.tall thead th, .tall thead th.text { position: sticky; top: 0; background: var(--paper); }
.tall thead th.text { z-index: 1; }
.clip { margin: 1rem 0; padding: 0.8rem; background: var(--panel); border-radius: 6px; }
.views { display: grid; grid-template-columns: 1fr 1fr; gap: 0.8rem; margin-top: 0.5rem; }
.view canvas { width: 100%; display: block; border-radius: 4px;
  border-top: 4px solid var(--tone); background: #f4f6f8; }
.view p { font-size: 0.85rem; }
.controls { display: flex; gap: 0.7rem; align-items: center; font-size: 0.85rem; }
.controls input { flex: 1; } .controls button { font: inherit; min-width: 4.5rem;
  padding: 0.25rem 0.8rem; }
.controls output { min-width: 3rem; font-variant-numeric: tabular-nums; }
@media print { .tall { max-height: none; } .controls { display: none; }
  .panel, .scatter, .clip { break-inside: avoid; } }
@media (max-width: 34rem) { body { padding: 1.2rem 0.9rem 3rem; } h1 { font-size: 1.25rem; }
  .row { grid-template-columns: 5.6rem 1fr 3rem; gap: 0.4rem; font-size: 0.82rem; }
  .pair.axis .between { display: none; }
  .tall th:first-child, .tall td:first-child { min-width: 5.6rem; max-width: 5.6rem; }
  .tall thead th { font-size: 0.66rem; }
  .tall th.text:nth-child(2), .tall td.text:nth-child(2) { left: 5.6rem; min-width: 5.6rem;
    max-width: 5.6rem; white-space: normal; overflow-wrap: anywhere; }
  .picture { display: none; } .picture.narrow { display: block; } .panel h3 { min-height: 0; }
  .panel { padding: 0.4rem 0.6rem; } .views { gap: 0.4rem; } }
"""
