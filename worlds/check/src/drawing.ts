/**
 * A counterexample as a picture: one lane per session, one bar per operation from invocation to answer, and a list
 * below. What the longest explanation took is numbered in its order of effect, what it left out has a question mark;
 * the answer that nothing explains is red.
 */

import type { Operation } from './history.ts';
import type { Counterexample } from './linearizable.ts';
import type { Model } from './model.ts';

const WIDTH = 960;
const LANE = 22;
const LINE = 15;
const LEFT = 90;
const TOP = 46;
/** Operations of the explanation that are drawn beside the window. */
const CONTEXT = 8;

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string): string => text.replace(/[&<>"]/g, (char) => ESCAPES[char] ?? char);

const kindOf = <S, I, O>(
  operation: Operation<I, O>,
  { stuck, linearized }: Counterexample<S, I, O>,
): string => {
  if (operation === stuck) return 'stuck';
  return linearized.includes(operation) ? 'taken' : 'open';
};

/** An operation's sign in the picture: its place in the explanation, or why it has none. */
function signOf<S, I, O>(operation: Operation<I, O>, { stuck, linearized }: Counterexample<S, I, O>): string {
  if (operation === stuck) return '!';
  const place = linearized.indexOf(operation);
  return place < 0 ? '?' : `${place + 1}`;
}

/** Draws a counterexample; the result is a whole SVG document. */
export function drawCounterexample<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  counterexample: Counterexample<S, I, O>,
): string {
  const { linearized, window, state, part } = counterexample;
  const shown = [...new Set([...linearized.slice(-CONTEXT), ...window])];
  const sessions = [...new Set(shown.map(({ session }) => session))].sort((a, b) => a - b);
  const first = Math.min(...shown.map(({ invokedAt }) => invokedAt));
  const last = Math.max(...shown.map(({ invokedAt, outcome }) => outcome?.at ?? invokedAt));
  const xAt = (time: number): number =>
    LEFT + ((time - first) / Math.max(1, last - first)) * (WIDTH - LEFT - 30);
  const listTop = TOP + sessions.length * LANE + 14;
  const draw = (operation: Operation<I, O>, index: number): string => {
    const { session, invokedAt, input, outcome } = operation;
    const x = xAt(invokedAt);
    const width = Math.max(10, (outcome === null ? WIDTH - 10 : xAt(outcome.at)) - x);
    const y = TOP + sessions.indexOf(session) * LANE;
    const sign = signOf(operation, counterexample);
    const label = model.describe?.(input, outcome?.output ?? null) ?? JSON.stringify(input);
    const line = `${sign}  session ${session}, ${invokedAt} to ${outcome?.at ?? '?'}: ${label}`;
    return [
      `<g class="${kindOf(operation, counterexample)}">`,
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="16" rx="3"/>`,
      `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${sign}</text>`,
      `<text x="8" y="${listTop + index * LINE}">${escapeText(line)}</text></g>`,
    ].join('');
  };
  const lanes = sessions.map(
    (session, i) => `<text x="8" y="${TOP + i * LANE + 12}">session ${session}</text>`,
  );
  const heading = `no order explains the red answer${part === '' ? '' : ` (${part})`}; state before it: ${model.key(state)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${listTop + shown.length * LINE}">`,
    '<style>text{font:11px sans-serif;fill:#222}.taken rect{fill:#9bc4a5}.open rect{fill:#d5d5d5}',
    '.stuck rect{fill:#e88}.stuck text{fill:#a01818;font-weight:bold}</style>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="8" y="22" style="font-size:14px">${escapeText(heading)}</text>`,
    ...lanes,
    ...shown.map(draw),
    '</svg>',
    '',
  ].join('\n');
}
