/**
 * A filter node beside a replica, in one process with one journal: fewer machines, at the price that both fail together
 * (UpRight, SOSP 2009). Each runs unchanged behind an `Env` of its own; what one sends to the other's place is handed over
 * in the same turn, and what a replica sends early elsewhere waits here, because it may rest on a row whose request is not on
 * disk yet.
 * Invariant kept: a record is released when neither needs it.
 */

import {
  assert,
  type Env,
  type NodeId,
  type Position,
  type Process,
  startInSteps,
  stepsOf,
} from '@concordat/kernel';
import type { Quorums } from '../fault-model.ts';
import type { Message } from '../replica/messages.ts';
import { FILTER_TICK } from './filter/filter.ts';
import type { FilterState } from './filter/state.ts';
import { filterId, filterOf, identityOf } from './request-quorum/filters.ts';

export interface Place {
  readonly quorums: Quorums;
  readonly members: readonly NodeId[];
  readonly self: NodeId;
}

/** Where the filter node is, while the federation may change. */
export interface Hosting<S> {
  /** Changes with the place; null where the member has no filter node now. */
  epochOf(s: S): number | null;
  placeOf(s: S): Place;
  /** A filter node in its present place. */
  start(s: S): Process<FilterState, Message>;
  /** Brings one into the place of another epoch. */
  move(filter: FilterState, s: S): void;
}

const FOR_FILTERS: ReadonlySet<Message['type']> = new Set([
  'filter-request',
  'completed',
  'fetch-body',
  'adopt',
]);
const FROM_FILTERS: ReadonlySet<Message['type']> = new Set(['entry', 'body', 'body-denied']);

/** A filter node that runs. */
interface Running {
  readonly process: Process<FilterState, Message>;
  readonly state: FilterState;
}

/** What a life of both has beside their states. */
interface Pairing {
  filter: Running | null;
  /** As of the epoch that the filter node is in. */
  epoch: number | null;
  /** Handed over at the end of the turn: to the filter node, or to the replica. */
  readonly local: Message[];
  /** What the replica does not need. */
  releasable: Position;
  released: Position;
}

/** Both as one process, in one place for ever. */
export function colocate<S>(
  replica: Process<S, Message>,
  filter: Process<FilterState, Message>,
  place: Place,
): Process<S, Message> {
  const own = place.members.indexOf(place.self);
  assert(own >= 0 && own < place.quorums.filters, 'the member has a filter node');
  return colocateWhere(replica, {
    epochOf: () => 0,
    placeOf: () => place,
    start: () => filter,
    move: () => {},
  });
}

/**
 * Both as one process, whose state is the replica's: hosts and gateways see a replica. It keeps the filter node's state
 * beside it, so one such process serves one node. Where a member has no filter node, there is only its replica.
 */
export function colocateWhere<S>(replica: Process<S, Message>, hosting: Hosting<S>): Process<S, Message> {
  let pairing: Pairing | null = null;
  let replicaState: S | null = null;
  const paired = (): Pairing => {
    assert(pairing !== null, 'a process is started before it is used');
    return pairing;
  };
  /** Of the replica's epoch, which it may have entered within this turn; null where it has no filter node. */
  const place = (): Place | null =>
    replicaState === null || hosting.epochOf(replicaState) === null ? null : hosting.placeOf(replicaState);

  const forReplica = memo((env) => {
    const send = (to: NodeId, message: Message): void => {
      const here = place();
      const node = here === null ? null : filterOf(here.quorums, to);
      const at = here === null || node === null ? to : identityOf(here.members, node);
      if (here !== null && node !== null && at === here.self) paired().local.push(message);
      else env.send(at, message);
    };
    return bend(env, {
      send,
      // Without a filter node nothing rests on its disk.
      sendEarly: (to, message) => (place() === null ? env.sendEarly(to, message) : send(to, message)),
      release: (position) => {
        paired().releasable = position;
      },
    });
  });
  const forFilter = memo((env) =>
    bend(env, {
      send: (to, message) => (to === env.self ? void paired().local.push(message) : env.send(to, message)),
      release: () => {},
    }),
  );

  /** Brings the filter node to where the replica is. */
  const follow = (s: S, env: Env<Message>): void => {
    const pair = paired();
    const epoch = hosting.epochOf(s);
    if (epoch === pair.epoch) return;
    pair.epoch = epoch;
    if (epoch === null) {
      pair.filter = null;
      forFilter(env).cancelTimer(FILTER_TICK);
    } else if (pair.filter !== null) hosting.move(pair.filter.state, s);
    else {
      const process = hosting.start(s);
      const nothing = { records: [], first: 0, whole: true, losses: 0 };
      pair.filter = { process, state: process.start(forFilter(env), nothing) };
    }
  };

  /** Hands over what the two have for each other; true if the replica got something. */
  const handOver = (s: S, env: Env<Message>): boolean => {
    follow(s, env);
    const { local, filter } = paired();
    const here = place();
    let hasNews = false;
    for (let m = local.shift(); m !== undefined; m = local.shift()) {
      // What one wrote before the federation changed may have nobody to go to.
      if (here === null || filter === null) continue;
      if (FOR_FILTERS.has(m.type)) filter.process.receive(filter.state, forFilter(env), here.self, m);
      else {
        hasNews = true;
        replica.receive(s, forReplica(env), filterId(here.members.indexOf(here.self)), m);
      }
    }
    return hasNews;
  };

  return {
    ...replica,
    start: startInSteps(function* (env, recovered) {
      replicaState = null;
      const pair: Pairing = {
        filter: null,
        epoch: null,
        local: [],
        releasable: recovered.first,
        released: recovered.first,
      };
      pairing = pair;
      const s = yield* stepsOf(replica, forReplica(env), recovered);
      replicaState = s;
      pair.epoch = hosting.epochOf(s);
      if (pair.epoch === null) return s;
      const process = hosting.start(s);
      pair.filter = { process, state: process.start(forFilter(env), recovered) };
      return s;
    }),
    receive: (s, env, from, m) => {
      if (FOR_FILTERS.has(m.type)) {
        follow(s, env);
        const { filter } = paired();
        if (filter !== null) filter.process.receive(filter.state, forFilter(env), from, m);
        return;
      }
      const node = FROM_FILTERS.has(m.type) ? (place()?.members.indexOf(from) ?? -1) : -1;
      replica.receive(s, forReplica(env), node < 0 ? from : filterId(node), m);
    },
    linked: (s, env, peer, isUp) => replica.linked?.(s, forReplica(env), peer, isUp),
    timeout: (s, env, timer) => {
      replica.timeout(s, forReplica(env), timer);
      const { filter } = paired();
      filter?.process.timeout(filter.state, forFilter(env), timer);
    },
    completed: (s, env, ticket, holds) => replica.completed?.(s, forReplica(env), ticket, holds),
    settle: (s, env) => {
      handOver(s, env);
      replica.settle(s, forReplica(env));
      // What was submitted in this turn may be proposed in it.
      while (handOver(s, env)) replica.settle(s, forReplica(env));
      const { filter } = paired();
      filter?.process.settle(filter.state, forFilter(env));
      release(paired(), env);
    },
    invariants: (s) => {
      replica.invariants?.(s);
      const { filter } = paired();
      filter?.process.invariants?.(filter.state);
    },
  };
}

function release(pairing: Pairing, env: Env<Message>): void {
  const [oldest] = pairing.filter?.state.log ?? [];
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
