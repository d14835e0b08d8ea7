/**
 * A filter node beside a replica, in one process with one journal: fewer machines, at the price that both fail together
 * (UpRight, SOSP 2009). Each runs unchanged behind an `Env` of its own; what one sends to the other's place is handed over
 * in the same turn, and what a replica sends early elsewhere waits here, because it may rest on a row whose request is not on
 * disk yet.
 * Invariant kept: a record is released when neither needs it.
 */

import { assert, type Env, type NodeId, type Position, type Process } from '@concordat/kernel';
import type { Quorums } from '../fault-model.ts';
import type { Message } from '../replica/messages.ts';
import type { FilterState } from './filter/state.ts';
import { filterId, filterOf, identityOf } from './request-quorum/filters.ts';

export interface Place {
  readonly quorums: Quorums;
  readonly members: readonly NodeId[];
  readonly self: NodeId;
}

const FOR_FILTERS: ReadonlySet<Message['type']> = new Set([
  'filter-request',
  'completed',
  'fetch-body',
  'adopt',
]);
const FROM_FILTERS: ReadonlySet<Message['type']> = new Set(['entry', 'body', 'body-denied']);

/** What a life of both has beside their states. */
interface Pairing {
  readonly filter: FilterState;
  /** Handed over at the end of the turn: to the filter node, or to the replica. */
  readonly local: Message[];
  /** What the replica does not need. */
  releasable: Position;
  released: Position;
}

/**
 * Both as one process, whose state is the replica's: hosts and gateways see a replica. It keeps the filter node's state
 * beside it, so one such process serves one node. Where a member has no filter node, there is only its replica.
 */
export function colocate<S>(
  replica: Process<S, Message>,
  filter: Process<FilterState, Message>,
  place: Place,
): Process<S, Message> {
  const { members, quorums, self } = place;
  const own = members.indexOf(self);
  assert(own >= 0 && own < quorums.filters, 'the member has a filter node');
  let pairing: Pairing | null = null;
  const paired = (): Pairing => {
    assert(pairing !== null, 'a process is started before it is used');
    return pairing;
  };

  const forReplica = memo((env) => {
    const send = (to: NodeId, message: Message): void => {
      const node = filterOf(quorums, to);
      const at = node === null ? to : identityOf(members, node);
      if (node !== null && at === self) paired().local.push(message);
      else env.send(at, message);
    };
    return bend(env, {
      send,
      sendEarly: send,
      release: (position) => {
        paired().releasable = position;
      },
    });
  });
  const forFilter = memo((env) =>
    bend(env, {
      send: (to, message) => (to === self ? void paired().local.push(message) : env.send(to, message)),
      release: () => {},
    }),
  );

  /** Hands over what the two have for each other; true if the replica got something. */
  const handOver = (s: S, env: Env<Message>): boolean => {
    const { local, filter: state } = paired();
    let hasNews = false;
    for (let m = local.shift(); m !== undefined; m = local.shift()) {
      if (FOR_FILTERS.has(m.type)) filter.receive(state, forFilter(env), self, m);
      else {
        hasNews = true;
        replica.receive(s, forReplica(env), filterId(own), m);
      }
    }
    return hasNews;
  };

  return {
    ...replica,
    start: (env, recovered) => {
      pairing = {
        filter: filter.start(forFilter(env), recovered),
        local: [],
        releasable: recovered.first,
        released: recovered.first,
      };
      return replica.start(forReplica(env), recovered);
    },
    receive: (s, env, from, m) => {
      if (FOR_FILTERS.has(m.type)) {
        filter.receive(paired().filter, forFilter(env), from, m);
        return;
      }
      const node = FROM_FILTERS.has(m.type) ? members.indexOf(from) : -1;
      replica.receive(s, forReplica(env), node < 0 ? from : filterId(node), m);
    },
    linked: (s, env, peer, isUp) => replica.linked?.(s, forReplica(env), peer, isUp),
    timeout: (s, env, timer) => {
      replica.timeout(s, forReplica(env), timer);
      filter.timeout(paired().filter, forFilter(env), timer);
    },
    completed: (s, env, ticket, holds) => replica.completed?.(s, forReplica(env), ticket, holds),
    settle: (s, env) => {
      handOver(s, env);
      replica.settle(s, forReplica(env));
      // What was submitted in this turn may be proposed in it.
      while (handOver(s, env)) replica.settle(s, forReplica(env));
      filter.settle(paired().filter, forFilter(env));
      release(paired(), env);
    },
    invariants: (s) => {
      replica.invariants?.(s);
      filter.invariants?.(paired().filter);
    },
  };
}

function release(pairing: Pairing, env: Env<Message>): void {
  const [oldest] = pairing.filter.log;
  const needed = Math.min(pairing.releasable, oldest?.position ?? Number.POSITIVE_INFINITY);
  if (needed <= pairing.released) return;
  pairing.released = needed;
  env.release(needed);
}

/** Hosts hand over one `Env` again and again. */
function memo(make: (env: Env<Message>) => Env<Message>): (env: Env<Message>) => Env<Message> {
  let known: Env<Message> | null = null;
  let made: Env<Message> | null = null;
  return (env) => {
    if (made === null || env !== known) made = make(env);
    known = env;
    return made;
  };
}

/** An `Env` with some of its functions replaced; time and dice stay the host's. */
const bend = (env: Env<Message>, bent: Partial<Omit<Env<Message>, 'now' | 'random'>>): Env<Message> => ({
  self: env.self,
  get now() {
    return env.now;
  },
  get random() {
    return env.random;
  },
  secret: (sizeBytes) => env.secret(sizeBytes),
  send: (to, message) => env.send(to, message),
  sendEarly: (to, message) => env.sendEarly(to, message),
  close: (to) => env.close(to),
  mute: (peer, spanMs) => env.mute(peer, spanMs),
  append: (record) => env.append(record),
  release: (position) => env.release(position),
  setTimer: (name, after) => env.setTimer(name, after),
  cancelTimer: (name) => env.cancelTimer(name),
  offload: (job, ticket) => env.offload(job, ticket),
  note: (note) => env.note(note),
  ...bent,
});
