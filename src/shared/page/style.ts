/** The page's style. In both colour schemes, text has a contrast of 4.5 or more to its background. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --edge: #dfe4ea; --text: #18212c; --muted: #566273;
  --good: #126c4c; --late: #8d5a05; --bad: #c22f36; --idle: #e6eaef; --mark: #ffffff;
  --good-cell: #1f8f68; --late-cell: #d99a2b; --line: #2f6fb4; --area: #2f6fb41f; --soft-good: #e3f4ec; --soft-late: #fbf0da; --soft-bad: #fce8e8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #161d25; --edge: #28323d; --text: #e5ebf2; --muted: #9ba9b8;
    --good: #41bd8c; --late: #e3ae48; --bad: #f58085; --idle: #242e38; --mark: #10151b;
    --good-cell: #35a87b; --late-cell: #d59f3b; --line: #71acec; --area: #71acec26; --soft-good: #14342a; --soft-late: #38290f; --soft-bad: #401d20;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 clamp(14px, 3vw, 32px); }
header { padding-top: clamp(22px, 5vw, 48px); }
h1 { margin: 0; font-size: clamp(22px, 3.4vw, 30px); line-height: 1.2; letter-spacing: -0.015em; }
h2 { margin: 0; font-size: 19px; letter-spacing: -0.01em; }
h3 { margin: 0 0 8px; font-size: 13px; font-weight: 600; color: var(--muted); }
.when { margin: 6px 0 20px; color: var(--muted); }
.verdict {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; padding: 16px 20px; margin-bottom: 18px;
  border-radius: 12px; border-left: 5px solid; background: var(--soft-good); border-color: var(--good);
}
.verdict.late { background: var(--soft-late); border-color: var(--late); }
.verdict.bad { background: var(--soft-bad); border-color: var(--bad); }
.verdict strong { font-size: clamp(20px, 2.8vw, 26px); letter-spacing: -0.01em; }
.verdict .good, .good { color: var(--good); }
.late-text { color: var(--late); }
.bad-text { color: var(--bad); }
.card, .overview {
  background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: clamp(16px, 2.4vw, 26px); margin: 0 0 18px;
}
.overview { padding-block: 8px; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: 13px; font-weight: 600; color: var(--muted); }
th, td { padding: 9px 14px 9px 0; vertical-align: baseline; }
tbody tr { border-top: 1px solid var(--edge); }
th[scope="row"] { font-size: 15px; color: var(--text); }
a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: 3px; }
a:focus-visible, .days:focus-visible { outline: 2px solid var(--line); outline-offset: 3px; border-radius: 4px; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; }
.title .to { color: var(--muted); font-weight: 400; }
.pill {
  display: inline-block; padding: 2px 11px; border-radius: 99px; font-size: 13px; font-weight: 600; white-space: nowrap;
  color: var(--good); background: var(--soft-good);
}
.pill.late { color: var(--late); background: var(--soft-late); }
.pill.bad { color: var(--bad); background: var(--soft-bad); }
.why { margin: 10px 0 0; max-width: 90ch; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 14px 20px; margin: 18px 0 22px; }
dt { font-size: 13px; color: var(--muted); }
dd { margin: 0; font-weight: 600; }
dd small { display: block; font-size: 13px; font-weight: 400; color: var(--muted); }
.views { display: grid; grid-template-columns: minmax(0, auto) minmax(0, 1fr); gap: 22px 40px; align-items: start; }
.views.long { grid-template-columns: minmax(0, 1fr); }
.days { overflow-x: auto; padding: 2px; }
.calendar { display: block; max-width: 100%; height: auto; }
/* A long calendar is scrolled, and begins at its end, where today is. */
.long .days { direction: rtl; }
.long .calendar { direction: ltr; max-width: none; }
.axis { fill: var(--muted); font-size: 13px; }
.cell { fill: var(--idle); }
.cell.sealed { fill: var(--good-cell); }
.cell.late { fill: var(--late-cell); }
.cell.failed { fill: var(--bad); }
.cell.missing { fill: var(--soft-bad); stroke: var(--bad); stroke-width: 2; }
.cell.kept, .cell.pinned { fill: var(--good-cell); }
.cell.going { fill: var(--soft-late); stroke: var(--late); stroke-width: 2; }
.cell.doubtful { fill: var(--bad); }
.going + .mark { stroke: var(--late); }
.mark { stroke: var(--mark); stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; fill: none; }
.late + .mark { stroke: #1b1405; stroke-width: 2; }
.gap { stroke: var(--bad); stroke-width: 2.2; stroke-linecap: round; }
.charts { display: grid; gap: 20px; }
.long .charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 20px 40px; }
.chart { margin: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 14px; margin-bottom: 10px; font-size: 13px; font-weight: 600; color: var(--muted); }
.note { font-weight: 400; }
.plot { display: grid; grid-template-columns: 68px minmax(0, 1fr); gap: 10px; height: 92px; }
.plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.scale { position: relative; font-size: 12px; color: var(--muted); }
.scale span { position: absolute; right: 0; transform: translateY(-50%); white-space: nowrap; }
.dates { display: flex; justify-content: space-between; margin: 6px 0 0 78px; font-size: 12px; color: var(--muted); }
.line, .level, .ground { fill: none; vector-effect: non-scaling-stroke; }
.line { stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }
.area { fill: var(--area); }
.level { stroke: var(--edge); stroke-width: 1; stroke-dasharray: 3 4; }
.ground { stroke: var(--edge); stroke-width: 1; }
.bar { fill: var(--line); }
.cut { fill: var(--card); }
.bar:hover { opacity: 0.75; }
.hit { fill: transparent; }
.hit:hover { fill: var(--area); }
.nothing { margin: 0; color: var(--muted); }
code { font-size: 0.93em; white-space: nowrap; }
.restore { margin: -6px 0 22px; max-width: 90ch; color: var(--muted); }
.restore code { color: var(--text); }
.notes { margin: 12px 0 0; padding: 0 0 0 1.2em; }
.notes li { margin: 2px 0; }
.failures { margin: 22px 0 0; }
.failures ul { margin: 0; padding: 0; list-style: none; }
.failures li { display: grid; grid-template-columns: 175px minmax(0, 1fr); gap: 0 14px; padding: 8px 0; border-top: 1px solid var(--edge); }
.failures time, .failures li > span { color: var(--muted); }
.failures p { margin: 0; color: var(--muted); font-size: 13px; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 0; padding: 0; list-style: none; font-size: 13px; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: 8px; }
.sample { width: 14px; height: 14px; }
footer { padding-bottom: 40px; color: var(--muted); font-size: 13px; }
@media (min-width: 900px) {
  .overview td { white-space: nowrap; }
}
@media (max-width: 820px) {
  .views { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 620px) {
  .overview thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .overview tr, .overview th, .overview td { display: block; }
  .overview tr { padding: 8px 0; }
  .overview tbody tr:first-child { border-top: 0; }
  .overview th, .overview td { padding: 1px 0; }
  .overview td { display: flex; justify-content: space-between; gap: 16px; text-align: right; }
  .overview td::before { content: attr(data-label); color: var(--muted); text-align: left; }
  .failures li { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  body { background: none; }
  .card { break-inside: avoid; }
}
`;
