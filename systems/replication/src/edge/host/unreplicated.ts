/**
 * One server that executes a service alone: the client port, framing, service and journal of a member, and nothing of
 * replication. What replication costs is measured against it. It promises nothing: it believes what connections say,
 * checks no signatures, and keeps records only to pay for them.
 */

import type { AddressInfo } from 'node:net';
import { createPrng, type Env, type NodeId, type Process, type Service } from '@concordat/kernel';
import { createHost, createKeys, createLogger, type Identity, type Journal } from '@concordat/runtime';
import { createWriter } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { clientKey, type Request, writeRequest } from '../../request.ts';
import type { TypedService } from '../service/definition.ts';
import { clientListeners, memberCodec } from './member.ts';
import { checkMembership, type Membership, publicKeysOf } from './membership.ts';

export interface Unreplicated {
  readonly addresses: ReadonlyMap<string, AddressInfo>;
  /** Resolves with the error when a bug or the disk stops it, or with null after `close`. */
  readonly halted: Promise<Error | null>;
  close(): Promise<void>;
}

export interface UnreplicatedOptions {
  /** u = r = 0: the server is its only member. */
  readonly membership: Membership;
  readonly identity: Identity;
  /** Opened for this server, which closes it. */
  readonly journal: Journal;
}

/** Binds the client port and serves. Rejects with `bad-configuration` or `port-failed`. */
export async function startUnreplicated<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  { membership, identity, journal }: UnreplicatedOptions,
): Promise<Unreplicated> {
  checkMembership(membership);
  const [card] = membership.members;
  const keys = createKeys({ self: 0, seed: identity.seed, publicKeys: publicKeysOf(membership) });
  const host = await createHost({
    self: 0,
    process: createServer(service.create({ hash: keys.hash })),
    codec: memberCodec,
    keys,
    journal,
    listeners: card === undefined ? [] : clientListeners(membership, card, identity),
    logger: createLogger({ level: 'warn' }),
  });
  const { addresses, halted, close } = host;
  return { addresses, halted, close };
}

interface ServerState {
  readonly service: Service;
  /** The last request executed, by client. */
  readonly executed: Map<string, number>;
  readonly arrived: { readonly from: NodeId; readonly request: Request }[];
  slot: number;
}

/** Records kept, about as many as a replica keeps between checkpoints. */
const KEPT_RECORDS = 256;
const writer = createWriter(4096);

const createServer = (service: Service): Process<ServerState, Message> => ({
  start: () => ({ service, executed: new Map(), arrived: [], slot: 0 }),
  receive: (s, _env, from, m) => {
    if (m.type === 'request') s.arrived.push({ from, request: m.request });
  },
  timeout: () => {},
  settle: (s, env) => {
    for (const { from, request } of s.arrived.splice(0)) serve(s, env, from, request);
  },
});

function serve(s: ServerState, env: Env<Message>, from: NodeId, request: Request): void {
  const { domain, client, seq, body } = request;
  const key = clientKey(request);
  if (seq !== (s.executed.get(key) ?? 0) + 1) return;
  s.executed.set(key, seq);
  writeRequest(writer, request);
  const position = env.append(writer.view());
  if (position > KEPT_RECORDS) env.release(position - KEPT_RECORDS);
  const slot = ++s.slot;
  const emit = (): void => {};
  s.service.advance(env.now, emit);
  const random = createPrng(slot);
  const reply = s.service.execute(body, { domain, client, seq, time: env.now, random, emit });
  env.send(from, { type: 'reply', domain, client, seq, slot, reply });
}
