/**
 * Writes down what clients do in the form that `@concordat/check` judges: every operation when it is sent, in the order
 * of its session, and its answer when it comes. An operation without an answer stays open: it may have happened.
 */

import { ERROR, MODE, type MultiChange, type Stat as WireStat } from '@concordat/bench';
import type { Change, History, Refusal, Stat, ZnodeInput, ZnodeOutput } from '@concordat/check';
import type { Outcome, Session } from './session.ts';

export interface Recorder {
  readonly history: History<ZnodeInput, ZnodeOutput>;
  /** Error codes that no rule explains, such as those of a lost session. */
  readonly oddities: ReadonlyMap<number, number>;
  write(number: number, session: Session, changes: readonly Change[]): Promise<void>;
  /** What was seen: the value and version of the node, or null. */
  read(number: number, session: Session, path: string): Promise<{ version: number } | null>;
  sync(number: number, session: Session): Promise<void>;
}

interface Entry {
  readonly session: number;
  readonly invokedAt: number;
  readonly input: ZnodeInput;
  outcome: { readonly at: number; readonly output: ZnodeOutput } | null;
}

export function createRecorder(): Recorder {
  const history: Entry[] = [];
  const oddities = new Map<number, number>();
  const record = async <T>(
    session: number,
    input: ZnodeInput,
    run: () => Promise<Outcome<T>>,
    toOutput: (outcome: Answered<T>) => ZnodeOutput | null,
  ): Promise<ZnodeOutput | null> => {
    const entry: Entry = { session, invokedAt: performance.now(), input, outcome: null };
    history.push(entry);
    const outcome = await run();
    if (outcome.kind === 'unknown') return null;
    const output = toOutput(outcome);
    if (output !== null) entry.outcome = { at: performance.now(), output };
    else if (outcome.kind === 'failed') oddities.set(outcome.error, (oddities.get(outcome.error) ?? 0) + 1);
    return output;
  };
  return {
    history,
    oddities,
    write: async (number, session, changes) => {
      const [only] = changes;
      const input: ZnodeInput = { kind: 'write', changes };
      if (only !== undefined && changes.length === 1) {
        await record(number, input, () => writeOne(session, only), writtenOrRefused);
      } else await record(number, input, () => writeAll(session, changes), multiOutput);
    },
    read: async (number, session, path) => {
      const output = await record(number, { kind: 'read', path }, () => session.get(path), seen);
      return output?.kind === 'seen' && output.node !== null ? { version: output.node.stat.version } : null;
    },
    sync: async (number, session) => {
      await record(
        number,
        { kind: 'sync' },
        () => session.sync('/'),
        (outcome) => (outcome.kind === 'ok' ? { kind: 'synced', zxid: outcome.zxid } : null),
      );
    },
  };
}

type Answered<T> = Exclude<Outcome<T>, { kind: 'unknown' }>;

const REFUSALS = new Map<number, Refusal>([
  [ERROR.noNode, 'no-node'],
  [ERROR.nodeExists, 'node-exists'],
  [ERROR.badVersion, 'bad-version'],
]);

const stat = ({ czxid, mzxid, version }: WireStat): Stat => ({ czxid, mzxid, version });

function writeOne(session: Session, change: Change): Promise<Outcome<Stat | null>> {
  const nothing = <T>(outcome: Outcome<T>): Outcome<Stat | null> =>
    outcome.kind === 'ok' ? { ...outcome, value: null } : outcome;
  if (change.kind === 'create') {
    return session.create(change.path, Buffer.from(change.value), MODE.persistent).then(nothing);
  }
  const version = change.expected ?? -1;
  if (change.kind === 'delete') return session.delete(change.path, version).then(nothing);
  return session
    .set(change.path, Buffer.from(change.value), version)
    .then((outcome) => (outcome.kind === 'ok' ? { ...outcome, value: stat(outcome.value) } : outcome));
}

function writeAll(session: Session, changes: readonly Change[]): ReturnType<Session['multi']> {
  return session.multi(
    changes.map((change): MultiChange => {
      const { path } = change;
      if (change.kind === 'create') return { kind: 'create', path, data: Buffer.from(change.value) };
      const version = change.expected ?? -1;
      if (change.kind === 'delete') return { kind: 'delete', path, version };
      return { kind: 'set', path, data: Buffer.from(change.value), version };
    }),
  );
}

function writtenOrRefused(outcome: Answered<Stat | null>): ZnodeOutput | null {
  if (outcome.kind === 'ok') return { kind: 'written', zxid: outcome.zxid, stats: [outcome.value] };
  const code = REFUSALS.get(outcome.error);
  return code === undefined ? null : { kind: 'refused', zxid: outcome.zxid, code, change: 0 };
}

type MultiOutcome = Answered<Awaited<ReturnType<Session['multi']>> extends Outcome<infer T> ? T : never>;

function multiOutput(outcome: MultiOutcome): ZnodeOutput | null {
  if (outcome.kind !== 'ok') return null;
  const { value, zxid } = outcome;
  if (value.kind === 'done') {
    return { kind: 'written', zxid, stats: value.stats.map((one) => (one === null ? null : stat(one))) };
  }
  return { kind: 'refused', zxid, code: REFUSALS.get(value.error) ?? 'other', change: value.change };
}

function seen(outcome: Answered<{ data: Buffer; stat: WireStat }>): ZnodeOutput | null {
  const { zxid } = outcome;
  if (outcome.kind === 'ok') {
    const { data, stat: found } = outcome.value;
    return { kind: 'seen', zxid, node: { value: data.toString(), stat: stat(found) } };
  }
  return outcome.error === ERROR.noNode ? { kind: 'seen', zxid, node: null } : null;
}
