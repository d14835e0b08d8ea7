/**
 * The page of a drawing: markup, style and the script that draws on a canvas, in one string without references to
 * anything else. Wheel zooms, dragging moves, hovering tells, boxes leave kinds of messages out.
 */

import type { DrawingData } from './drawing.ts';

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** JSON that cannot end the script element it stands in. */
const embedded = (data: DrawingData): string => JSON.stringify(data).replace(/</g, '\\u003c');

const STYLE = `
body { font: 14px system-ui, sans-serif; margin: 1rem; color: #1b1f24; background: #fff; }
h1 { font-size: 1.1rem; margin: 0 0 .5rem; }
pre { margin: 0 0 .5rem; max-height: 9rem; overflow: auto; background: #f6f8fa; padding: .5rem; border-radius: 4px; }
#kinds label { margin-right: .8rem; white-space: nowrap; }
#kinds i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .2rem -1px; border-radius: 2px; }
canvas { width: 100%; display: block; border: 1px solid #d0d7de; cursor: grab; touch-action: none; }
#tip { min-height: 3.2em; font: 12px ui-monospace, monospace; overflow-wrap: anywhere; padding: .4rem 0; }
`;

const SCRIPT = `
const data = JSON.parse(document.getElementById('data').textContent);
const canvas = document.querySelector('canvas'), tip = document.getElementById('tip');
const LEFT = 90, TOP = 24, GAP = Math.max(28, Math.min(90, 620 / Math.max(1, data.lanes.length)));
const HEIGHT = TOP + GAP * data.lanes.length + 10;
const counts = new Map();
for (const m of data.messages) counts.set(m[4], (counts.get(m[4]) || 0) + 1);
const kinds = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
const colour = new Map(kinds.map((kind, i) => [kind, 'hsl(' + (i * 137) % 360 + ' 65% 42%)']));
const off = new Set();
const first = Math.min(...data.messages.map((m) => m[0]), ...data.notes.map((n) => n[0]), data.endMs);
let from = first, to = Math.max(data.endMs, first + 1), width = 0, ratio = 1;
const x = (ms) => LEFT + (ms - from) / (to - from) * (width - LEFT - 10);
const msAt = (px) => from + (px - LEFT) / (width - LEFT - 10) * (to - from);
const y = (lane) => TOP + GAP * (lane + 0.5);
const isWarning = (text) => /suspect|strike|evidence|diverged|conflict|halt|untimely|lost|stood/.test(text);
function step() {
  const wanted = (to - from) / Math.max(2, (width - LEFT) / 110);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= wanted);
}
function draw() {
  ratio = devicePixelRatio || 1; width = canvas.clientWidth;
  canvas.width = width * ratio; canvas.height = HEIGHT * ratio; canvas.style.height = HEIGHT + 'px';
  const c = canvas.getContext('2d');
  c.scale(ratio, ratio); c.clearRect(0, 0, width, HEIGHT); c.font = '12px system-ui, sans-serif'; c.textBaseline = 'middle';
  const s = step();
  for (let t = Math.ceil(from / s) * s; t <= to; t += s) {
    c.strokeStyle = '#eaeef2'; c.beginPath(); c.moveTo(x(t), TOP); c.lineTo(x(t), HEIGHT); c.stroke();
    c.fillStyle = '#57606a'; c.fillText(Number(t.toFixed(3)) + ' ms', x(t) + 2, 12);
  }
  for (const [lane, a, b] of data.outages) {
    if (b < from || a > to) continue;
    c.fillStyle = 'rgb(207 34 46 / 0.18)'; c.fillRect(Math.max(LEFT, x(a)), y(lane) - GAP * 0.4, Math.max(2, x(Math.min(b, to)) - Math.max(LEFT, x(a))), GAP * 0.8);
  }
  data.lanes.forEach((name, lane) => {
    c.strokeStyle = '#8c959f'; c.beginPath(); c.moveTo(LEFT, y(lane)); c.lineTo(width, y(lane)); c.stroke();
    c.fillStyle = '#1b1f24'; c.fillText(name, 6, y(lane));
  });
  c.save(); c.beginPath(); c.rect(LEFT, TOP, width - LEFT, HEIGHT); c.clip();
  for (const [a, source, b, target, kind] of data.messages) {
    if (off.has(kind) || a > to || Math.max(a, b) < from) continue;
    c.strokeStyle = colour.get(kind); c.globalAlpha = 0.75; c.beginPath(); c.moveTo(x(a), y(source));
    if (b >= 0) c.lineTo(x(b), y(target));
    else { c.setLineDash([3, 3]); c.lineTo(x(a) + 14, y(source) + Math.sign(target - source) * GAP * 0.35); }
    c.stroke(); c.setLineDash([]);
    if (b >= 0 && to - from < 2000) { c.fillStyle = colour.get(kind); c.beginPath(); c.arc(x(b), y(target), 2, 0, 7); c.fill(); }
  }
  c.globalAlpha = 1;
  for (const [at, lane, kind] of data.notes) {
    if (at < from || at > to) continue;
    c.fillStyle = isWarning(data.texts[kind]) ? '#cf222e' : '#0969da';
    c.fillRect(x(at) - 2, y(lane) - (isWarning(data.texts[kind]) ? 9 : 4), 4, isWarning(data.texts[kind]) ? 18 : 8);
  }
  c.restore();
}
function nearest(px, py) {
  let best = null, distance = 12;
  const look = (dx, dy, text) => { const d = Math.hypot(dx, dy); if (d < distance) { distance = d; best = text; } };
  for (const [at, lane, , text] of data.notes) look(x(at) - px, y(lane) - py, at.toFixed(3) + ' ms  ' + data.lanes[lane] + ' notes  ' + data.texts[text]);
  for (const [a, source, b, target, kind, text] of data.messages) {
    if (off.has(kind)) continue;
    const end = b >= 0 ? b : a, x1 = x(a), y1 = y(source), x2 = b >= 0 ? x(end) : x1 + 14, y2 = b >= 0 ? y(target) : y1 + Math.sign(target - source) * GAP * 0.35;
    if (px < Math.min(x1, x2) - 12 || px > Math.max(x1, x2) + 12) continue;
    const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
    const part = Math.max(0, Math.min(1, ((px - x1) * (x2 - x1) + (py - y1) * (y2 - y1)) / length));
    look(x1 + part * (x2 - x1) - px, y1 + part * (y2 - y1) - py, a.toFixed(3) + ' ms  ' + data.lanes[source] + ' to ' + data.lanes[target] + (b >= 0 ? ', there at ' + b.toFixed(3) : ', never arrived') + '  ' + data.texts[text]);
  }
  return best;
}
function zoom(px, factor) {
  const at = msAt(px), span = Math.max(0.05, Math.min((to - from) * factor, Math.max(1, data.endMs - first)));
  from = at - (at - from) / (to - from) * span; to = from + span; draw();
}
canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(event.offsetX, event.deltaY > 0 ? 1.25 : 0.8); }, { passive: false });
let held = null;
canvas.addEventListener('pointerdown', (event) => { held = event.offsetX; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener('pointerup', () => { held = null; });
canvas.addEventListener('pointermove', (event) => {
  if (held === null) { tip.textContent = nearest(event.offsetX, event.offsetY) || ''; return; }
  const by = msAt(held) - msAt(event.offsetX); from += by; to += by; held = event.offsetX; draw();
});
addEventListener('keydown', (event) => {
  const by = (to - from) / 5;
  if (event.key === 'ArrowLeft') { from -= by; to -= by; } else if (event.key === 'ArrowRight') { from += by; to += by; }
  else if (event.key === '+') return zoom(width / 2, 0.8); else if (event.key === '-') return zoom(width / 2, 1.25); else return;
  draw();
});
const box = document.getElementById('kinds');
for (const kind of kinds) {
  const label = document.createElement('label'), input = document.createElement('input'), swatch = document.createElement('i');
  input.type = 'checkbox'; input.checked = true; swatch.style.background = colour.get(kind);
  input.addEventListener('change', () => { if (input.checked) off.delete(kind); else off.add(kind); draw(); });
  label.append(input, swatch, data.texts[kind] + ' (' + counts.get(kind) + ')'); box.append(label);
}
addEventListener('resize', draw); draw();
`;

export const pageOf = (title: string, lines: readonly string[], data: DrawingData): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<pre>${escaped(lines.join('\n'))}</pre>
<div id="kinds" role="group" aria-label="Messages shown"></div>
<canvas tabindex="0" aria-label="Messages and notes over time; wheel or + and - zoom, dragging or arrow keys move"></canvas>
<div id="tip" role="status"></div>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
