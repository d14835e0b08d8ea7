/**
 * A client under load: one session that writes, reads and deletes nodes only it writes, in several lanes at once, and
 * keeps a ledger of what was acknowledged. It holds an ephemeral and a watch, by which one sees that its session lives.
 */

import { type Endpoint, ERROR, EVENT, MODE } from '@concordat/bench';
import { createLedger, type Ledger } from './ledger.ts';
import { type Outcome, openSession, type Session } from './session.ts';

export interface Worker {
  readonly name: string;
  /** The endpoint that it was connected to first. */
  readonly home: number;
  readonly session: Session;
  readonly sessionIdAtStart: bigint;
  readonly ledger: Ledger;
  readonly ephemeral: string;
  readonly watched: string;
  /** Data watches on `watched` that have fired. */
  readonly fired: number;
  /** Reads of its own that contradict its ledger, in sentences. */
  readonly contradictions: readonly string[];
  /** The longest time without any reply between two moments of `performance.now()`. */
  longestGapMs(from: number, to: number): number;
  /** Leaves the watch that `fired` counts. */
  watch(): Promise<boolean>;
  /** Lets the lanes come to rest; the session stays. */
  rest(): Promise<void>;
}

export interface WorkerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly home: number;
  readonly number: number;
  /** An existing node under which it works. */
  readonly root: string;
  readonly lanes: number;
}

const KEYS_PER_LANE = 3;

/** Opens the session, sets the scene and starts the load. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { home, root } = options;
  const name = `${home}-${options.number}`;
  const [folder, ephemeral, watched] = [
    `${root}/load-${name}`,
    `${root}/alive-${name}`,
    `${root}/watched-${name}`,
  ];
  const ledger = createLedger();
  const completions: number[] = [];
  const contradictions: string[] = [];
  let isResting = false;
  let fired = 0;
  const session = await openSession({
    endpoints: options.endpoints,
    first: home,
    onWatch: (event) => {
      if (event.path === watched && event.type === EVENT.dataChanged) fired++;
    },
  });
  await must(session.create(folder, Buffer.alloc(0), MODE.persistent));
  await must(session.create(ephemeral, Buffer.alloc(0), MODE.ephemeral));
  await must(session.create(watched, Buffer.from('0'), MODE.persistent));
  const lane = async (number: number): Promise<void> => {
    for (let step = 0; !isResting && !session.isExpired; step++) {
      const path = `${folder}/${number}-${step % KEYS_PER_LANE}`;
      const wrong = await work(session, ledger, path, step);
      if (wrong !== null) contradictions.push(wrong);
      completions.push(performance.now());
    }
  };
  const lanes = Array.from({ length: options.lanes }, (_, number) => lane(number));
  return {
    name,
    home,
    session,
    sessionIdAtStart: session.id,
    ledger,
    ephemeral,
    watched,
    contradictions,
    get fired() {
      return fired;
    },
    longestGapMs: (from, to) => longestGap(completions, from, to),
    watch: async () => (await session.get(watched, true)).kind === 'ok',
    rest: async () => {
      isResting = true;
      await Promise.all(lanes);
    },
  };
}

/** One step on one key: create, set, get, set, get, delete, get in turn. */
async function work(session: Session, ledger: Ledger, path: string, step: number): Promise<string | null> {
  const value = `${path}#${step}`;
  const phase = Math.floor(step / KEYS_PER_LANE) % 7;
  if (phase === 5) await record(ledger, path, null, () => session.delete(path, -1));
  else if (phase === 0) {
    await record(ledger, path, value, () => session.create(path, Buffer.from(value), MODE.persistent));
  } else if (phase % 2 === 1) {
    await record(ledger, path, value, () => session.set(path, Buffer.from(value), -1));
  } else {
    const found = await session.get(path);
    if (found.kind === 'ok') return ledger.judge(path, found.value.data.toString());
    if (found.kind === 'failed' && found.error === ERROR.noNode) return ledger.judge(path, null);
  }
  return null;
}

async function record(
  ledger: Ledger,
  path: string,
  value: string | null,
  write: () => Promise<Outcome<unknown>>,
): Promise<void> {
  const ticket = ledger.invoked(path, value);
  const outcome = await write();
  if (outcome.kind === 'ok') ledger.acknowledged(path, ticket);
  else if (outcome.kind === 'failed') ledger.refused(path, ticket);
}

export function longestGap(completions: readonly number[], from: number, to: number): number {
  let [last, longest] = [from, 0];
  for (const at of completions) {
    if (at < from || at > to) continue;
    longest = Math.max(longest, at - last);
    last = at;
  }
  return Math.max(longest, to - last);
}

/** The value of an operation that has no reason to fail. */
export async function must<T>(promise: Promise<Outcome<T>>): Promise<T> {
  const outcome = await promise;
  if (outcome.kind === 'ok') return outcome.value;
  throw new Error(outcome.kind === 'unknown' ? 'the connection was lost' : `error ${outcome.error}`);
}

/** What a fresh session at `endpoint` finds that contradicts the workers' ledgers, in sentences. */
export async function audit(
  endpoints: readonly Endpoint[],
  endpoint: number,
  workers: readonly Worker[],
): Promise<string[]> {
  const only = endpoints[endpoint];
  if (only === undefined) throw new RangeError(`no endpoint ${endpoint}`);
  const reader = await openSession({ endpoints: [only] });
  await must(reader.sync('/'));
  const wrong = await Promise.all(
    workers.flatMap(({ ledger }) =>
      [...ledger.paths].map(async (path) => {
        const found = await reader.get(path);
        if (found.kind === 'ok') return ledger.judge(path, found.value.data.toString());
        if (found.kind === 'failed' && found.error === ERROR.noNode) return ledger.judge(path, null);
        return `${path} cannot be read: ${found.kind}`;
      }),
    ),
  );
  await reader.close();
  return wrong.filter((sentence) => sentence !== null);
}
