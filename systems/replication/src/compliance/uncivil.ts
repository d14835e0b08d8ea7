/**
 * Uncivil executions (Aardvark, NSDI 2009, section 2): the attacks of its evaluation on throughput rather than on safety, as
 * strategies of members and as strangers at the client ports.
 */

import { createModelKeys, type Keys, modelHash } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId, type Process } from '@concordat/kernel';
import { strategyOf, twistEnv, type World } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, signRequest } from '../request.ts';
import type { ReplicaStrategy } from './cluster.ts';
import { addOperation } from './ledger.ts';

const CLUSTER = modelHash(utf8('compliance'));

/** Leads, with nothing to do, at a pace of its own. */
export const sluggish =
  (heartbeatMs: number): ReplicaStrategy =>
  (honest) => ({
    ...honest,
    start: (env, recovered) => {
      const s = honest.start(env, recovered);
      Object.assign(s.config, { heartbeatMs });
      return s;
    },
  });

/** Takes the requests of one domain to its notice only after a while: as unfair as the timeouts allow. */
export const holding =
  (domain: number, forMs: number): ReplicaStrategy =>
  (honest) => {
    const held: { readonly dueAt: number; readonly from: NodeId; readonly message: Message }[] = [];
    return {
      ...honest,
      receive: (s, env, from, message) => {
        if (message.type === 'request' && message.request.domain === domain)
          held.push({ dueAt: env.now + forMs, from, message });
        else honest.receive(s, env, from, message);
      },
      timeout: (s, env, timer) => {
        const due = held.findIndex(({ dueAt }) => dueAt > env.now);
        for (const { from, message } of held.splice(0, due < 0 ? held.length : due))
          honest.receive(s, env, from, message);
        honest.timeout(s, env, timer);
      },
    };
  };

const DAWDLING = 'adversary: dawdling';

/** Now and then keeps its votes back for a while, and votes at once in between: never late often enough in a row to be told. */
export const dawdling = (everySlots: number, forMs: number): ReplicaStrategy =>
  strategyOf((env) => {
    const held: { readonly to: NodeId; readonly message: Message }[] = [];
    let last = 0;
    const post = (to: NodeId, message: Message): void => {
      if (message.type !== 'prepare') return env.send(to, message);
      if (held.length === 0 && message.slot - last >= everySlots) env.setTimer(DAWDLING, forMs);
      else if (held.length === 0) return env.send(to, message);
      last = message.slot;
      held.push({ to, message });
    };
    return {
      env: twistEnv(env, { send: post }),
      timeout: (timer) => {
        if (timer === DAWDLING) for (const { to, message } of held.splice(0)) env.send(to, message);
        return timer === DAWDLING;
      },
    };
  });

const STORM = 'adversary: storm';

/** Asks everyone for everything, all the time. */
export const fetchStorm = (members: number, perTick: number, everyMs: number): ReplicaStrategy =>
  strategyOf((env) => {
    env.setTimer(STORM, everyMs);
    const storm = (): void => {
      env.setTimer(STORM, everyMs);
      for (let i = 0; i < perTick; i++)
        for (let to = 0; to < members; to++) if (to !== env.self) ask(env, to);
    };
    return {
      env,
      timeout: (timer) => {
        if (timer === STORM) storm();
        return timer === STORM;
      },
    };
  });

function ask(env: Env<Message>, to: NodeId): void {
  const slot = 1 + env.random.below(200);
  const digest = new Uint8Array(32);
  env.sendEarly(to, { type: 'fetch-batch', slot, digest });
  env.sendEarly(to, { type: 'fetch-manifest', slot });
  env.sendEarly(to, { type: 'fetch-part', slot, part: 0 });
  const behind = { view: 0, changingTo: 0, stable: 0, accepted: 0, prepared: 0, committed: 0, wishes: false };
  env.sendEarly(to, { type: 'status', ...behind });
}

/** What a stranger at the client ports sends to a member, and how often. */
export interface Stranger {
  readonly everyMs: number;
  send(env: Env<Message>, keys: Keys, round: number): readonly (readonly [to: NodeId, request: Request])[];
}

const MEMBERS = [0, 1, 2, 3];
const CLIENT = 5_000_000;

const signed = (keys: Keys, domain: number, client: number, seq: number): Request =>
  signRequest(keys, CLUSTER, { domain, client, seq, acked: 0, body: addOperation('outside', 1) }).request;

const forged = (request: Request): Request => ({
  ...request,
  signature: request.signature.map((byte) => byte ^ 0xff),
});

const toAll = (request: Request) => MEMBERS.map((to) => [to, request] as const);

/** By name; each speaks for domain 0. */
export const strangers = {
  /** In the name of a domain whose key it has not, and of clients that exist. */
  'false signatures': {
    everyMs: 2,
    send: (_env, keys, round) =>
      Array.from({ length: 4 }, (_, i) => toAll(forged(signed(keys, 0, CLIENT + i, 1 + round)))).flat(),
  },
  /** The same genuine request, again and again. */
  replay: {
    everyMs: 2,
    send: (_env, keys) => Array.from({ length: 4 }, () => toAll(signed(keys, 0, CLIENT, 1))).flat(),
  },
  /** Genuine, and for the primary's eyes only; the others get a false copy. */
  'genuine for the primary only': {
    everyMs: 20,
    send: (_env, keys, round) => {
      const request = signed(keys, 0, CLIENT + round, 1);
      return MEMBERS.map((to) => [to, to === 0 ? request : forged(request)] as const);
    },
  },
  /** Genuine, and kept from the primary. */
  'kept from the primary': {
    everyMs: 20,
    send: (_env, keys, round) => toAll(signed(keys, 0, CLIENT + round, 1)).filter(([to]) => to !== 0),
  },
  /** Genuine, but the request before each never comes. */
  gaps: {
    everyMs: 20,
    send: (_env, keys, round) => toAll(signed(keys, 0, CLIENT + round, 2)),
  },
} as const satisfies Record<string, Stranger>;

/** Lets a stranger in; it has the key of domain 0. */
export function letIn(world: World, { everyMs, send }: Stranger, seed: number, at = 0): void {
  const keys = createModelKeys(MEMBERS.length, seed)(0);
  let round = 0;
  const process: Process<null, Message> = {
    start: (env) => {
      env.setTimer('stranger', everyMs);
      return null;
    },
    receive: () => {},
    timeout: (_state, env) => {
      env.setTimer('stranger', everyMs);
      for (const [to, request] of send(env, keys, round++)) env.send(to, { type: 'request', request });
    },
    settle: () => {},
  };
  const codec = { encode: encodeMessage, decode: decodeMessage };
  world.add({ id: FIRST_CONNECTION + at, process, link: 'connection', codec });
}
