/**
 * What links between members are in reality: they name each other by the ids of their tickets, and whoever sends proves its own
 * at the link. Here a wrapper around each process turns ids to nodes by the addresses that its members' records have, and
 * says who sent what; no process in a simulation can reach around it.
 */

import type { Env, NodeId, Process } from '@concordat/kernel';

/** A message with the id that its sender has at this end. */
export interface Enveloped<M> {
  readonly from: NodeId;
  readonly message: M;
}

export interface Directory<S> {
  /** The id by which others know this process now; null before it has one. */
  idOf(state: S): NodeId | null;
  /** The node that answers to an id, by what this process knows (nothing yet, in its first turn); null for nobody. */
  nodeOf(state: S | null, id: NodeId): NodeId | null;
}

/** Ids of nodes that have none of their own yet begin here: above all ids that a tracker gives, and small integers to V8. */
export const FIRST_NAMELESS: NodeId = 2 ** 29;

export const namelessNode = (id: NodeId): NodeId | null =>
  id >= FIRST_NAMELESS ? id - FIRST_NAMELESS : null;

/** Ids by node, as each said last: who was at the other end of a link that broke. */
export type Names = Map<NodeId, NodeId>;

/** PERF: as many fields as the outer one, and no link to it: with a prototype of its own each would have a shape of its own. */
type InnerEnv<M> = Omit<Env<M>, 'now'> & { now: number };

export function withDirectory<S, M>(
  process: Process<S, M>,
  directory: Directory<S>,
  names: Names,
): Process<S, Enveloped<M>> {
  let holder: { readonly outer: Env<Enveloped<M>>; readonly inner: InnerEnv<M>; state: S | null } | null =
    null;
  /** What `names` has of it. */
  let told: NodeId | null = null;
  const envFor = (outer: Env<Enveloped<M>>, state: S | null): Env<M> => {
    if (holder?.outer === outer) {
      holder.state = state ?? holder.state;
      holder.inner.now = outer.now;
      return holder.inner;
    }
    const send = (to: NodeId, message: M): void => {
      const known = holder?.state ?? null;
      const own = known === null ? null : directory.idOf(known);
      if (own !== null && own !== told) {
        names.set(outer.self, own);
        told = own;
      }
      const node = namelessNode(to) ?? directory.nodeOf(known, to);
      if (node !== null) outer.send(node, { from: own ?? FIRST_NAMELESS + outer.self, message });
    };
    const inner = { ...outer, send, sendEarly: send };
    holder = { outer, inner, state };
    return inner;
  };
  const { linked, invariants } = process;
  return {
    start: (env, recovered) => {
      const inner = envFor(env, null);
      const state = process.start(inner, recovered);
      if (holder !== null) holder.state = state;
      return state;
    },
    receive: (state, env, _node, { from, message }) =>
      process.receive(state, envFor(env, state), from, message),
    timeout: (state, env, timer) => process.timeout(state, envFor(env, state), timer),
    settle: (state, env) => process.settle(state, envFor(env, state)),
    ...(linked === undefined
      ? {}
      : {
          linked: (state: S, env: Env<Enveloped<M>>, node: NodeId, isUp: boolean) => {
            const id = names.get(node);
            if (id !== undefined) linked.call(process, state, envFor(env, state), id, isUp);
          },
        }),
    ...(invariants === undefined ? {} : { invariants: (state: S) => invariants.call(process, state) }),
  };
}
