/**
 * A federation that its administrators can change, for the suites: every organisation has an administrator's key and as
 * many replica keys as it will need, all drawn from the run's seed, and approves what it is asked to.
 */

import { createMacs, type Keys, modelHash, modelSeeds, modelSignatures } from '@concordat/crypto';
import { MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import { equalBytes, toHex, utf8 } from '@concordat/wire';
import type { PairKeys } from '../admission/pair-keys.ts';
import type { ReplicaConfig } from '../config.ts';
import type { FaultModel } from '../fault-model.ts';
import { quorumsOf } from '../fault-model.ts';
import { approvalBytes, type Reconfigure } from '../governance/command.ts';
import {
  type Configuration,
  type Delegate,
  delegateOf,
  memberIds,
  ungoverned,
} from '../governance/configuration.ts';
import { configurationOf } from '../governance/epochs.ts';
import { approvalsNeeded } from '../governance/judgement.ts';
import { submitCommand } from '../governance/submitting.ts';
import type { Governed } from '../replica/replica.ts';
import type { Cluster } from './cluster.ts';

const CLUSTER_ID = modelHash(utf8('compliance'));

/** Keys that an organisation may have in the course of a run. */
const GENERATIONS = 16;

const ADMINS = 1_000_003;

/** The seed of an organisation's replica key; generation 0 is what `createModelKeys` makes. */
const seedOf = (seed: number, id: NodeId, generation: number): Uint8Array =>
  generation === 0
    ? (modelSeeds(MAX_MEMBERS, seed)[id] as Uint8Array)
    : modelHash(utf8(`replica key ${seed} ${id} ${generation}`));

const adminSeedOf = (seed: number, id: NodeId): Uint8Array =>
  modelSeeds(MAX_MEMBERS, seed + ADMINS)[id] as Uint8Array;

export const delegate = (seed: number, id: NodeId, generation = 0): Delegate => ({
  id,
  key: modelSignatures.publicKeyOf(seedOf(seed, id, generation)),
  admin: modelSignatures.publicKeyOf(adminSeedOf(seed, id)),
  contact: utf8(`member ${id}`),
});

const keysFrom = (own: Uint8Array): Keys => ({
  hash: modelHash,
  sign: (bytes) => modelSignatures.signWith(own, bytes),
  verify: () => false,
});

/** What the federation of a run begins with. */
export const genesisOf = (seed: number, config: ReplicaConfig, ids: readonly NodeId[]): Configuration => ({
  ...ungoverned(config),
  members: ids.map((id) => delegate(seed, id)),
});

/** What a replica must know to be governed. */
export const governedAs = (seed: number, config: ReplicaConfig, ids: readonly NodeId[]): Governed => ({
  genesis: genesisOf(seed, config, ids),
  verifyWith: modelSignatures.verifyWith,
  keysOf: (publicKey) => {
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const own = seedOf(seed, config.self, generation);
      if (equalBytes(modelSignatures.publicKeyOf(own), publicKey)) return keysFrom(own);
    }
    return null;
  },
  pairOf: (configuration) => pairUnder(seed, configuration, config.self),
});

/** What a member makes MACs with under a configuration: its secret with another is of both their keys. */
function pairUnder(seed: number, configuration: Configuration, self: NodeId): PairKeys | null {
  const own = delegateOf(configuration, self);
  if (own === null) return null;
  const secretWith = (peer: NodeId): Uint8Array => {
    const keys = [own.key, delegateOf(configuration, peer)?.key ?? new Uint8Array(0)].map(toHex).sort();
    return modelHash(utf8(`pair ${seed} ${keys.join(' ')}`));
  };
  return { macs: createMacs(), secrets: { secretWith } };
}

export const approve = (seed: number, next: Configuration, approvers: readonly NodeId[]) =>
  [...approvers]
    .sort((a, b) => a - b)
    .map((member) => ({
      member,
      signature: modelSignatures.signWith(
        adminSeedOf(seed, member),
        approvalBytes(modelHash, CLUSTER_ID, next),
      ),
    }));

/** A command with as many approvals as it needs. */
export const approved = (seed: number, present: Configuration, next: Configuration): Reconfigure => ({
  next,
  approvals: approve(seed, next, memberIds(present).slice(0, approvalsNeeded(present))),
  proof: new Uint8Array(0),
});

/** Members in, members out, and other faults: the configuration that follows. */
export interface Change {
  readonly join?: readonly NodeId[];
  readonly leave?: readonly NodeId[];
  /** Members that take their next key. */
  readonly rekey?: readonly NodeId[];
  readonly faults?: FaultModel;
  readonly settings?: Partial<
    Pick<Configuration, 'order' | 'speculates' | 'fastCommit' | 'admission' | 'version'>
  >;
}

export function changed(seed: number, present: Configuration, change: Change): Configuration {
  const { join = [], leave = [], rekey = [], faults, settings } = change;
  const kept = present.members.filter(({ id }) => !leave.includes(id));
  const rekeyed = kept.map((one) =>
    rekey.includes(one.id) ? delegate(seed, one.id, nextGeneration(seed, one)) : one,
  );
  const members = [...rekeyed, ...join.map((id) => delegate(seed, id))].sort((a, b) => a.id - b.id);
  const { u, r, spare } = quorumsOf(faults ?? present.faults);
  const retired = [...present.retired, ...leave].sort((a, b) => a - b);
  return { ...present, epoch: present.epoch + 1, members, retired, faults: { u, r, spare }, ...settings };
}

function nextGeneration(seed: number, { id, key }: Delegate): number {
  for (let generation = 0; generation < GENERATIONS; generation++)
    if (equalBytes(delegate(seed, id, generation).key, key)) return generation + 1;
  return 0;
}

/** Has a member ask for a change of what it knows as the present configuration. */
export function reconfigure(cluster: Pick<Cluster, 'world' | 'call'>, member: NodeId, change: Change): void {
  const { seed } = cluster.world;
  cluster.call(member, (s, env) => {
    const present = configurationOf(s);
    submitCommand(s, env, approved(seed, present, changed(seed, present, change)));
  });
}
