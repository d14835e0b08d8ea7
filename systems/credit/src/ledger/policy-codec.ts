/** A policy as one line of JSON, in one spelling: what a data directory says its links were made under. */

import { type LinkPolicy, policyProblems, type Recovery } from '../policies/policy.ts';

export function encodePolicy(policy: LinkPolicy): string {
  const { name, credit, grain, recovery, isSymmetric, holdMs, onExpiry } = policy;
  return JSON.stringify({ name, credit, grain, recovery: plain(recovery), isSymmetric, holdMs, onExpiry });
}

function plain(recovery: Recovery | null): Recovery | null {
  if (recovery === null) return null;
  const { everyMs } = recovery;
  return recovery.kind === 'linear'
    ? { kind: 'linear', units: recovery.units, everyMs }
    : { kind: 'geometric', share: recovery.share, everyMs };
}

/** The policy in `text`, or null unless it is sound and exactly what `encodePolicy` writes. */
export function decodePolicy(text: string): LinkPolicy | null {
  try {
    const found = JSON.parse(text) as LinkPolicy;
    // Whatever is missing or of another kind shows in the spelling.
    return encodePolicy(found) === text &&
      typeof found.name === 'string' &&
      policyProblems(found).length === 0
      ? found
      : null;
  } catch {
    return null;
  }
}
