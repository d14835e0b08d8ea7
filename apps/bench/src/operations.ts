/** What one request of a phase is. */

import type { Connection, OnReply } from './connection.ts';
import { writeMulti } from './multi.ts';
import { MODE, OP, writeCreate, writeRead, writeSetData } from './protocol.ts';

/**
 * `multi` is a transaction of three sets, `mixed` nine gets and a set; in `watch` a set is told to every connection, and each
 * event counts as one operation.
 */
export const OPERATIONS = ['create', 'set', 'get', 'multi', 'mixed', 'watch'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Operations that change nothing. */
export const isRead = (operation: Operation): boolean => operation === 'get';

/** Changes of one multi. */
const CHANGES = 3;
/** One of so many requests of `mixed` is a set. */
const SET_EVERY = 10;

/** Where a phase takes place: nodes to be set and read, and a folder for new ones. */
export interface Place {
  readonly folder: string;
  readonly keys: readonly string[];
  readonly payload: Buffer;
}

/** Sends one request; `number` counts those of the phase. */
export type Send = (connection: Connection, number: number, done: OnReply) => void;

export function sender(operation: Exclude<Operation, 'watch'>, { folder, keys, payload }: Place): Send {
  const key = (number: number): string => keys[number % keys.length] ?? folder;
  const get: Send = (connection, number, done) =>
    connection.request(OP.getData, (w) => writeRead(w, key(number), false), done);
  const set: Send = (connection, number, done) =>
    connection.request(OP.setData, (w) => writeSetData(w, key(number), payload, -1), done);
  switch (operation) {
    case 'get':
      return get;
    case 'set':
      return set;
    case 'mixed':
      return (connection, number, done) => (number % SET_EVERY === 0 ? set : get)(connection, number, done);
    case 'multi':
      return (connection, number, done) => {
        const changes = Array.from({ length: CHANGES }, (_, i) => ({
          kind: 'set' as const,
          path: key(CHANGES * number + i),
          data: payload,
          version: -1,
        }));
        connection.request(OP.multi, (w) => writeMulti(w, changes), done);
      };
    default:
      return (connection, number, done) =>
        connection.request(
          OP.create,
          (w) => writeCreate(w, `${folder}/n${number}`, payload, MODE.persistent),
          done,
        );
  }
}
