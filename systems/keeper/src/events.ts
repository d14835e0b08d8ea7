/**
 * What the service tells every gateway beyond results: changed nodes, for watches, and sessions that ended or moved.
 * That a parent's children changed follows from `created` and `deleted` and is not told apart.
 *
 *   u8 kind | u53 zxid | (text path | acl | acl of the parent) or (u53 session | u16 domain | u16 gateway | u53 epoch) or (u53 session | u8 expired)
 */

import { unreachable } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import type { SessionId } from './sessions/session-id.ts';
import { readStoredAcl, writeStoredAcl } from './tree/acl.ts';
import type { Change } from './tree/operations.ts';

export interface SessionMoved {
  readonly type: 'session-moved';
  readonly zxid: number;
  readonly session: SessionId;
  readonly domain: number;
  readonly gateway: number;
  readonly epoch: number;
}

export interface SessionClosed {
  readonly type: 'session-closed';
  readonly zxid: number;
  readonly session: SessionId;
  readonly expired: boolean;
}

export type KeeperEvent = Change | SessionMoved | SessionClosed;

const Kind = { created: 1, deleted: 2, 'data-changed': 3, 'session-moved': 4, 'session-closed': 5 } as const;

const writer = createWriter();

export function encodeEvent(event: KeeperEvent): Uint8Array {
  writer.u8(Kind[event.type]);
  writer.u53(event.zxid);
  switch (event.type) {
    case 'created':
    case 'deleted':
    case 'data-changed':
      writer.text(event.path);
      writeStoredAcl(writer, event.acl);
      writeStoredAcl(writer, event.parentAcl);
      break;
    case 'session-moved':
      writer.u53(event.session);
      writer.u16(event.domain);
      writer.u16(event.gateway);
      writer.u53(event.epoch);
      break;
    case 'session-closed':
      writer.u53(event.session);
      writer.bool(event.expired);
      break;
    default:
      unreachable(event);
  }
  return writer.finish();
}

/** The transaction that an encoded event tells of. */
export const zxidOf = (bytes: Uint8Array): number => {
  let zxid = 0;
  for (let i = 1; i <= 8; i++) zxid = zxid * 256 + (bytes[i] ?? 0);
  return zxid;
};

/** True if an encoded event tells of a node, which only watches are interested in. */
export const isAboutNode = (bytes: Uint8Array): boolean => (bytes[0] ?? 0) <= Kind['data-changed'];

/** Null for anything that `encodeEvent` does not produce. */
export function decodeEvent(bytes: Uint8Array): KeeperEvent | null {
  const reader = createReader(bytes);
  const kind = reader.u8();
  const zxid = reader.u53();
  const node = (type: Change['type']): KeeperEvent => ({
    type,
    zxid,
    path: reader.text(bytes.length),
    acl: readStoredAcl(reader),
    parentAcl: readStoredAcl(reader),
  });
  switch (kind) {
    case Kind.created:
      return reader.finish(node('created'));
    case Kind.deleted:
      return reader.finish(node('deleted'));
    case Kind['data-changed']:
      return reader.finish(node('data-changed'));
    case Kind['session-moved']: {
      const owner = {
        session: reader.u53(),
        domain: reader.u16(),
        gateway: reader.u16(),
        epoch: reader.u53(),
      };
      return reader.finish({ type: 'session-moved', zxid, ...owner });
    }
    case Kind['session-closed']:
      return reader.finish({ type: 'session-closed', zxid, session: reader.u53(), expired: reader.bool() });
    default:
      return null;
  }
}
