/** All results on one page that needs nothing else: figures are embedded, each in a document of its own. */

import { type Finding, inWords } from './finding.ts';
import type { Result } from './result.ts';
import { verdictOf } from './verdict.ts';

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; color: #24292f; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .3rem; }
p { margin: .3rem 0; } .source, .note { color: #57606a; } .note { font-size: .9em; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d8dee4; vertical-align: top; }
td.bound { white-space: nowrap; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.holds { color: #1a7f37; } .missed { color: #9a6700; } .surprise { color: #cf222e; font-weight: 600; }
img { max-width: 100%; }
`;

function rowOf(finding: Finding): string {
  const { claim, figure, bound, published = '', remark, missedBecause } = finding;
  const verdict = verdictOf(finding);
  const style = verdict === 'holds' || verdict === 'missed' ? verdict : 'surprise';
  const notes = [remark, missedBecause]
    .filter((note) => note !== undefined)
    .map((note) => `<br><span class="note">${escaped(note)}</span>`)
    .join('');
  return `<tr><td>${escaped(claim)}${notes}</td><td class="number">${inWords(figure)}</td>
<td class="bound">${escaped(bound)}</td><td class="${style}">${verdict}</td><td>${escaped(published)}</td></tr>`;
}

const sectionOf = ({ name, claim, source, size, findings, figure }: Result): string => `
<section id="${name}">
<h2>${name}</h2>
<p>${escaped(claim)}</p>
<p class="source">${escaped(source)}; ${size} size</p>
<img alt="${escaped(claim)}" src="data:image/svg+xml;base64,${Buffer.from(figure).toString('base64')}">
<table><thead><tr><th>claim</th><th>ours</th><th>bound</th><th></th><th>published</th></tr></thead>
<tbody>${findings.map(rowOf).join('\n')}</tbody></table>
</section>`;

export const reportOf = (results: readonly Result[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Concordat lab</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Claims of papers, re-made</h1>
<p>Each figure is asserted. "missed" is a bound that is known not to be kept, with the reason. Published figures are of other
machines: compare ratios.</p>
${results.map(sectionOf).join('\n')}
</body>
</html>
`;
