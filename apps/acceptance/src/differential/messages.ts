/**
 * What a server sent, without loss, as fields with names: those whose values two servers choose for themselves - zxids,
 * times, session ids, passwords - say so, all others must be equal. What does not parse, or is left over, is one field
 * of raw bytes.
 */

import { ErrorCode, OpCode, Xid } from '@concordat/keeper';
import { createJuteReader, type JuteReader, type Long } from '@concordat/keeper/frames';
import { errorName, eventName, type RequestCall } from './steps.ts';

export interface Field {
  readonly name: string;
  /** `time` belongs to the transaction that the field before it names. */
  readonly kind: 'plain' | 'zxid' | 'time' | 'session';
  readonly value: number | bigint | string | null;
}

export interface Message {
  readonly kind: 'reply' | 'event' | 'handshake' | 'closed' | 'silence';
  readonly fields: readonly Field[];
}

export const CLOSED: Message = { kind: 'closed', fields: [] };
/** Nothing came for longer than any answer takes. */
export const SILENCE: Message = { kind: 'silence', fields: [] };

const MAX_ITEMS = 16_384;

export const bigOf = ({ high, low }: Long): bigint => (BigInt(high) << 32n) | BigInt(low);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Reads one field after the other into a list. */
interface Parse {
  readonly reader: JuteReader;
  readonly fields: Field[];
}

const add = ({ fields }: Parse, name: string, value: Field['value'], kind: Field['kind'] = 'plain'): void => {
  fields.push({ name, kind, value });
};

const int = (parse: Parse, name: string): number => {
  const value = parse.reader.int();
  add(parse, name, value);
  return value;
};
const long = (parse: Parse, name: string, kind: Field['kind']): void =>
  add(parse, name, bigOf(parse.reader.long()), kind);
const text = (parse: Parse, name: string): void => add(parse, name, parse.reader.string());
const data = (parse: Parse): void => {
  const bytes = parse.reader.buffer();
  add(parse, 'data', bytes === null ? null : hex(bytes));
};

function stat(parse: Parse): void {
  const { reader } = parse;
  const [czxid, mzxid] = [bigOf(reader.long()), bigOf(reader.long())];
  add(parse, 'czxid', czxid, 'zxid');
  long(parse, 'ctime', 'time');
  add(parse, 'mzxid', mzxid, 'zxid');
  long(parse, 'mtime', 'time');
  for (const name of ['version', 'cversion', 'aversion']) int(parse, name);
  long(parse, 'ephemeralOwner', 'session');
  for (const name of ['dataLength', 'numChildren']) int(parse, name);
  long(parse, 'pzxid', 'zxid');
}

function list(parse: Parse, item: () => void): void {
  const count = int(parse, 'count');
  for (let i = 0; i < count && i < MAX_ITEMS && !parse.reader.failed; i++) item();
}

const children = (parse: Parse): void => list(parse, () => text(parse, 'child'));

function result(parse: Parse, op: number): void {
  switch (op) {
    case OpCode.create:
    case OpCode.sync:
      return text(parse, 'path');
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      text(parse, 'path');
      return stat(parse);
    case OpCode.exists:
    case OpCode.setData:
    case OpCode.setACL:
      return stat(parse);
    case OpCode.getData:
      data(parse);
      return stat(parse);
    case OpCode.getACL:
      list(parse, () => {
        int(parse, 'perms');
        text(parse, 'scheme');
        text(parse, 'id');
      });
      return stat(parse);
    case OpCode.getChildren:
    case OpCode.getEphemerals:
      return children(parse);
    case OpCode.getChildren2:
      children(parse);
      return stat(parse);
    case OpCode.getAllChildrenNumber:
      int(parse, 'number');
      return;
    case OpCode.whoAmI:
      return list(parse, () => {
        text(parse, 'scheme');
        text(parse, 'user');
      });
    case OpCode.addWatch:
      int(parse, 'err');
      return;
    case OpCode.multi:
    case OpCode.multiRead:
      return results(parse);
    default:
  }
}

