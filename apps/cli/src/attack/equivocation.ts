/**
 * The lie of an equivocating leader: a second proposal for the same slot, as validly signed as the first. It differs
 * in the ordered time only, so nothing but the comparison of two members' votes can tell that there are two.
 */

import { statementBytes } from '@concordat/accountability';
import { assert, type Digest } from '@concordat/kernel';
import { batchDigest, type Message, nextHistory, type ReplicaState } from '@concordat/replication';
import { createWriter } from '@concordat/wire';

type Proposal = Extract<Message, { readonly type: 'pre-prepare' }>;

/** Digest of the own log before `slot`. */
function historyBefore(s: ReplicaState, slot: number): Digest {
  if (slot - 1 === s.stable.slot) return s.stable.history;
  const record = s.slots[(slot - 1) % s.slots.length];
  assert(
    record?.slot === slot - 1 && record.history !== null,
    'a leader proposes on top of what it accepted',
  );
  return record.history;
}

/** The body of a signed proposal, as in replication's statements: incarnation, view, slot, history. */
function bodyOf({ incarnation, view, slot, history }: Omit<Proposal, 'signature'>): Uint8Array {
  const writer = createWriter(64);
  for (const field of [incarnation, view, slot]) writer.u53(field);
  writer.fixed(history);
  return writer.finish();
}

/** Another proposal for the same slot; the same one if the log before it is no longer known. */
export function contradiction(s: ReplicaState, truth: Proposal): Proposal {
  const { hash, sign } = s.keys;
  if (truth.slot <= s.stable.slot) return truth;
  const batch = { ...truth.batch, time: truth.batch.time + 1 };
  const history = nextHistory(hash, historyBefore(s, truth.slot), batchDigest(hash, batch));
  const lie = { ...truth, batch, history };
  return { ...lie, signature: sign(statementBytes(s.config.cluster, 'pre-prepare', bodyOf(lie))) };
}
