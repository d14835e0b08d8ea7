/**
 * Clients follow the federation, too: whose replies count, and how many of them, is what the chain of configurations says
 * (governance/README.md). A client that waits asks, and believes what is approved and certified, whoever sends it.
 */

import type { Signatures } from '@concordat/crypto';
import type { Env, NodeId } from '@concordat/kernel';
import {
  type Configuration,
  configurationQuorums,
  delegateOf,
  memberIds,
} from '../governance/configuration.ts';
import { followChain, type Link } from '../governance/link.ts';
import type { Message } from '../replica/messages.ts';
import { broadcast, type ClientOptions, type ClientState } from './client.ts';
import { giveUpReads } from './reads.ts';
import { forgetResponses } from './speculative-paths.ts';

/** What a client must know to follow. */
export interface Followed {
  /** A configuration that it trusts: the first, or a later one. */
  readonly trusted: Configuration;
  readonly verifyWith: Signatures['verifyWith'];
}

/** The epoch whose members and quorums the client counts by. */
export const epochAt = ({ configuration }: Pick<ClientState, 'configuration'>): number =>
  configuration?.epoch ?? 0;

/** True if a member signed this, by its key in the configuration that the client knows. */
export function isSignedBy(
  { options, configuration }: ClientState,
  signer: NodeId,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { followed, keys } = options;
  if (configuration === null || followed === undefined) return keys.verify(signer, bytes, signature);
  const key = delegateOf(configuration, signer)?.key;
  return key !== undefined && followed.verifyWith(key, bytes, signature);
}

/** Asks for later configurations, while a call takes long. */
export function askForChain(s: ClientState, env: Env<Message>): void {
  if (s.configuration !== null) broadcast(s, env, { type: 'fetch-chain', epoch: s.configuration.epoch });
}

/** What a client of any kind knows of the members, and how it came to. */
export interface Following extends Pick<ClientState, 'configuration' | 'members' | 'quorums'> {
  readonly options: Pick<ClientOptions, 'cluster' | 'keys' | 'followed'>;
}

/** Goes by the last configuration that a chain proves; false if that is none that is new. */
export function adoptChain(s: Following, links: readonly Link[]): boolean {
  const { followed, cluster, keys } = s.options;
  if (followed === undefined || s.configuration === null) return false;
  const known = new Map([[s.configuration.epoch, s.configuration]]);
  for (const { command } of links) known.set(command.next.epoch, command.next);
  const court = {
    cluster,
    hash: keys.hash,
    verifyWith: followed.verifyWith,
    configurationOf: (epoch: number) => known.get(epoch) ?? null,
  };
  const end = followChain(court, s.configuration, links);
  if ('reason' in end || end.epoch === s.configuration.epoch) return false;
  s.configuration = end;
  s.members = memberIds(end);
  s.quorums = configurationQuorums(end);
  return true;
}

/** Takes what a chain proves; replies to calls that are under way are counted anew. */
export function onChain(s: ClientState, env: Env<Message>, links: readonly Link[]): void {
  if (!adoptChain(s, links)) return;
  for (const pending of s.calls.values()) {
    pending.replies.clear();
    forgetResponses(pending.speculative);
  }
  giveUpReads(s);
  env.note({ kind: 'epoch', epoch: epochAt(s), members: s.members.join(' ') });
}
