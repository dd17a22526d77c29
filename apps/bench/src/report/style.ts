/**
 * The page's style. Colours are chosen to be told apart by those who do not see red and green apart, and to have a
 * contrast of at least 4.5 against their ground, in light and in dark.
 */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfa; --raised: #ffffff; --ink: #1d2127; --faint: #5b636d; --rule: #d9dcd8; --grid: #e6e8e4;
  --a: #1f5f99; --b: #8db7dc; --c: #a34a00; --good: #1f5f99; --bad: #b3261e; --late: #f7e9e4; --link: #1a5a96;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1b1f24; --ink: #e8e9ea; --faint: #a3abb5; --rule: #353c45; --grid: #2a3038;
    --a: #74b3ee; --b: #3f678d; --c: #f2a45c; --good: #74b3ee; --bad: #ff8f86; --late: #2c2021; --link: #8fc1f2;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.4rem); line-height: 1.15; letter-spacing: -0.015em; margin: 0 0 1rem; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -0.01em; margin: 0 0 0.5rem; }
header p { max-width: 44rem; margin: 0 0 0.75rem; }
header p:first-of-type { font-size: 1.15rem; }
header p:last-of-type { color: var(--faint); font-size: 0.9rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 1.25rem 0 0; padding: 0; }
nav a { color: var(--link); font-size: 0.95rem; text-underline-offset: 0.2em; display: inline-block; padding: 0.2rem 0; }
section { border-top: 1px solid var(--rule); margin-top: 2.75rem; padding-top: 1.75rem; scroll-margin-top: 1rem; }
section > p { max-width: 44rem; margin: 0.6rem 0; }
.made { color: var(--faint); font-size: 0.85rem; max-width: none; margin-top: 1.25rem; overflow-wrap: anywhere; }
code { font: 0.88em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.scroll { overflow-x: auto; margin: 0 0 1.25rem; }
.scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
table { border-collapse: collapse; font-size: 0.9rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
h3, figcaption { font-weight: 600; font-size: 0.95rem; line-height: 1.4; margin: 1.5rem 0 0.5rem; }
th, td { padding: 0.42rem 0.75rem; text-align: right; border-bottom: 1px solid var(--grid); vertical-align: top; }
td { white-space: nowrap; }
thead th { color: var(--faint); font-weight: 500; vertical-align: bottom; border-bottom-color: var(--rule); min-width: 4.5rem; }
.whole { white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; font-weight: 500; position: sticky; left: 0; background: var(--ground); white-space: nowrap; }
thead th:first-child { font-weight: 500; }
td:last-child, thead th:last-child { padding-right: 0.25rem; }
.wordy td:nth-child(n + 3) { white-space: normal; text-align: left; min-width: 14rem; }
.wordy thead th:nth-child(n + 3) { text-align: left; }
tr.bad td { color: var(--bad); }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--link); padding: 0.2rem 0; font-size: 0.95rem; }
figure { margin: 1.5rem 0; }
.chart svg { display: block; width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.chart text { fill: var(--ink); stroke: var(--ground); stroke-width: 3px; paint-order: stroke; } .chart .tick, .chart .axis, .chart .legend { fill: var(--faint); }
.grid { stroke: var(--grid); } .lane { stroke: var(--rule); } .late { fill: var(--late); }
.limit { stroke: var(--bad); stroke-dasharray: 5 4; stroke-width: 1.25; }
rect.a { fill: var(--a); } rect.c { fill: var(--c); } rect.b { fill: var(--b); } rect.good { fill: var(--good); } rect.bad { fill: var(--bad); }
.range { stroke: var(--ink); stroke-width: 1.5; }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; } .line.a { stroke: var(--a); } .line.c { stroke: var(--c); }
.mark { stroke: var(--ground); stroke-width: 1.5; } .mark.a { fill: var(--a); } .mark.c { fill: var(--c); }
.answer { stroke-width: 1.25; } .answer.good { stroke: var(--good); } .answer.bad { stroke: var(--bad); }
.chart.wide { max-width: 50rem; } .chart.half { max-width: 28rem; } .chart.narrow { display: none; }
.grid-of-charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2rem; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  .chart.wide { display: none; } .chart.narrow { display: block; }
  th, td { padding: 0.4rem 0.55rem; }
}
@media print { body { max-width: none; } .scroll { overflow: visible; } }
`;
