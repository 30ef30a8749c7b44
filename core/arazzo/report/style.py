"""How a page looks, in light and in dark mode; the pages use only class names."""

STYLE = """
:root { --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --wash: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --care: #9a6700; --way: #0969da; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --wash: #151b23;
    --good: #3fb950; --bad: #f85149; --care: #d29922; --way: #4493f8; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .35rem 0; } a { color: var(--way); }
code, pre { font: .86rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  unicode-bidi: isolate; overflow-wrap: anywhere; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--wash); border: 1px solid var(--line);
  border-radius: 6px; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
section { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0; }
.bar { display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; }
.soft { color: var(--soft); }
.mark { border: 1px solid currentColor; border-radius: 1rem; padding: 0 .6rem; font-size: .82rem; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .care { color: var(--care); }
.drawing { overflow-x: auto; } svg { display: block; max-width: 100%; height: auto; }
.drawing svg { max-width: none; }
svg text { fill: var(--ink); font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
svg .soft { fill: var(--soft); }
.box rect, .box circle { fill: var(--wash); stroke: var(--line); stroke-width: 1.5; }
.box.idle { opacity: .62; } .box text.name { font-weight: 700; }
.box.good rect, .box.good circle { stroke: var(--good); stroke-width: 2.5; }
.box.bad rect, .box.bad circle { stroke: var(--bad); stroke-width: 2.5; }
.box.care rect { stroke: var(--care); stroke-width: 2.5; }
.arrow path { fill: none; stroke: var(--line); stroke-width: 1.5; }
.arrow polygon { fill: var(--line); } .arrow.dashed path { stroke-dasharray: 5 4; }
.arrow.taken path { stroke: var(--way); stroke-width: 2.5; } .arrow.taken polygon { fill: var(--way); }
.arrow text { fill: var(--soft); stroke: var(--paper); stroke-width: 4px; paint-order: stroke; stroke-linejoin: round; }
.arrow.taken text { fill: var(--way); }
.plot path { fill: none; stroke: var(--line); stroke-width: 1.5; } .plot line { stroke: var(--line); }
.plot circle.good { fill: var(--good); } .plot circle.bad { fill: var(--bad); } .plot circle.care { fill: var(--care); }
summary { cursor: pointer; color: var(--soft); }
@media print { section { break-inside: avoid; } }
"""
