/** The specification that most services contain: named registers with read, write and compare-and-set. */

import type { Model } from './model.ts';

export type RegisterInput =
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'write'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'compare-and-set';
      readonly key: string;
      readonly expected: string;
      readonly value: string;
    };

/** What a read saw ('' before the first write), or whether a write or compare-and-set took effect. */
export type RegisterOutput = string | boolean;

/** Registers hold '' at first; each is judged apart. */
export const registers: Model<string, RegisterInput, RegisterOutput> = {
  init: () => '',
  step: (value, input, output) => {
    if (input.kind === 'read') return output === null || output === value ? value : null;
    if (input.kind === 'write') return output === false ? null : input.value;
    const takesEffect = value === input.expected;
    if (output !== null && output !== takesEffect) return null;
    return takesEffect ? input.value : value;
  },
  key: (value) => value,
  partition: (input) => input.key,
  describe: (input, output) => {
    const answer = output === null ? 'unanswered' : `-> ${JSON.stringify(output)}`;
    if (input.kind === 'read') return `read ${input.key} ${answer}`;
    if (input.kind === 'write') return `write ${input.key} ${input.value} ${answer}`;
    return `compare-and-set ${input.key} ${input.expected} to ${input.value} ${answer}`;
  },
};
