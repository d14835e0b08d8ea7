/**
 * Processes in one thread without a network: everything that one sends is encoded, decoded and handled by the next in
 * the next round, and nothing is lost. Signatures are checked in the turn after the one that asks. So the CPU that each
 * process uses is what its protocol costs, and what two protocols cost can be compared in one run.
 */

import { createPrng, type Env, type NodeId, type Process, type SignatureCheck } from '@concordat/kernel';
import { decodeMessage, encodeMessage } from '../../replica/codec.ts';
import type { Message } from '../../replica/messages.ts';

interface Node {
  readonly id: NodeId;
  readonly turn: (inbox: readonly Delivery[], now: number) => void;
  inbox: Delivery[];
  cpuUs: number;
}

interface Delivery {
  readonly from: NodeId;
  readonly bytes: Uint8Array;
}

export interface Loopback {
  /** Adds a process; `act` runs once in its turn with its state. */
  add<S>(
    id: NodeId,
    hosted: Process<S, Message>,
    verify: (check: SignatureCheck) => boolean,
  ): { readonly state: S; act(act: (state: S, env: Env<Message>) => void): void };
  /** Every process has one turn, `ms` after the last. */
  round(ms?: number): void;
  /** Microseconds of CPU that a process has used. */
  cpuUs(id: NodeId): number;
  forgetCpu(): void;
}

/** @param port what a node's port makes of a message that came from there */
export function createLoopback(port: (from: NodeId, m: Message) => Message = (_from, m) => m): Loopback {
  const nodes = new Map<NodeId, Node>();
  let now = 1000;
  const post = (from: NodeId, to: NodeId, bytes: Uint8Array): void =>
    void nodes.get(to)?.inbox.push({ from, bytes });

  return {
    add: (id, hosted, verify) => {
      const { env, due, completions } = createEnv(id, () => now, post);
      const state = hosted.start(env, { records: [], first: 0, whole: true, losses: 0 });
      hosted.settle(state, env);
      const acts: ((s: typeof state, env: Env<Message>) => void)[] = [];
      const turn = (inbox: readonly Delivery[]): void => {
        for (const { from, bytes } of inbox) {
          const message = decodeMessage(bytes);
          if (message !== null) hosted.receive(state, env, from, port(from, message));
        }
        for (const { ticket, checks } of completions.splice(0))
          hosted.completed?.(state, env, ticket, checks.every(verify));
        for (const name of due()) hosted.timeout(state, env, name);
        for (const act of acts.splice(0)) act(state, env);
        hosted.settle(state, env);
      };
      for (const other of nodes.keys()) {
        hosted.linked?.(state, env, other, true);
      }
      nodes.set(id, { id, turn, inbox: [], cpuUs: 0 });
      return { state, act: (act) => void acts.push(act) };
    },
    round: (ms = 1) => {
      now += ms;
      const inboxes = [...nodes.values()].map((node) => ({ node, inbox: node.inbox }));
      for (const { node } of inboxes) node.inbox = [];
      for (const { node, inbox } of inboxes) {
        const { user, system } = process.cpuUsage();
        node.turn(inbox, now);
        const used = process.cpuUsage();
        node.cpuUs += used.user + used.system - user - system;
      }
    },
    cpuUs: (id) => nodes.get(id)?.cpuUs ?? 0,
    forgetCpu: () => {
      for (const node of nodes.values()) node.cpuUs = 0;
    },
  };
}

function createEnv(
  id: NodeId,
  clock: () => number,
  post: (from: NodeId, to: NodeId, bytes: Uint8Array) => void,
) {
  const timers = new Map<string, number>();
  const completions: { readonly ticket: number; readonly checks: readonly SignatureCheck[] }[] = [];
  let records = 0;
  const send = (to: NodeId, message: Message): void => post(id, to, encodeMessage(message));
  const env: Env<Message> = {
    self: id,
    get now() {
      return clock();
    },
    random: createPrng(id),
    secret: (sizeBytes) => new Uint8Array(sizeBytes),
    send,
    sendEarly: send,
    close: () => {},
    mute: () => {},
    append: () => records++,
    release: () => {},
    setTimer: (name, after) => void timers.set(name, clock() + after),
    cancelTimer: (name) => void timers.delete(name),
    offload: (job, ticket) => void completions.push({ ticket, checks: job.checks }),
    note: () => {},
  };
  const due = (): string[] => {
    const names = [...timers].filter(([, at]) => at <= clock()).map(([name]) => name);
    for (const name of names) timers.delete(name);
    return names;
  };
  return { env, due, completions };
}
