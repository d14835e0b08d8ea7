/**
 * Replication's own part of the ordered state: which requests of which clients are executed, their latest replies,
 * the ordered time, the members' incarnations, and the configuration with its predecessors. It is digested, snapshotted and transferred like the service's.
 * It is what makes execution at most once, in each client's order and without gaps.
 */

import type { Hash } from '@concordat/crypto';
import type { Millis, Submitter } from '@concordat/kernel';
import { createState, numberKey, type State, type StateCell, type StateMap, textKey } from '@concordat/state';
import { createReader, createWriter } from '@concordat/wire';
import { associateOf } from '../governance/configuration.ts';
import {
  declareGovernance,
  type Governance,
  type GovernanceState,
  presentRecord,
} from '../governance/ordered.ts';
import { clientKey, MAX_REPLIES_PER_CLIENT, MAX_REPLY_BYTES_PER_CLIENT } from '../request.ts';

/** Clients remembered per domain. The one created first is forgotten, and refused from then on. */
export const MAX_CLIENTS_PER_DOMAIN = 16_384;

/** An associate has one client for each of its lives: what it may have everybody remember is bounded by that. */
export const MAX_CLIENTS_PER_ASSOCIATE = 16;

const maxClientsOf = ({ governance }: CoreState, domain: number): number =>
  associateOf(presentRecord(governance).command.next, domain) === null
    ? MAX_CLIENTS_PER_DOMAIN
    : MAX_CLIENTS_PER_ASSOCIATE;

export interface ClientRecord extends Submitter {
  /** The last request executed. */
  readonly seq: number;
  /** Replies from here to `seq` are kept. */
  readonly kept: number;
  /** What these replies take: ordered state like the replies, so that every replica drops the same ones. */
  readonly keptBytes: number;
}

export interface IncarnationRecord {
  readonly number: number;
  /** The slot whose command began it. */
  readonly since: number;
}

interface DomainRecord {
  readonly clients: number;
  /** Clients up to here that are not remembered were forgotten: their requests are refused. */
  readonly forgotten: number;
}

export interface CoreState {
  readonly state: State;
  readonly clients: StateMap<string, ClientRecord>;
  /** Replies by `domain/client/seq`. */
  readonly replies: StateMap<string, Uint8Array>;
  readonly domains: StateMap<number, DomainRecord>;
  readonly incarnations: StateMap<number, IncarnationRecord>;
  readonly time: StateCell<Millis>;
  readonly governance: GovernanceState;
}

const writer = createWriter(64);

const numbers = <T>(to: (value: T) => readonly number[], from: (fields: number[]) => T, count: number) => ({
  encode: (value: T): Uint8Array => {
    for (const field of to(value)) writer.u53(field);
    return writer.finish();
  },
  decode: (bytes: Uint8Array): T | null => {
    const reader = createReader(bytes);
    const fields = Array.from({ length: count }, () => reader.u53());
    return reader.finish(fields) === null ? null : from(fields);
  },
});

export function createCoreState(hash: Hash, governance: Governance): CoreState {
  const state = createState({ hash, version: 1 });
  return {
    state,
    clients: state.map<string, ClientRecord>('clients', {
      ...textKey,
      ...numbers(
        ({ domain, client, seq, kept, keptBytes }) => [domain, client, seq, kept, keptBytes],
        ([domain = 0, client = 0, seq = 0, kept = 0, keptBytes = 0]) => ({
          domain,
          client,
          seq,
          kept,
          keptBytes,
        }),
        5,
      ),
    }),
    replies: state.map<string, Uint8Array>('replies', {
      ...textKey,
      encode: (reply) => reply,
      decode: (bytes) => bytes,
    }),
    domains: state.map<number, DomainRecord>('domains', {
      ...numberKey,
      ...numbers(
        (record) => [record.clients, record.forgotten],
        ([clients = 0, forgotten = 0]) => ({ clients, forgotten }),
        2,
      ),
    }),
    incarnations: state.map<number, IncarnationRecord>('incarnations', {
      ...numberKey,
      ...numbers(
        (record) => [record.number, record.since],
        ([number = 0, since = 0]) => ({ number, since }),
        2,
      ),
    }),
    time: state.cell<Millis>(
      'time',
      numbers(
        (time) => [time],
        ([time = 0]) => time,
        1,
      ),
      0,
    ),
    governance: declareGovernance(state, governance),
  };
}

