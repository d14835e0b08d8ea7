/**
 * The picture of a neighbourhood as one HTML file that needs nothing else: sigma and graphology are put into it from where they are
 * installed. Its policy allows these very scripts and nothing from any network, and names from outside are text, never markup.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PageData } from './page-data.ts';
import { PAGE_STYLE } from './page-style.ts';

export interface PageText {
  /** The name of the account. */
  readonly account: string;
  /** One sentence: the verdict. */
  readonly verdict: string;
  readonly sections: readonly { readonly heading: string; readonly lines: readonly string[] }[];
  /** What the picture leaves out; empty if nothing. */
  readonly leftOut: string;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');

/** JSON that is safe inside a script element: no text in it can end the element or begin a comment. */
export const scriptJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const read = (specifier: string, file: string): string =>
  readFileSync(new URL(file, import.meta.resolve(specifier)), 'utf8');

/** Without what would look for a file beside the page. */
const withoutMap = (script: string): string => script.replace(/^\/\/# sourceMappingURL=.*$/gm, '').trim();

function scripts(): { readonly graphology: string; readonly sigma: string; readonly own: string } {
  const own = readFileSync(new URL('./page-script.js', import.meta.url), 'utf8');
  return {
    graphology: withoutMap(read('graphology', './graphology.umd.min.js')),
    sigma: withoutMap(read('sigma', './sigma.min.js')),
    own: withoutMap(own),
  };
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Lines that begin with blanks are items of what stands before them. */
function sectionOf({ heading, lines }: PageText['sections'][number]): string {
  const parts = lines.map((line) =>
    line.startsWith('  ') ? `<li>${escaped(line.trim())}</li>` : `<p>${escaped(line)}</p>`,
  );
  const text = parts.join('').replace(/(?:<li>.*?<\/li>)+/g, (items) => `<ul>${items}</ul>`);
  return `<section><h2>${escaped(heading)}</h2>${text}</section>`;
}

const LEGEND = [
  ['account', 'the account in question'],
  ['apart', 'beyond the cut'],
  ['trusted', 'the seeds’ side of the cut'],
  ['seed', 'a seed'],
  ['cut', 'an edge of the cut'],
]
  .map(([kind, text]) => `<li><i class="${kind}"></i>${text}</li>`)
  .join('');

/** The whole file. Some 300 KB, most of it the libraries. */
export function pageOf(text: PageText, data: PageData): string {
  const { graphology, sigma, own } = scripts();
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(PAGE_STYLE)}`,
    `script-src ${[graphology, sigma, own].map(hashOf).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(text.account)} - the cut around an account</title>
<style>${PAGE_STYLE}</style>
<header><h1>${escaped(text.account)}</h1><p>${escaped(text.verdict)}</p></header>
<main>
<div id="frame">
<div id="stage" tabindex="0" role="application" aria-label="The neighbourhood as a picture. Arrow keys move it, plus and minus zoom, 0 shows all. What it shows stands in the lists beside it."></div>
<div id="tip" hidden></div>
<ul id="legend" aria-label="Legend">${LEGEND}</ul>
</div>
<aside>
<form id="search" role="search"><label for="name">Account</label><input id="name" list="names" autocomplete="off"><datalist id="names"></datalist><button>Find</button><output id="found" for="name"></output></form>
<section id="selected" aria-live="polite"></section>
${text.sections.map(sectionOf).join('\n')}
<section><h2>Edges of the cut</h2><table><thead><tr><th>beyond it</th><th>the seeds’ side</th></tr></thead><tbody id="cut"></tbody></table></section>
<section><h2>This picture</h2><p>${escaped(text.leftOut === '' ? 'It shows the whole graph.' : text.leftOut)}</p><p class="keys">In the picture: drag, wheel, arrow keys, + and -; 0 shows all, Escape lets go.</p></section>
</aside>
</main>
<noscript><p>The picture needs scripts; the text beside it does not.</p></noscript>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${graphology}</script>
<script>${sigma}</script>
<script type="module">${own}</script>
</html>
`;
}
