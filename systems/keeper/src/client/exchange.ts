/** How the operations of a history become requests, and replies their outcomes. */

import { unreachable } from '@concordat/kernel';
import { utf8, type Writer } from '@concordat/wire';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { ClientChange, ClientInput, ClientOutput, SeenVersion } from './history.ts';
import { bodies, requestFrame } from './requests.ts';
import { type ReplyHeader, readMultiAnswer, readStat, type SeenStat } from './responses.ts';

type Body = (to: Writer) => void;

function changeRequest(change: ClientChange): readonly [op: number, body: Body] {
  switch (change.kind) {
    case 'create':
      return [OpCode.create2, bodies.create(change.path, utf8(change.value))];
    case 'set':
      return [OpCode.setData, bodies.setData(change.path, utf8(change.value), change.expected ?? -1)];
    case 'delete':
      return [OpCode.delete, bodies.versioned(change.path, change.expected ?? -1)];
    default:
      return unreachable(change);
  }
}

/** The frame of one operation. Reads set a watch if asked to. */
export function operationFrame(xid: number, input: ClientInput, watch: boolean): Uint8Array {
  switch (input.kind) {
    case 'read':
      return requestFrame(xid, OpCode.getData, bodies.watched(input.path, watch));
    case 'sync':
      return requestFrame(xid, OpCode.sync, bodies.path('/'));
    case 'write': {
      const requests = input.changes.map(changeRequest);
      const [only] = requests;
      if (requests.length === 1 && only !== undefined) return requestFrame(xid, only[0], only[1]);
      return requestFrame(xid, OpCode.multi, bodies.multi(requests));
    }
    default:
      return unreachable(input);
  }
}

function refusalOf(err: number): 'node-exists' | 'no-node' | 'bad-version' | 'other' {
  if (err === ErrorCode.nodeExists) return 'node-exists';
  if (err === ErrorCode.noNode) return 'no-node';
  return err === ErrorCode.badVersion ? 'bad-version' : 'other';
}

const versionOf = ({ czxid, mzxid, version }: SeenStat): SeenVersion => ({ czxid, mzxid, version });

const decoder = new TextDecoder();

function readSeen(reader: JuteReader, { zxid, err }: ReplyHeader): ClientOutput {
  if (err === ErrorCode.noNode) return { kind: 'seen', zxid, node: null };
  if (err !== ErrorCode.ok) return { kind: 'refused', zxid, code: 'other', change: 0 };
  const value = decoder.decode(reader.buffer() ?? new Uint8Array(0));
  return { kind: 'seen', zxid, node: { value, stat: versionOf(readStat(reader)) } };
}

function readWritten(
  reader: JuteReader,
  { zxid, err }: ReplyHeader,
  changes: readonly ClientChange[],
): ClientOutput {
  if (err !== ErrorCode.ok) return { kind: 'refused', zxid, code: refusalOf(err), change: 0 };
  if (changes.length > 1) return readManyWritten(reader, zxid);
  const [change] = changes;
  if (change?.kind === 'delete') return { kind: 'written', zxid, stats: [null] };
  if (change?.kind === 'create') reader.string();
  return { kind: 'written', zxid, stats: [versionOf(readStat(reader))] };
}

function readManyWritten(reader: JuteReader, zxid: number): ClientOutput {
  const results = readMultiAnswer(reader);
  // Those before the one that failed carry Ok as their error.
  const failed = results.findIndex((result) => result.op === OpCode.error && result.err !== ErrorCode.ok);
  if (failed >= 0)
    return { kind: 'refused', zxid, code: refusalOf(results[failed]?.err ?? 0), change: failed };
  const stats = results.map(({ stat }) => (stat === null ? null : versionOf(stat)));
  return { kind: 'written', zxid, stats };
}

/** The outcome that a reply tells of; null if it is malformed. */
export function readOutcome(
  reader: JuteReader,
  header: ReplyHeader,
  input: ClientInput,
): ClientOutput | null {
  const output = readAny(reader, header, input);
  return reader.failed ? null : output;
}

function readAny(reader: JuteReader, header: ReplyHeader, input: ClientInput): ClientOutput {
  switch (input.kind) {
    case 'read':
      return readSeen(reader, header);
    case 'sync':
      return header.err === ErrorCode.ok
        ? { kind: 'synced', zxid: header.zxid }
        : { kind: 'refused', zxid: header.zxid, code: 'other', change: 0 };
    case 'write':
      return readWritten(reader, header, input.changes);
    default:
      return unreachable(input);
  }
}