/** The last executed request of a client, 0 if it is unknown. */
export const executedOf = (core: CoreState, id: Submitter): number =>
  core.clients.get(clientKey(id))?.seq ?? 0;

export const replyKey = (id: Submitter, seq: number): string => `${clientKey(id)}/${seq}`;

/** True if the request is its client's next, so that it must be executed; remembers a new client. */
export function isNextOf(core: CoreState, id: Submitter, seq: number): boolean {
  const known = core.clients.get(clientKey(id));
  if (known !== undefined) return seq === known.seq + 1;
  const domain = core.domains.get(id.domain) ?? { clients: 0, forgotten: 0 };
  if (seq !== 1 || id.client <= domain.forgotten) return false;
  const forgotten = domain.clients >= maxClientsOf(core, id.domain) ? forgetOldest(core, id.domain) : null;
  core.domains.set(id.domain, {
    clients: domain.clients + (forgotten === null ? 1 : 0),
    forgotten: forgotten ?? domain.forgotten,
  });
  core.clients.set(clientKey(id), { domain: id.domain, client: id.client, seq: 0, kept: 1, keptBytes: 0 });
  return true;
}

/** True if the request will never be executed from here on: it was, or its client is forgotten. */
export const isSpent = (core: CoreState, mark: Submitter & { readonly seq: number }): boolean =>
  mark.seq <= executedOf(core, mark) || isForgotten(core, mark);

/** True if its client is so old that none of its requests will ever be executed: nobody need keep them. */
export const isForgotten = (core: CoreState, id: Submitter): boolean =>
  id.client <= (core.domains.get(id.domain)?.forgotten ?? 0) && core.clients.get(clientKey(id)) === undefined;

/**
 * Records an executed request and its reply, and drops the replies that the client says it has, and those for which there is
 * no room. Where replies are not kept, what the client has is not known either: those who only order need not know more
 * of a request than its reference.
 */
export function recordReply(
  core: CoreState,
  id: Submitter,
  seq: number,
  acked: number,
  reply: Uint8Array | null,
): void {
  const { domain, client } = id;
  if (reply === null) {
    core.clients.set(clientKey(id), { domain, client, seq, kept: seq + 1, keptBytes: 0 });
    return;
  }
  let { kept, keptBytes } = core.clients.get(clientKey(id)) ?? { kept: 1, keptBytes: 0 };
  keptBytes += reply.length;
  const dropped = Math.max(acked, seq - MAX_REPLIES_PER_CLIENT);
  // PERF: each reply is dropped once, so one look-up and one deletion a request, on average, however many are kept.
  for (; kept < seq && (kept <= dropped || keptBytes > MAX_REPLY_BYTES_PER_CLIENT); kept++) {
    const key = replyKey(id, kept);
    keptBytes -= core.replies.get(key)?.length ?? 0;
    core.replies.delete(key);
  }
  core.replies.set(replyKey(id, seq), reply);
  core.clients.set(clientKey(id), { domain, client, seq, kept, keptBytes });
}

/** Forgets the domain's client with the smallest number, and returns that number. */
function forgetOldest(core: CoreState, domain: number): number {
  let oldest: ClientRecord | null = null;
  for (const [, record] of core.clients.entries()) {
    if (record.domain === domain && (oldest === null || record.client < oldest.client)) oldest = record;
  }
  if (oldest === null) return 0;
  for (let seq = oldest.kept; seq <= oldest.seq; seq++) core.replies.delete(replyKey(oldest, seq));
  core.clients.delete(clientKey(oldest));
  return oldest.client;
}