/** Results one after the other, each behind its header, up to the header that says so. */
function results(parse: Parse): void {
  const { reader } = parse;
  for (let i = 0; i < MAX_ITEMS && !reader.failed; i++) {
    const op = int(parse, 'result');
    const isLast = reader.bool();
    add(parse, 'last', Number(isLast));
    add(parse, 'err', reader.int());
    if (isLast) return;
    if (op === OpCode.error) int(parse, 'error');
    else result(parse, op);
  }
}

/** The fields of `bytes` as `read` takes them, or all in one if it cannot. */
function parsed(bytes: Uint8Array, offset: number, read: (parse: Parse) => void): readonly Field[] {
  const reader = createJuteReader();
  reader.reset(bytes, offset);
  const parse: Parse = { reader, fields: [] };
  read(parse);
  if (reader.failed) return [{ name: 'raw', kind: 'plain', value: hex(bytes.subarray(offset)) }];
  if (reader.rest > 0) add(parse, 'rest', hex(bytes.subarray(bytes.length - reader.rest)));
  return parse.fields;
}

export const opOf = (call: RequestCall): number => {
  if ('op' in call) return call.op;
  const fixed = {
    'set-data': OpCode.setData,
    'set-acl': OpCode.setACL,
    multi: OpCode.multi,
    'multi-read': OpCode.multiRead,
    auth: OpCode.auth,
    reconfig: OpCode.reconfig,
    sasl: OpCode.sasl,
    close: OpCode.closeSession,
  } as const;
  return fixed[call.call];
};

export const xidIn = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(0);

/** A frame after the handshake; `call` is what the session asked for last. */
export function readMessage(bytes: Uint8Array, call: RequestCall): Message {
  const isEvent = bytes.length >= 4 && xidIn(bytes) === Xid.notification;
  const fields = parsed(bytes, 0, (parse) => {
    int(parse, 'xid');
    long(parse, 'zxid', 'zxid');
    const err = int(parse, 'err');
    if (isEvent) {
      for (const name of ['type', 'state']) int(parse, name);
      text(parse, 'path');
    } else if (err === ErrorCode.ok) result(parse, opOf(call));
  });
  return { kind: isEvent ? 'event' : 'reply', fields };
}

export function readHandshakeAnswer(bytes: Uint8Array): Message {
  const fields = parsed(bytes, 0, (parse) => {
    for (const name of ['protocol', 'timeout']) int(parse, name);
    long(parse, 'session', 'session');
    const password = parse.reader.buffer();
    const isBlank = password?.every((byte) => byte === 0) === true;
    add(parse, 'passwordBytes', password?.length ?? -1);
    add(parse, 'password', isBlank ? 'blank' : 'some');
    add(parse, 'readOnly', parse.reader.byte());
  });
  return { kind: 'handshake', fields };
}

export const fieldOf = (message: Message, name: string): Field['value'] | undefined =>
  message.fields.find((field) => field.name === name)?.value;

export const isEvent = ({ kind }: Message): boolean => kind === 'event';

const LONGEST_SHOWN = 80;

function fieldWords({ name, value }: Field): string {
  if (name === 'err' || name === 'error') return `${name}=${errorName(Number(value))}`;
  if (name === 'data' && typeof value === 'string') {
    const content = Buffer.from(value, 'hex').toString();
    return content.length > LONGEST_SHOWN
      ? `data of ${content.length} bytes`
      : `data=${JSON.stringify(content)}`;
  }
  return `${name}=${typeof value === 'bigint' ? value : JSON.stringify(value)}`;
}

export function messageWords(message: Message): string {
  if (message.kind === 'event')
    return `event ${eventName(Number(fieldOf(message, 'type')))} ${JSON.stringify(fieldOf(message, 'path'))}`;
  return [message.kind, ...message.fields.map(fieldWords)].join(' ');
}
