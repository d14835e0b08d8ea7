/**
 * Everything that observers of a world can see, as text: two runs of one seed must give the same, byte for byte. A
 * difference means that something beyond the seed was consulted: an iteration order, a clock, shared state.
 */

import { toHex } from '@concordat/wire';
import type { Observer } from '../host.ts';

/** A value as text, the same for equal values. */
export function describeValue(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'bigint') return `${part}n`;
      if (part instanceof Uint8Array) return toHex(part);
      if (part instanceof Map) return [...part];
      if (part instanceof Set) return [...part];
      return part;
    }) ?? 'undefined'
  );
}

/** An observer that writes down all it is told. */
export function createTranscript(): { readonly observer: Observer; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const observer: Observer = {
    noted: (at, node, note) => lines.push(`${at} ${node} notes ${describeValue(note)}`),
    sent: (at, from, to, messages, passes) =>
      lines.push(`${at} ${from} to ${to}${passes ? '' : ' in vain'} ${describeValue(messages)}`),
    delivered: (at, from, to, message) => lines.push(`${at} ${to} from ${from} ${describeValue(message)}`),
    started: (at, node) => lines.push(`${at} ${node} starts`),
    crashed: (at, node) => lines.push(`${at} ${node} crashes`),
    linked: (at, node, peer, isUp) => lines.push(`${at} ${node} ${isUp ? 'linked to' : 'lost'} ${peer}`),
  };
  return { observer, lines };
}

/**
 * Runs twice, each time in a world of its own that `run` builds and shows to the observer. Null if both saw the same,
 * otherwise the first difference.
 */
export function sameTwice(run: (observer: Observer) => void): string | null {
  const [first, second] = [createTranscript(), createTranscript()];
  run(first.observer);
  run(second.observer);
  const length = Math.max(first.lines.length, second.lines.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [first.lines[i] ?? '(the end)', second.lines[i] ?? '(the end)'];
    if (one !== other) return `event ${i}:\n  first  ${one}\n  second ${other}`;
  }
  return null;
}
