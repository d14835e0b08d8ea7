/**
 * The status page: one document without anything from elsewhere. Names and reasons come from other organisations, so they are
 * only ever set as text; the policy allows this script and no other.
 */

import { createHash } from 'node:crypto';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; color: #1d2330; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .2rem 1rem; margin: 0; } dt { color: #5c6675; } dd { margin: 0; }
code { background: #eef1f5; padding: .1rem .3rem; border-radius: 3px; } table { border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; padding: .1rem 1rem .1rem 0; font-weight: normal; } td:first-child { white-space: nowrap; } th { color: #5c6675; }
.bad { color: #b3261e; } #state { color: #5c6675; } meter, progress { width: 12rem; vertical-align: middle; }
@media (prefers-color-scheme: dark) {
  body { background: #14171d; color: #e4e7ec; } code { background: #252a33; } dt, th, #state { color: #98a1af; } .bad { color: #ff8a80; }
}`;

const SCRIPT = `
'use strict';
const make = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const amount = (bytes) => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < 4) { bytes /= 1000; unit++; }
  return (unit === 0 ? bytes : bytes.toFixed(1)) + ' ' + units[unit];
};
const bar = (name, value, max) => {
  const made = make(name);
  made.max = max; made.value = value;
  return made;
};
const row = (list, name, ...parts) => {
  const value = make('dd');
  for (const part of parts) value.append(part);
  list.append(make('dt', name), value);
};
const table = (heads, rows) => {
  const made = make('table');
  for (const [kind, cells] of [['th', heads], ...rows.map((cells) => ['td', cells])]) {
    const line = make('tr');
    for (const cell of cells) {
      const place = make(kind);
      place.append(cell);
      line.append(place);
    }
    made.append(line);
  }
  return made;
};
const show = (stream) => {
  const section = make('section');
  const list = make('dl');
  const { join, jitter, upload, download, playback } = stream;
  section.append(make('h2', stream.title || stream.id), list);
  row(list, 'state', stream.phase, join ? ': ' + join.step + ' ' : '', join ? bar('progress', join.done, join.total) : '');
  for (const warning of stream.warnings) row(list, 'warning', make('span', warning, 'bad'));
  row(list, 'open in a player', make('code', location.origin + stream.playlist));
  row(list, '', make('code', location.origin + stream.stream));
  row(list, 'peers', stream.peers + '; ' + stream.partners.length + ' have traded with this one');
  const lost = jitter.rounds === 0 ? 0 : jitter.lost / jitter.rounds;
  row(list, 'jitter', make('span', jitter.lost + ' of ' + jitter.rounds + ' rounds came too late (' + (100 * lost).toFixed(2) + ' %)', lost > 0.01 ? 'bad' : ''));
  const cap = upload.capBytesPerSecond;
  row(list, 'upload', amount(upload.bytesPerSecond) + '/s', cap === null ? ', no cap' : ' of ' + amount(cap) + '/s ', cap === null ? '' : bar('meter', upload.bytesPerSecond, cap), ', ' + amount(upload.totalBytes) + ' in all');
  row(list, 'download', amount(download.bytesPerSecond) + '/s, ' + amount(download.totalBytes) + ' in all');
  if (stream.sourceCopies !== null) row(list, 'source copies', String(stream.sourceCopies));
  row(list, 'segments', playback.segments + ', gaps ' + playback.gaps + ', readers ' + playback.readers + (playback.slowReadersCut ? ', cut off as too slow ' + playback.slowReadersCut : ''));
  row(list, 'round', String(stream.round));
  if (stream.partners.length > 0)
    section.append(make('h2', 'Partners'), table(['peer', 'given', 'taken'], stream.partners.map((p) => [p.peer, amount(p.uploadedBytes), amount(p.downloadedBytes)])));
  if (stream.evictions.length > 0)
    section.append(make('h2', 'Evicted'), table(['peer', 'convicted of', 'by evidence', 'round'], stream.evictions.map((e) => [e.peer, e.rule + ': ' + e.reason, make('code', e.evidence), String(e.round)])));
  if (stream.removals.length > 0)
    section.append(make('h2', 'No members any more'), table(['peer', 'why', 'round'], stream.removals.map((r) => [r.peer, r.why + ': ' + r.reason, String(r.round)])));
  return section;
};
const refresh = async () => {
  const state = document.getElementById('state');
  try {
    const { streams } = await (await fetch('/status.json')).json();
    document.getElementById('streams').replaceChildren(...streams.map(show));
    state.textContent = streams.length === 0 ? 'no streams' : '';
  } catch {
    state.textContent = 'the player does not answer: it has been stopped';
  }
  setTimeout(refresh, 2000);
};
refresh();
`;

export const STATUS_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Concordat streams</title>
<style>${STYLE}</style>
<h1>Concordat streams</h1>
<p id="state">reading ...</p>
<noscript><p>Without scripts: <a href="/status.json">status.json</a>, <a href="/metrics">metrics</a>.</p></noscript>
<main id="streams"></main>
<script>${SCRIPT}</script>
</html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
