/**
 * What the ordered state knows of governance: every configuration so far, with its command, and the one that is accepted
 * and waits for its checkpoint. A command acts at the first checkpoint slot at or after its own. Of two commands in one
 * interval the first wins: the second names an epoch that is taken.
 */

import type { Hash, Keys, Signatures } from '@concordat/crypto';
import { assert, type Digest, type NodeId, type Service } from '@concordat/kernel';
import { numberKey, type State, type StateCell, type StateMap } from '@concordat/state';
import { createReader, createWriter } from '@concordat/wire';
import type { PairKeys } from '../admission/pair-keys.ts';
import type { OrderName, OrderProtocol } from '../order/order-protocol.ts';
import { decodeAnnouncement, encodeAnnouncement } from './announcement.ts';
import {
  decodeReconfigure,
  type Reconfigure,
  readReconfigure,
  type Verdict,
  writeReconfigure,
} from './command.ts';
import { type Configuration, configurationDigest, delegateOf } from './configuration.ts';
import { type Court, refusalOf } from './judgement.ts';
import { type Announced, readinessProblem } from './readiness.ts';
import { stageProblem } from './stages.ts';

export interface EpochRecord {
  readonly command: Reconfigure;
  /** The slot of the command; 0 for the configuration that the federation began with. */
  readonly slot: number;
  /** The checkpoint after which it is in force. */
  readonly base: number;
}

export interface GovernanceState {
  /** By epoch; the one after the present is accepted and waits. */
  readonly epochs: StateMap<number, EpochRecord>;
  readonly epoch: StateCell<number>;
  /** What `epochs` holds, decoded: every message asks for the present configuration. */
  readonly records: ReadonlyMap<number, EpochRecord>;
  /** Versions of the service that members' binaries can run, as they have announced them. */
  readonly announced: Announced;
}

/** What execution must know to judge commands. */
export interface Governance {
  readonly cluster: Digest;
  /** False where nobody can change anything. */
  readonly isGoverned: boolean;
  /** What the federation begins with, or a later configuration that its operator trusts. */
  readonly genesis: Configuration;
  readonly checkpointInterval: number;
  /** Nodes that execute beside the members, whom no command changes; none where members do. */
  readonly executors: readonly NodeId[];
  readonly verifyWith: Signatures['verifyWith'];
  /** The own keys of a public half, if they are here. */
  keysOf(publicKey: Uint8Array): Keys | null;
  orderOf(name: OrderName): OrderProtocol;
  /** What this member makes and checks MACs with under a configuration; null where it cannot. */
  pairOf(configuration: Configuration): PairKeys | null;
}

const writer = createWriter(4096);

const recordCodec = {
  encode: ({ command, slot, base }: EpochRecord): Uint8Array => {
    writer.u53(slot);
    writer.u53(base);
    writeReconfigure(writer, command);
    return writer.finish();
  },
  decode: (bytes: Uint8Array): EpochRecord | null => {
    const reader = createReader(bytes);
    const [slot, base] = [reader.u53(), reader.u53()];
    return reader.finish({ slot, base, command: readReconfigure(reader) });
  },
};

const numberCodec = {
  encode: (value: number): Uint8Array => {
    writer.u53(value);
    return writer.finish();
  },
  decode: (bytes: Uint8Array): number | null => {
    const reader = createReader(bytes);
    return reader.finish(reader.u53());
  },
};

const versionsCodec = { encode: encodeAnnouncement, decode: decodeAnnouncement };

/** Where nobody governs, the version in force is the newest that binaries can run. */
export const inVersionOf = (governance: Governance, service: Service): Governance =>
  governance.isGoverned
    ? governance
    : { ...governance, genesis: { ...governance.genesis, version: service.version() } };

export function declareGovernance(state: State, { genesis }: Governance): GovernanceState {
  const epochs = state.map<number, EpochRecord>('epochs', { ...numberKey, ...recordCodec });
  const epoch = state.cell<number>('epoch', numberCodec, genesis.epoch);
  const command = { next: genesis, approvals: [], proof: new Uint8Array(0) };
  const records = new Map<number, EpochRecord>();
  epochs.observe((key, _before, after) => {
    if (after === undefined) records.delete(key);
    else records.set(key, after);
  });
  epochs.set(genesis.epoch, { command, slot: 0, base: 0 });
  const announced = state.map<NodeId, readonly number[]>('announced', { ...numberKey, ...versionsCodec });
  return { epochs, epoch, records, announced };
}

/** The record of the configuration in force after what is executed. */
export function presentRecord({ records, epoch }: GovernanceState): EpochRecord {
  const record = records.get(epoch.get());
  assert(record !== undefined, 'the present configuration is in the state');
  return record;
}

/** The configuration that is accepted and waits for its checkpoint, or null. */
export const pendingRecord = ({ records, epoch }: GovernanceState): EpochRecord | null =>
  records.get(epoch.get() + 1) ?? null;

/** The checkpoint slot at which a command in `slot` acts. */
export const boundaryOf = (slot: number, interval: number): number => Math.ceil(slot / interval) * interval;

/** Judges a command of slot `slot`, and keeps it if it is approved. */
export function executeReconfigure(
  governance: GovernanceState,
  context: Governance,
  hash: Hash,
  slot: number,
  body: Uint8Array,
): Verdict {
  const refused = (reason: string): Verdict => ({ accepted: false, reason });
  const command = decodeReconfigure(body);
  if (command === null) return refused('this is no command');
  const pending = pendingRecord(governance);
  if (pending !== null) {
    const { epoch } = pending.command.next;
    return refused(`epoch ${epoch} is decided already, and begins after slot ${pending.base}`);
  }
  const present = presentRecord(governance).command.next;
  const refusal =
    refusalOf(courtOf(governance, context, hash), present, command) ??
    stageProblem(context.executors.length, present, command.next) ??
    readinessProblem(governance.announced, context.executors, present, command.next);
  if (refusal !== null) return refused(refusal);
  const base = boundaryOf(slot, context.checkpointInterval);
  governance.epochs.set(command.next.epoch, { command, slot, base });
  return { accepted: true, epoch: command.next.epoch, afterSlot: base };
}

/** Records what the binary can run of one that executes; of others nothing is recorded. */
export function recordVersions(
  governance: GovernanceState,
  { executors }: Governance,
  domain: NodeId,
  versions: readonly number[],
): void {
  const executes =
    executors.length > 0
      ? executors.includes(domain)
      : delegateOf(presentRecord(governance).command.next, domain) !== null;
  if (executes) governance.announced.set(domain, versions);
}

/** A court that knows the configurations of the ordered state. */
export const courtOf = (
  governance: GovernanceState,
  { cluster, verifyWith }: Governance,
  hash: Hash,
): Court => ({
  cluster,
  hash,
  verifyWith,
  configurationOf: (epoch) =>
    epoch <= governance.epoch.get() ? (governance.records.get(epoch)?.command.next ?? null) : null,
});

/** Begins the pending epoch if `slot` was the last of the one before. Called after each batch. */
export function beginEpochIfDue(governance: GovernanceState, slot: number): void {
  const pending = pendingRecord(governance);
  if (pending !== null && slot >= pending.base) governance.epoch.set(pending.command.next.epoch);
}

export const presentDigest = (governance: GovernanceState, hash: Hash): Digest =>
  configurationDigest(hash, presentRecord(governance).command.next);
