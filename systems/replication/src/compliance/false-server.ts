/**
 * An adversary that is honest but for one thing: to whoever fetches a checkpoint's state it serves another one,
 * consistent in itself. Only the certificate tells.
 */

import { modelHash } from '@concordat/crypto';
import { createPrng, type Digest, type Snapshot } from '@concordat/kernel';
import { genesisHistory } from '../batch.ts';
import {
  type Checkpointed,
  checkpointed,
  createExecution,
  type Execution,
  rebuild,
  rootsOf,
} from '../execution/execution.ts';
import type { Governance } from '../governance/ordered.ts';
import type { OwnCheckpoint } from '../replica/checkpoint.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaStrategy } from './cluster.ts';
import { addOperation, createLedger } from './ledger.ts';

/** Executes what nobody ordered. */
export function damage(execution: Execution, names: readonly string[]): void {
  const context = { domain: 0, client: 1, seq: 1, time: 0, random: createPrng(1), emit: () => {} };
  for (const name of names) execution.service.execute(addOperation(name, 1), context);
}

const digestsOf = (snapshot: Snapshot): Digest[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

const readPart = ({ core, service }: Checkpointed, part: number): Uint8Array =>
  part < core.parts ? core.read(part) : service.read(part - core.parts);

/** The checkpoint with `names` damaged. */
function falsified(
  own: OwnCheckpoint,
  governance: Governance,
  names: readonly string[],
): Checkpointed | null {
  const execution = createExecution(modelHash, createLedger(modelHash), genesisHistory(), governance);
  const parts = { core: digestsOf(own.core), service: digestsOf(own.service) };
  const built = rebuild(execution, modelHash, own.state, parts, rootsOf(own));
  if (built === null) return null;
  for (let part = 0; part < built.parts; part++) built.offer(part, readPart(own, part));
  built.finish();
  damage(execution, names);
  return checkpointed(execution);
}

function manifestOf(slot: number, checkpoint: Checkpointed): Message {
  const { core, service } = checkpoint;
  return {
    type: 'manifest',
    slot,
    roots: rootsOf(checkpoint),
    parts: { core: digestsOf(core), service: digestsOf(service) },
  };
}

export const falseServer =
  (names: readonly string[]): ReplicaStrategy =>
  (honest) => {
    const served = new Map<number, Checkpointed>();
    return {
      ...honest,
      receive: (s, env, from, m) => {
        if (m.type === 'fetch-manifest') {
          const own = s.own.find(({ slot }) => slot === m.slot);
          const lie = own === undefined ? null : falsified(own, s.governance, names);
          if (lie === null) return;
          served.set(m.slot, lie);
          env.send(from, manifestOf(m.slot, lie));
        } else if (m.type === 'fetch-part') {
          const lie = served.get(m.slot);
          if (lie !== undefined) env.send(from, { ...m, type: 'part', bytes: readPart(lie, m.part) });
        } else honest.receive(s, env, from, m);
      },
    };
  };
