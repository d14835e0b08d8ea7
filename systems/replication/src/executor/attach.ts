/**
 * Which connection is which client. A domain signs for it, once per connection and executor, so that replies go where they
 * belong and only those who may ask are answered. What arrives while the signature is being checked waits.
 */

import { statementBytes } from '@concordat/accountability';
import type { Keys } from '@concordat/crypto';
import {
  type Digest,
  type Env,
  FIRST_CONNECTION,
  type NodeId,
  type SignatureCheck,
  type Submitter,
} from '@concordat/kernel';
import { createWriter } from '@concordat/wire';
import type { Message } from '../replica/messages.ts';
import { clientKey } from '../request.ts';
import type { Repeats } from '../robust/repeats.ts';
import type { Attach } from './messages.ts';

interface Pending {
  readonly connection: NodeId;
  readonly client: Submitter;
  readonly waiting: Message[];
}

export interface Attached {
  /** The connection of each client. */
  readonly byClient: Map<string, NodeId>;
  readonly byConnection: Map<NodeId, string>;
  /** What each connection has asked for again. */
  readonly repeats: Map<NodeId, Repeats>;
  /** Signatures that are being checked, by ticket. */
  readonly pending: Map<number, Pending>;
}

export const createAttached = (): Attached => ({
  byClient: new Map(),
  byConnection: new Map(),
  repeats: new Map(),
  pending: new Map(),
});

/** Messages of one connection that wait for its check. */
const MAX_WAITING = 128;
/** Checks under way; those beyond are asked for again by their clients. */
const MAX_PENDING = 4096;

const writer = createWriter(32);

function attachBytes(cluster: Digest, m: Omit<Attach, 'type' | 'signature'>): Uint8Array {
  writer.u16(m.domain);
  writer.u53(m.client);
  writer.u16(m.executor);
  return statementBytes(cluster, 'attach', writer.finish());
}

export function signAttach(keys: Keys, cluster: Digest, id: Submitter, executor: NodeId): Attach {
  const content = { domain: id.domain, client: id.client, executor };
  return { type: 'attach', ...content, signature: keys.sign(attachBytes(cluster, content)) };
}

const attachCheck = (cluster: Digest, m: Attach): SignatureCheck => ({
  signer: m.domain,
  bytes: attachBytes(cluster, m),
  signature: m.signature,
});

export const isAttached = ({ byConnection }: Attached, connection: NodeId): boolean =>
  byConnection.has(connection);

export const isClientOf = ({ byConnection }: Attached, connection: NodeId, id: Submitter): boolean =>
  byConnection.get(connection) === clientKey(id);

/** Has the signature checked; `ticket` names the check. False if there is nothing to check. */
export function beginAttach(
  attached: Attached,
  env: Env<Message>,
  cluster: Digest,
  connection: NodeId,
  m: Attach,
  ticket: number,
): boolean {
  const isBusy = [...attached.pending.values()].some((pending) => pending.connection === connection);
  if (m.executor !== env.self || isBusy || attached.pending.size >= MAX_PENDING) return false;
  if (isClientOf(attached, connection, m)) return false;
  const client = { domain: m.domain, client: m.client };
  attached.pending.set(ticket, { connection, client, waiting: [] });
  env.offload({ kind: 'verify', checks: [attachCheck(cluster, m)] }, ticket);
  return true;
}

/** Keeps a message until its connection is attached; false if that is not under way. */
export function waitForAttach({ pending }: Attached, connection: NodeId, m: Message): boolean {
  for (const item of pending.values()) {
    if (item.connection !== connection) continue;
    if (item.waiting.length < MAX_WAITING) item.waiting.push(m);
    return true;
  }
  return false;
}

/** The check behind this ticket is over: who is attached now, if anyone, and what it has sent meanwhile; null for other tickets. */
export function endAttach(
  attached: Attached,
  env: Env<Message>,
  ticket: number,
  holds: boolean,
): Pending | 'none' | null {
  const pending = attached.pending.get(ticket);
  if (pending === undefined) return null;
  attached.pending.delete(ticket);
  if (!holds) {
    env.note({ kind: 'strike', peer: pending.connection, why: 'false signature of a client' });
    if (pending.connection >= FIRST_CONNECTION) env.close(pending.connection);
    return 'none';
  }
  detach(attached, pending.connection);
  const key = clientKey(pending.client);
  attached.byClient.set(key, pending.connection);
  attached.byConnection.set(pending.connection, key);
  attached.repeats.set(pending.connection, new Map());
  return pending;
}

/** The connection is gone, or becomes another client's. */
export function detach(attached: Attached, connection: NodeId): void {
  const key = attached.byConnection.get(connection);
  if (key !== undefined && attached.byClient.get(key) === connection) attached.byClient.delete(key);
  attached.byConnection.delete(connection);
  attached.repeats.delete(connection);
  for (const [ticket, pending] of attached.pending)
    if (pending.connection === connection) attached.pending.delete(ticket);
}
