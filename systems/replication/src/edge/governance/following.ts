/**
 * A host's part in governance, for daemons and the library alike: keys that a rotation brings into force, links to whoever
 * the present configuration names, and the verdicts on commands that were submitted here.
 */

import { createMacs } from '@concordat/crypto';
import {
  type Env,
  FIRST_ASSOCIATE,
  MAX_ASSOCIATES,
  MAX_MEMBERS,
  type NodeId,
  type Note,
} from '@concordat/kernel';
import {
  asError,
  createKeys,
  createPairSecrets,
  createSignatures,
  type PeerAddress,
} from '@concordat/runtime';
import type { Reconfigure, Verdict } from '../../governance/command.ts';
import { associateOf, type Configuration, delegateOf, memberIds } from '../../governance/configuration.ts';
import { configurationOf } from '../../governance/epochs.ts';
import { submitCommand } from '../../governance/submitting.ts';
import type { Message } from '../../replica/messages.ts';
import type { Governed } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { contactIn, hostAndPort } from './contact.ts';
import type { Keyring } from './keyring.ts';

/** What a replica must know to be governed. */
export const governedBy = (genesis: Configuration, self: NodeId, keyring: Keyring): Governed => ({
  genesis,
  verifyWith: createSignatures().verifyWith,
  keysOf: (publicKey) => {
    const found = keyring.find(publicKey);
    return found === null ? null : createKeys({ self, seed: found.seed, publicKeys: new Map() });
  },
  pairOf: (configuration) => {
    const own = delegateOf(configuration, self);
    const found = own === null ? null : keyring.find(own.key);
    if (found === null) return null;
    const publicKeys = new Map(configuration.members.map(({ id, key }) => [id, key]));
    return { macs: createMacs(), secrets: createPairSecrets({ seed: found.seed, publicKeys }) };
  },
});

/** Where a host has its links. */
export interface Linking {
  addMember(id: NodeId, address: PeerAddress): void;
  removeMember(id: NodeId): void;
}

/** Where a member is by its configuration; null if that does not say, or nothing that could be called. */
function addressIn(configuration: Configuration, id: NodeId): PeerAddress | null {
  const contact = contactIn(configuration, id);
  if (contact === null || contact.address === '') return null;
  const { host, port } = hostAndPort(contact.address);
  return Number.isInteger(port) && port > 0 && port < 65536 ? { host, port, pin: contact.pin } : null;
}

/**
 * Links to the members of the present configuration and of the one before it, whose members may lag, and have the state
 * that newcomers begin with; ends all other links. Until `later`, which the operator trusts, is reached, its members are
 * linked as well: who has been away may know nobody else any more.
 */
export function followMembers(
  linking: Linking,
  replica: ReplicaState,
  later: Configuration | null,
  addressOf: (id: NodeId) => PeerAddress | null,
  onProblem: (id: NodeId, why: string) => void,
): void {
  const present = configurationOf(replica);
  const before = replica.chain.at(-2)?.command.next ?? replica.governance.genesis;
  linkAll(linking, [before, present], later, addressOf, onProblem);
}

/** Links to the members of these configurations, of which the last is the present one, and to no others. */
export function linkAll(
  linking: Linking,
  near: readonly Configuration[],
  later: Configuration | null,
  addressOf: (id: NodeId) => PeerAddress | null,
  onProblem: (id: NodeId, why: string) => void,
): void {
  const isAhead = later !== null && later.epoch > (near.at(-1)?.epoch ?? 0);
  const wanted = new Map<NodeId, PeerAddress>();
  for (const configuration of isAhead ? [...near, later] : near)
    for (const id of memberIds(configuration)) {
      const address = addressIn(configuration, id) ?? addressOf(id);
      if (address !== null) wanted.set(id, address);
    }
  for (let id = 0; id < MAX_MEMBERS; id++) if (!wanted.has(id)) linking.removeMember(id);
  for (const [id, address] of wanted)
    try {
      linking.addMember(id, address);
    } catch (error) {
      // What administrators approved need not make sense: a pin that is none, or another's. The others are linked all the same.
      onProblem(id, asError(error).message);
    }
}

/** Lets those in who are associates now, and nobody who was one. They call: nobody knows where they are. */
export function followAssociates(
  linking: Linking,
  present: Configuration,
  onProblem: (id: NodeId, why: string) => void,
): void {
  for (let id = FIRST_ASSOCIATE; id < FIRST_ASSOCIATE + MAX_ASSOCIATES; id++)
    if (associateOf(present, id) === null) linking.removeMember(id);
  for (const { id } of present.associates)
    try {
      const pin = contactIn(present, id)?.pin ?? '';
      linking.addMember(id, { host: '', port: 0, pin });
    } catch (error) {
      onProblem(id, asError(error).message);
    }
}

/** `refused-here`: this is no member now, or too many commands wait; `left`: it left before the verdict came. */
export type CommandEnd = Verdict | 'refused-here' | 'left';

export interface Commands {
  /** To be told every note of the host. */
  onNote(note: Note): void;
  /** Puts a command into the log, within a turn; `ended` is called once, in this turn or a later one. */
  submit(s: ReplicaState, env: Env<Message>, command: Reconfigure, ended: (end: CommandEnd) => void): void;
  /** This member has left: no more verdicts come. */
  abandon(): void;
}

export function createCommands(): Commands {
  const waiting = new Map<number, (end: CommandEnd) => void>();
  return {
    onNote: (note) => {
      if (note.kind !== 'verdict' || typeof note['client'] !== 'number') return;
      const ended = waiting.get(note['client']);
      waiting.delete(note['client']);
      ended?.(verdictIn(note));
    },
    submit: (s, env, command, ended) => {
      const client = submitCommand(s, env, command);
      if (client === null) ended('refused-here');
      else waiting.set(client, ended);
    },
    abandon: () => {
      for (const ended of waiting.values()) ended('left');
      waiting.clear();
    },
  };
}

const verdictIn = ({ accepted, epoch, afterSlot, reason }: Note): Verdict =>
  accepted === true
    ? { accepted, epoch: Number(epoch), afterSlot: Number(afterSlot) }
    : { accepted: false, reason: String(reason ?? '') };
