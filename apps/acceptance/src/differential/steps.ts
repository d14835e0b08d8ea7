/**
 * A script of several ZooKeeper sessions, as data: one request after the other, in one order for all sessions. A path
 * that begins with `~` lies below the folder that a run is given, so that the same script runs any number of times.
 */

import { type CreateMode, ErrorCode, EventType, OpCode } from '@concordat/keeper';

export interface Entry {
  readonly perms: number;
  readonly scheme: string;
  readonly id: string;
}

export interface CreateCall {
  readonly call: 'create';
  /** create, create2, createContainer or createTTL. */
  readonly op: number;
  readonly path: string;
  /** A number stands for so many zero bytes. */
  readonly data: string | number | null;
  readonly acl: readonly Entry[];
  readonly mode: (typeof CreateMode)[keyof typeof CreateMode] | number;
}

export interface VersionedCall {
  /** delete or check. */
  readonly call: 'versioned';
  readonly op: number;
  readonly path: string;
  readonly version: number;
}

export interface SetDataCall {
  readonly call: 'set-data';
  readonly path: string;
  readonly data: string | number | null;
  readonly version: number;
}

export interface SetAclCall {
  readonly call: 'set-acl';
  readonly path: string;
  readonly acl: readonly Entry[];
  readonly version: number;
}

export interface WatchedCall {
  /** exists, getData, getChildren or getChildren2. */
  readonly call: 'watched';
  readonly op: number;
  readonly path: string;
  readonly watch: boolean;
}

export interface PathCall {
  /** sync, getACL, getEphemerals or getAllChildrenNumber. */
  readonly call: 'path';
  readonly op: number;
  readonly path: string;
}

export interface WatchCall {
  /** addWatch (`type` is a mode), checkWatches or removeWatches (`type` is a WatcherType). */
  readonly call: 'watch';
  readonly op: number;
  readonly path: string;
  readonly type: number;
}

export interface MultiCall {
  readonly call: 'multi';
  readonly parts: readonly (CreateCall | VersionedCall | SetDataCall)[];
}

export interface MultiReadCall {
  readonly call: 'multi-read';
  readonly parts: readonly WatchedCall[];
}

/** A request without a body: whoAmI and ping, which have none, opcodes that nobody knows, and requests cut short. */
export interface BareCall {
  readonly call: 'bare';
  readonly op: number;
}

export interface AuthCall {
  readonly call: 'auth';
  readonly scheme: string;
  readonly proof: string;
}

/** Asks for one server less. */
export interface ReconfigCall {
  readonly call: 'reconfig';
}

/** Begins an exchange that a server without SASL ends at once. */
export interface SaslCall {
  readonly call: 'sasl';
  readonly token: string;
}

export interface SetWatchesCall {
  readonly call: 'set-watches';
  readonly op: number;
  /** The zxid that was the last one so many replies ago. */
  readonly since: number;
  /** data, exist, child, and for setWatches2 persistent and recursive. */
  readonly lists: readonly (readonly string[])[];
}

/** Ends the session; its next step opens a new one. */
export interface CloseCall {
  readonly call: 'close';
}

export interface ReconnectCall {
  readonly call: 'reconnect';
  /** Over a connection that was cut before, or taking the session from one that still stands. */
  readonly how: 'cut' | 'steal';
  readonly password: 'right' | 'wrong';
  readonly timeoutMs: number;
}

export type RequestCall =
  | CreateCall
  | VersionedCall
  | SetDataCall
  | SetAclCall
  | WatchedCall
  | PathCall
  | WatchCall
  | MultiCall
  | MultiReadCall
  | BareCall
  | AuthCall
  | ReconfigCall
  | SaslCall
  | SetWatchesCall
  | CloseCall;

/** What a session that is none begins with, of its own accord. */
export interface OpenCall {
  readonly call: 'open';
}

export type Call = RequestCall | ReconnectCall | OpenCall;

export interface Step {
  readonly session: number;
  readonly call: Call;
}

/** The path that a script means, in a run below `root`. */
export const resolvePath = (path: string, root: string): string =>
  path.startsWith('~') ? root + path.slice(1) : path;

const nameIn = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);

export const opName = (op: number): string => nameIn(OpCode, op);
export const errorName = (err: number): string => nameIn(ErrorCode, err);
export const eventName = (type: number): string => nameIn(EventType, type);

const LONGEST_SHOWN = 40;

function shown(data: string | number | null): string {
  if (typeof data === 'number') return `${data} bytes`;
  return (data?.length ?? 0) > LONGEST_SHOWN ? `${data?.length} letters` : JSON.stringify(data);
}

const aclWords = (acl: readonly Entry[]): string =>
  `[${acl.map(({ perms, scheme, id }) => `${scheme}:${id}=${perms}`).join(', ')}]`;

const quoted = JSON.stringify;

function callWords(call: Call): string {
  switch (call.call) {
    case 'create':
      return `${opName(call.op)} ${quoted(call.path)} mode ${call.mode} data ${shown(call.data)} acl ${aclWords(call.acl)}`;
    case 'versioned':
      return `${opName(call.op)} ${quoted(call.path)} version ${call.version}`;
    case 'set-data':
      return `setData ${quoted(call.path)} ${shown(call.data)} version ${call.version}`;
    case 'set-acl':
      return `setACL ${quoted(call.path)} ${aclWords(call.acl)} version ${call.version}`;
    case 'watched':
      return `${opName(call.op)} ${quoted(call.path)}${call.watch ? ' with a watch' : ''}`;
    case 'path':
      return `${opName(call.op)} ${quoted(call.path)}`;
    case 'watch':
      return `${opName(call.op)} ${quoted(call.path)} type ${call.type}`;
    case 'multi':
      return `multi of (${call.parts.map(callWords).join('; ')})`;
    case 'multi-read':
      return `multiRead of (${call.parts.map(callWords).join('; ')})`;
    case 'bare':
      return `${opName(call.op)} without a body`;
    case 'auth':
      return `auth ${call.scheme} ${quoted(call.proof)}`;
    case 'sasl':
      return `sasl ${quoted(call.token)}`;
    case 'reconfig':
      return 'reconfig';
    case 'set-watches':
      return `${opName(call.op)} since ${call.since} replies ago ${quoted(call.lists)}`;
    case 'open':
      return 'opens a session';
    case 'close':
      return 'closes its session';
    case 'reconnect':
      return `comes back (${call.how}, ${call.password} password, timeout ${call.timeoutMs} ms)`;
    default:
      return call satisfies never;
  }
}

/** A step as a reader of a report wants it. */
export const stepWords = ({ session, call }: Step): string => `session ${session}: ${callWords(call)}`;
