/** Calls as the bytes of a request, with the keeper's own encoders: both servers get the same ones. */

import { OpCode, Xid } from '@concordat/keeper';
import { bodies, requestFrame } from '@concordat/keeper/frames';
import { utf8, type Writer } from '@concordat/wire';
import { type RequestCall, resolvePath } from './steps.ts';

type Body = (to: Writer) => void;

/** No server looks for such nodes while they are compared. */
const TTL_MS = 3_600_000;
const NO_BODY: Body = () => {};

const bytesOf = (data: string | number | null): Uint8Array | null => {
  if (data === null) return null;
  return typeof data === 'number' ? new Uint8Array(data) : utf8(data);
};

/** What a run decides: the folder, and each server's own zxids. */
export interface Circumstances {
  readonly root: string;
  /** The zxid that the server had named so many replies ago. */
  zxidBefore(replies: number): number;
}

function bodyOf(call: RequestCall, at: Circumstances): readonly [op: number, body: Body] {
  const path = 'path' in call ? resolvePath(call.path, at.root) : '';
  switch (call.call) {
    case 'create': {
      const { op, mode, acl } = call;
      const body = bodies.create(path, bytesOf(call.data), { op, mode, acl });
      const isTtl = op === OpCode.createTTL;
      return [op, isTtl ? (to) => [body(to), to.u53(TTL_MS)] : body];
    }
    case 'versioned':
      return [call.op, bodies.versioned(path, call.version)];
    case 'set-data':
      return [OpCode.setData, bodies.setData(path, bytesOf(call.data), call.version)];
    case 'set-acl':
      return [OpCode.setACL, bodies.setAcl(path, call.acl, call.version)];
    case 'watched':
      return [call.op, bodies.watched(path, call.watch)];
    case 'path':
      return [call.op, bodies.path(path)];
    case 'watch':
      return [call.op, bodies.typed(path, call.type)];
    case 'multi':
      return [OpCode.multi, bodies.multi(call.parts.map((part) => bodyOf(part, at)))];
    case 'multi-read':
      return [OpCode.multiRead, bodies.multi(call.parts.map((part) => bodyOf(part, at)))];
    case 'bare':
      return [call.op, NO_BODY];
    case 'auth':
      return [OpCode.auth, bodies.auth(call.scheme, utf8(call.proof))];
    case 'sasl':
      return [OpCode.sasl, bodies.sasl(utf8(call.token))];
    case 'reconfig':
      return [OpCode.reconfig, bodies.reconfig('', '1', '', -1)];
    case 'set-watches': {
      const lists = call.lists.map((list) => list.map((item) => resolvePath(item, at.root)));
      return [call.op, bodies.setWatches(at.zxidBefore(call.since), ...lists)];
    }
    case 'close':
      return [OpCode.closeSession, NO_BODY];
    default:
      return call satisfies never;
  }
}

/** The xid that a client gives a request of this kind; `next` where nothing is prescribed. */
export function xidOf(call: RequestCall, next: number): number {
  if (call.call === 'auth') return Xid.auth;
  if (call.call === 'set-watches') return Xid.setWatches;
  return call.call === 'bare' && call.op === OpCode.ping ? Xid.ping : next;
}

export function frameOf(call: RequestCall, xid: number, at: Circumstances): Uint8Array {
  const [op, body] = bodyOf(call, at);
  return requestFrame(xid, op, body);
}
