"""How a report looks: by day, by night, on paper and on a small screen."""

STYLE = """\
:root {
  --paper: #fbfbfa; --card: #ffffff; --ink: #23272e; --muted: #5d6470; --line: #e3e6ea; --accent: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #17191d; --card: #1f2227; --ink: #e6e8eb; --muted: #a3aab5; --line: #343a43; --accent: #6db9e8; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 66rem; padding: 3rem 1.5rem 2rem; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 0.75rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 0.75rem; }
p { max-width: 44rem; margin: 0 0 0.9rem; }
.lead { font-size: 1.2rem; }
.sentence { font-size: 1.6rem; line-height: 1.35; font-weight: 600; max-width: none; text-wrap: pretty; }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.8rem; margin: 1.6rem 0 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.8rem 1rem; }
dl div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dt { color: var(--muted); font-size: 0.88rem; }
dd { margin: 0; font-size: 1.45rem; font-weight: 650; font-variant-numeric: tabular-nums; }
div { min-width: 0; }
section { margin-top: 3rem; }
figure {
  margin: 1.2rem 0; padding: 0.4rem; background: #ffffff; border: 1px solid var(--line); border-radius: 10px;
  text-align: center;
}
img { display: block; margin: 0 auto; max-width: 100%; height: auto; max-height: 60rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.95rem; min-width: 24rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 1.4rem 0.35rem 0; }
tr { border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-weight: 600; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre {
  background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 6px;
  padding: 0.8rem 1rem; overflow-x: auto; font-size: 0.95rem;
}
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
footer { color: var(--muted); font-size: 0.9rem; }
@media print {
  :root { --paper: #ffffff; --card: #ffffff; --ink: #000000; --muted: #444444; --line: #cccccc; --accent: #444444; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { break-inside: avoid; margin-top: 1.6rem; }
  h2 { break-after: avoid; }
  img { max-height: 20cm; }
  pre { white-space: pre-wrap; }
}
"""
