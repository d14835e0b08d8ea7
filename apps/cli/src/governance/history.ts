/** Which configurations a federation has had, for whoever holds no key and believes only signatures. */

import { type Configuration, type Court, followChain, type Link } from '@concordat/replication';
import { createSignatures, sha256 } from '@concordat/runtime';
import type { Federation } from '../config/federation.ts';
import { firstConfiguration } from './genesis.ts';

export const courtOf = (federation: Federation, known: readonly Configuration[]): Court => ({
  cluster: federation.id,
  hash: sha256,
  verifyWith: createSignatures().verifyWith,
  configurationOf: (epoch) => known.find((one) => one.epoch === epoch) ?? null,
});

/** The configurations after the first that links prove, by ascending epoch, or why they prove none. */
export function provenHistory(
  federation: Federation,
  links: readonly Link[],
): Configuration[] | { readonly reason: string } {
  const genesis = firstConfiguration(federation);
  if (genesis === null) return { reason: 'its members have no admin keys, so it never changes' };
  // A chain passes over what is not later than where it begins: that is proven by nothing.
  const configurations = links
    .map(({ command }) => command.next)
    .filter(({ epoch }) => epoch > genesis.epoch);
  const end = followChain(courtOf(federation, [genesis, ...configurations]), genesis, links);
  return 'reason' in end ? { reason: end.reason } : configurations;
}
