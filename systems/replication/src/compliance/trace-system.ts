/**
 * How replication shows in golden traces: `cluster u=1 r=1 interval=128 preset=zyzzyva`, `liar r0 equivocate` build it,
 * `add r1 NAME AMOUNT` submits. Status messages, requests and heartbeats' notes are left out; histories are shown by
 * their first bytes, so that one sees who votes for what.
 */

import type { NodeId, Note } from '@concordat/kernel';
import { type Command, parseNumber, type TraceSystem } from '@concordat/sim';
import { toHex } from '@concordat/wire';
import type { FaultModel } from '../fault-model.ts';
import { isPresetName, presets } from '../presets/index.ts';
import { type AttackName, attackers } from '../replica/adversaries.ts';
import type { Message } from '../replica/messages.ts';
import { attacking } from './attacks.ts';
import { createCluster, type ReplicaStrategy } from './cluster.ts';

const SEED = 1;

const short = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 2));

/** What a message is called; null leaves it out. */
function label(m: Message): string | null {
  switch (m.type) {
    case 'pre-prepare':
      return `PRE-PREPARE v${m.view} s${m.slot} ${short(m.history)} requests=${m.batch.refs.length}`;
    case 'prepare':
    case 'commit':
      return `${m.type.toUpperCase()} v${m.view} s${m.slot} ${short(m.history)}`;
    case 'acknowledge':
      return `ACKNOWLEDGE v${m.view} s${m.slot} ${short(m.history)}`;
    case 'checkpoint':
      return `CHECKPOINT s${m.slot} ${short(m.history)} state=${short(m.state)}`;
    case 'stable':
      return `STABLE s${m.certificate[0]?.slot ?? 0}`;
    case 'view-change':
      return `VIEW-CHANGE v${m.view} stable=s${m.stable[0]?.slot ?? 0} claims=${m.claims.length}${m.certificate === null ? '' : ` certificate=v${m.certificate.view}`}`;
    case 'new-view':
      return `NEW-VIEW v${m.view} from=${m.changes.map(({ sender }) => `r${sender}`)}`;
    case 'fetch-chain':
      return `FETCH-CHAIN e${m.epoch}`;
    case 'chain':
      return `CHAIN to e${m.links.at(-1)?.command.next.epoch ?? 0}`;
    case 'fetch-batch':
      return `FETCH-BATCH s${m.slot}`;
    case 'batch':
      return `BATCH s${m.slot}`;
    case 'fetch-manifest':
      return `FETCH-MANIFEST s${m.slot}`;
    case 'manifest':
      return `MANIFEST s${m.slot}`;
    case 'fetch-part':
      return `FETCH-PART s${m.slot} part=${m.part}`;
    case 'part':
      return `PART s${m.slot} part=${m.part}`;
    case 'next-batch':
      return `NEXT-BATCH v${m.view} s${m.after}+${m.digests.length} committed=s${m.committed}`;
    case 'spec-response':
      return `SPEC-RESPONSE v${m.view} s${m.slot} ${short(m.history)} seq=${m.seq}${m.reply === null ? '' : ' whole'}`;
    case 'commit-certificate':
      return `COMMIT-CERTIFICATE v${m.view} s${m.slot} ${short(m.history)}`;
    case 'local-commit':
      return `LOCAL-COMMIT v${m.view} s${m.slot} ${short(m.history)}`;
    case 'accusation':
      return 'ACCUSATION';
    case 'status':
    case 'request':
    case 'reply':
    case 'read':
    case 'answer':
    case 'last-executed':
    case 'attach':
    case 'reply-digest':
      return null;
    default:
      return m.type.toUpperCase();
  }
}

/** What a note says; null leaves it out. */
function describe(note: Note): string | null {
  switch (note.kind) {
    case 'executed':
      return `executed s${note['slot']} requests=${note['requests']}`;
    case 'suspect':
      return `suspects r${note['primary']}: ${note['why']}`;
    case 'view-change':
      return null;
    case 'new-view':
      return `enters v${note['view']} after s${note['base']} with ${note['slots']} slots`;
    case 'evidence':
      return `proves ${note['rule']} of r${note['accused']} about ${note['about']}`;
    case 'retracted':
      return `takes back s${note['slot']} and after`;
    case 'epoch':
      return `enters epoch ${note['epoch']} after s${note['base']} with members ${note['members']}`;
    case 'verdict':
      return `hears: ${note['accepted'] === true ? `epoch ${note['epoch']} begins after s${note['afterSlot']}` : note['reason']}`;
    case 'stable':
      return `stable s${note['slot']}`;
    case 'recovered':
      return `recovered v${note['view']} executed=s${note['executed']} stable=s${note['stable']}`;
    case 'state-transfer':
      return `needs the state of s${note['slot']}`;
    case 'state-transferred':
      return `has the state of s${note['slot']}`;
    case 'incarnation':
      return `is incarnation ${note['number']}`;
    case 'conflicting-vote':
      return `sees a conflicting vote of r${note['peer']} for s${note['slot']}`;
    case 'strike':
      return `strikes r${note['peer']}: ${note['why']}`;
    default:
      return null;
  }
}

const numberOf = (command: Command | undefined, name: string, otherwise: number): number =>
  parseNumber(command?.options.get(name)) ?? otherwise;

const memberOf = (name: string | undefined): NodeId | null => parseNumber(name?.replace(/^r/, ''));

const isAttack = (name: string | undefined): name is AttackName => name !== undefined && name in attackers;

function liarsOf(setup: readonly Command[], faults: FaultModel): Map<NodeId, ReplicaStrategy> | string {
  const liars = new Map<NodeId, ReplicaStrategy>();
  for (const { verb, words, line } of setup) {
    if (verb !== 'liar') continue;
    const id = memberOf(words[0]);
    const name = words[1];
    if (id === null || !isAttack(name)) return `line ${line}: a liar has a member and an attack`;
    liars.set(id, attacking(attackers[name], { id, seed: SEED, faults }));
  }
  return liars;
}

export const traceSystem: TraceSystem = {
  setup: ['cluster', 'liar'],
  build: (setup) => {
    const [header] = setup;
    if (header?.verb !== 'cluster') return 'a trace begins with its cluster';
    const faults = { u: numberOf(header, 'u', 1), r: numberOf(header, 'r', 1) };
    const adversaries = liarsOf(setup, faults);
    if (typeof adversaries === 'string') return adversaries;
    const checkpointInterval = numberOf(header, 'interval', 128);
    const preset = header.options.get('preset') ?? 'concordat';
    if (!isPresetName(preset)) return `line ${header.line}: there is no preset '${preset}'`;
    const cluster = createCluster({
      seed: SEED,
      faults,
      adversaries,
      network: { latencyMs: 1, jitterMs: 0, detectMs: 20 },
      disk: { syncMs: 1, jitterMs: 0 },
      settings: {
        ...presets[preset].settings,
        checkpointInterval,
        window: 2 * checkpointInterval,
        heartbeatMs: 400,
      },
    });
    return {
      world: cluster.world,
      members: Array.from({ length: cluster.members }, (_, id) => id),
      nameOf: (id) => `r${id}`,
      label: (message) => label(message as Message),
      describe,
      execute: ({ verb, words }) => {
        const [member, name = '', amount] = [memberOf(words[0]), words[1], parseNumber(words[2])];
        if (verb !== 'add') return `nobody knows how to ${verb}`;
        if (member === null || amount === null) return 'add takes a member, a name and an amount';
        cluster.add(member, name, amount);
        return null;
      },
    };
  },
};
