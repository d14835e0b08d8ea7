/**
 * The smallest protocol worth simulating, for this package's own tests: a client writes a value to all members, who
 * journal it before they acknowledge, and holds it for written once all but u acknowledged. So no written value is
 * ever lost while no more than u members lose their journals.
 */

import type { Env, MessageCodec, NodeId, Process } from '@concordat/kernel';

export interface Put {
  readonly kind: 'put' | 'ack';
  readonly value: number;
}

export interface MemberState {
  readonly values: Set<number>;
}

export interface ClientState {
  next: number;
  readonly acks: Set<NodeId>;
  readonly written: number[];
  isBusy: boolean;
}

export const putCodec: MessageCodec<Put> = {
  encode: ({ kind, value }) => Uint8Array.of(kind === 'put' ? 0 : 1, value >> 8, value & 255),
  decode: (bytes) => {
    const [kind, high, low] = bytes;
    if (bytes.length !== 3 || kind === undefined || kind > 1 || high === undefined || low === undefined)
      return null;
    return { kind: kind === 0 ? 'put' : 'ack', value: high * 256 + low };
  },
};

/** `isHasty` is the bug: it acknowledges before the disk has it. */
export const createMember = (isHasty = false): Process<MemberState, Put> => ({
  start: (_env, { records }) => ({
    values: new Set(records.map(([high = 0, low = 0]) => high * 256 + low)),
  }),
  receive: (state, env, from, { kind, value }) => {
    if (kind !== 'put') return;
    if (!state.values.has(value)) env.append(Uint8Array.of(value >> 8, value & 255));
    state.values.add(value);
    if (isHasty) env.sendEarly(from, { kind: 'ack', value });
    else env.send(from, { kind: 'ack', value });
  },
  timeout: () => {},
  settle: () => {},
});

const RETRY_MS = 500;

function put(state: ClientState, env: Env<Put>, members: readonly NodeId[]): void {
  for (const member of members) env.send(member, { kind: 'put', value: state.next });
  env.setTimer('retry', RETRY_MS);
}

/** Writes one value after the other, `everyMs`, until `untilMs` of its clock. */
export function createClient(
  members: readonly NodeId[],
  u: number,
  everyMs: number,
  untilMs: number,
): Process<ClientState, Put> {
  return {
    start: (env) => {
      env.setTimer('write', everyMs);
      return { next: 1 + 1000 * (env.self % 64), acks: new Set(), written: [], isBusy: false };
    },
    receive: (state, env, from, { kind, value }) => {
      if (kind !== 'ack' || value !== state.next || !state.isBusy) return;
      state.acks.add(from);
      if (state.acks.size < members.length - u) return;
      env.cancelTimer('retry');
      env.note({ kind: 'written', value });
      state.written.push(value);
      state.isBusy = false;
      state.next++;
      if (env.now < untilMs) env.setTimer('write', everyMs);
    },
    timeout: (state, env, timer) => {
      if (timer === 'write') {
        state.isBusy = true;
        state.acks.clear();
      }
      put(state, env, members);
    },
    settle: () => {},
  };
}
