/**
 * A counterexample as a picture: one lane per session, one bar per operation from invocation to answer. What the
 * longest explanation took is numbered in its order of effect; the answer that nothing explains is red.
 */

import type { Operation } from './history.ts';
import type { Counterexample } from './linearizable.ts';
import type { Model } from './model.ts';

const WIDTH = 960;
const LANE = 34;
const LEFT = 90;
const TOP = 46;
/** Operations of the explanation that are drawn beside the window. */
const CONTEXT = 8;

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string): string => text.replace(/[&<>"]/g, (char) => ESCAPES[char] ?? char);

/** Draws a counterexample; the result is a whole SVG document. */
export function drawCounterexample<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  counterexample: Counterexample<S, I, O>,
): string {
  const { stuck, linearized, window, state, part } = counterexample;
  const shown = [...new Set([...linearized.slice(-CONTEXT), ...window])];
  const sessions = [...new Set(shown.map(({ session }) => session))].sort((a, b) => a - b);
  const first = Math.min(...shown.map(({ invokedAt }) => invokedAt));
  const last = Math.max(...shown.map(({ invokedAt, outcome }) => outcome?.at ?? invokedAt));
  const xAt = (time: number): number =>
    LEFT + ((time - first) / Math.max(1, last - first)) * (WIDTH - LEFT - 30);
  const drawBar = (operation: Operation<I, O>): string => {
    const { session, invokedAt, input, outcome } = operation;
    const x = xAt(invokedAt);
    const width = Math.max(4, (outcome === null ? WIDTH - 10 : xAt(outcome.at)) - x);
    const y = TOP + sessions.indexOf(session) * LANE;
    const place = linearized.indexOf(operation);
    const kind = operation === stuck ? 'stuck' : place < 0 ? 'open' : 'taken';
    const label = model.describe?.(input, outcome?.output ?? null) ?? JSON.stringify(input);
    const text = `${place < 0 ? '' : `${place + 1}. `}${label}`;
    return [
      `<g class="${kind}"><title>${escapeText(`${text} (${invokedAt} to ${outcome?.at ?? '?'})`)}</title>`,
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="14" rx="3"/>`,
      `<text x="${x.toFixed(1)}" y="${y + 26}">${escapeText(text)}</text></g>`,
    ].join('');
  };
  const lanes = sessions.map(
    (session, i) => `<text x="8" y="${TOP + i * LANE + 11}">session ${session}</text>`,
  );
  const heading = `no order explains the red answer${part === '' ? '' : ` (${part})`}; state before it: ${model.key(state)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${TOP + sessions.length * LANE + 16}">`,
    '<style>text{font:11px sans-serif;fill:#222}.taken rect{fill:#9bc4a5}.open rect{fill:#d5d5d5}',
    '.stuck rect{fill:#d33c3c}.stuck text{fill:#a01818;font-weight:bold}</style>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="8" y="22" style="font-size:14px">${escapeText(heading)}</text>`,
    ...lanes,
    ...shown.map(drawBar),
    '</svg>',
    '',
  ].join('\n');
}
