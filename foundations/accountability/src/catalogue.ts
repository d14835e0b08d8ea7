/**
 * What a system may convict its members of, as a list for people: each rule with a sentence and with what follows from it. Lies
 * are provable and lead to eviction; what a policy forgives a few times is a strike. A command line can print it, and a system
 * hands `rules` to `verifyProof`.
 */

import { assert } from '@concordat/kernel';
import type { Rule } from './proof.ts';
import { isKind } from './statement.ts';

export type Severity =
  /** One proof is enough. */
  | 'eviction'
  /** Proven, but forgiven until it happens too often: whose machine lost its memory may have done it. */
  | 'strike';

export interface Offence {
  readonly rule: Rule;
  /** What one must not do, as a sentence: `Signs two histories for one round.` */
  readonly sentence: string;
  readonly severity: Severity;
}

export interface Catalogue {
  readonly offences: readonly Offence[];
  readonly rules: readonly Rule[];
  /** The offence of the rule with this name; undefined for a proof by a rule that is not known here. */
  offenceOf(rule: string): Offence | undefined;
}

/** Catalogues of several parts go together: `createCatalogue([...membershipOffences, ...ownOffences])`. */
export function createCatalogue(offences: readonly Offence[]): Catalogue {
  const byName = new Map(offences.map((offence) => [offence.rule.name, offence]));
  assert(byName.size === offences.length, 'rules of a catalogue have different names');
  for (const { rule, sentence } of offences) {
    assert(isKind(rule.name) && isKind(rule.kind), 'a rule and its kind have short ASCII names');
    assert(sentence.endsWith('.'), 'an offence is described by a sentence');
  }
  return {
    offences,
    rules: offences.map(({ rule }) => rule),
    offenceOf: (rule) => byName.get(rule),
  };
}
