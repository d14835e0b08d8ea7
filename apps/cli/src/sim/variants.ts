/**
 * Broken keepers: the real domain with one rule taken away. The swarm must catch each of them; README.md says by which
 * detector, and variants.test.ts tries them all.
 */

import { decodeBody, type SessionId } from '@concordat/keeper';
import { type Env, isBatch } from '@concordat/kernel';
import { strategyOf, twistEnv } from '@concordat/sim';
import type { DomainMessage, DomainState } from '../domain/domain.ts';
import { type DomainProcess, withExposed } from './exposure.ts';

export interface Variant {
  /** What is wrong with it, as a sentence. */
  readonly broken: string;
  spoil(domain: DomainProcess): DomainProcess;
}

type Before = (state: DomainState, env: Env<DomainMessage>) => void;

/** The domain with something done to its state before each of its events. */
const meddled = (domain: DomainProcess, before: Before): DomainProcess => ({
  ...domain,
  receive: (state, env, from, message) => {
    before(state, env);
    domain.receive(state, env, from, message);
  },
  timeout: (state, env, timer) => {
    before(state, env);
    domain.timeout(state, env, timer);
  },
  settle: (state, env) => {
    before(state, env);
    domain.settle(state, env);
  },
});

/** Exposure must wait for an agreement quorum of commits (DESIGN section 9, rule 1). */
const exposesEarly: Variant = {
  broken: 'exposes, and answers reads from, what it has merely accepted',
  spoil: (domain) =>
    meddled(domain, ({ replica }, env) => {
      if (replica.accepted <= replica.committed) return;
      replica.committed = replica.accepted;
      replica.progressAt = env.now;
    }),
};

/** Sessions have one owner, and what another orders is refused, however late (rule 4). */
const noFencing: Variant = {
  broken: 'executes what a former owner of a session ordered',
  spoil: (domain) => ({
    ...domain,
    start: (env, recovered) => {
      const state = domain.start(env, recovered);
      unfence(state);
      return state;
    },
  }),
};

function unfence({ clients }: DomainState): void {
  const { service } = clients.config;
  const { table } = service.keeper.sessions;
  const execute = service.execute.bind(service);
  Object.assign(service, {
    execute: ((op, context) => {
      const body = decodeBody(op);
      const lent = new Map<SessionId, ReturnType<typeof table.get>>();
      const owner = { domain: context.domain, gateway: body?.gateway ?? 0, epoch: body?.epoch ?? 0 };
      for (const order of body?.orders ?? []) {
        if (order.kind === 'move') lent.delete(order.session);
        const session = order.kind === 'request' ? table.get(order.session) : undefined;
        if (order.kind !== 'request' || session === undefined || lent.has(order.session)) continue;
        lent.set(order.session, session);
        table.set(order.session, { ...session, owner });
      }
      const reply = execute(op, context);
      for (const [id, session] of lent)
        if (session !== undefined && table.get(id) !== undefined) table.set(id, session);
      return reply;
    }) satisfies typeof service.execute,
  });
}

/** A gateway that is cut off must fall silent before its sessions expire elsewhere (rule 5). */
const noLeases: Variant = {
  broken: 'answers its clients however old its state is',
  spoil: (domain) =>
    meddled(domain, ({ clients }, env) => {
      clients.exposedTime = env.now;
    }),
};

/** When the state jumps, one-shot watches fire by comparison. */
const forgetsWatches: Variant = {
  broken: 'tells nobody of changes that a state transfer brought',
  spoil: (domain) =>
    withExposed(domain, (inner) => (gateway, env, item) => {
      if (!isBatch(item)) gateway.exposedZxid = gateway.config.service.keeper.meta.get().zxid;
      inner(gateway, env, item);
    }),
};

const ZXID_AT = 4;
const HEADER_BYTES = 16;

/** The answer with the view in the upper half of its zxid, where Zab has its epoch. */
function withView(bytes: Uint8Array, view: number): Uint8Array {
  if (bytes.length < HEADER_BYTES) return bytes;
  const copy = bytes.slice();
  const header = new DataView(copy.buffer);
  if (header.getInt32(0) > 0) header.setInt32(ZXID_AT, view);
  return copy;
}

/** A zxid is a function of the ordered prefix, never of the view (rule 8). */
const zxidFromView: Variant = {
  broken: 'takes the upper half of zxids from its view',
  spoil: (domain) => {
    let view = (): number => 0;
    const strategy = strategyOf<DomainState, DomainMessage>((env) => ({
      env: twistEnv(env, {
        send: (to, message) =>
          env.send(
            to,
            message.type === 'client-frame'
              ? { ...message, bytes: withView(message.bytes, view()) }
              : message,
          ),
      }),
    }));
    return strategy({
      ...domain,
      start: (env, recovered) => {
        view = () => 0;
        const state = domain.start(env, recovered);
        view = () => state.replica.view;
        return state;
      },
    });
  },
};

export const VARIANTS: Readonly<Record<string, Variant>> = {
  'exposes-early': exposesEarly,
  'no-fencing': noFencing,
  'no-leases': noLeases,
  'forgets-watches': forgetsWatches,
  'zxid-from-view': zxidFromView,
};
