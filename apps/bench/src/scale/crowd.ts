/** Many sessions with many watches at one endpoint, each of which must stay and must be told. */

import { type Connection, connect, type Endpoint } from '../connection.ts';
import { OP, writeRead, writeSetData } from '../protocol.ts';

export interface Crowd {
  readonly openMs: number;
  /** Sets every watched node once; resolves when all are told, or after `deadlineMs`, with the number of events. */
  tell(deadlineMs: number): Promise<{ readonly ms: number; readonly events: number }>;
  /** Sessions whose connection has ended. */
  readonly closed: number;
  close(): Promise<void>;
}

const OPENING = 64;
const SETTING = 50;

/** `paths` exist. Each session watches its share of them, one after the other, so that each has nearly as many watches. */
export async function gather(
  endpoint: Endpoint,
  sessions: number,
  watches: number,
  paths: readonly string[],
): Promise<Crowd> {
  let events = 0;
  let closed = 0;
  let isOver = false;
  let wake = (): void => {};
  const options = {
    sessionTimeoutMs: 30_000,
    deadlineMs: 60_000,
    onWatch: () => {
      events++;
      if (events % 1000 === 0 || events >= watches) wake();
    },
    onClosed: () => {
      if (!isOver) closed++;
    },
  };
  const connections: Connection[] = [];
  const startedAt = performance.now();
  let next = 0;
  const openSome = async (): Promise<void> => {
    for (let i = next++; i < sessions; i = next++) {
      const connection = await connect(endpoint, options);
      connections.push(connection);
      const share = Math.floor(watches / sessions) + (i < watches % sessions ? 1 : 0);
      await Promise.all(
        Array.from({ length: share }, (_, k) =>
          watch(connection, paths[(i * share + k) % paths.length] ?? '/'),
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: OPENING }, openSome));
  return {
    openMs: performance.now() - startedAt,
    tell: async (deadlineMs) => {
      const began = performance.now();
      const [writer] = connections;
      if (writer === undefined) return { ms: 0, events: 0 };
      let at = 0;
      const setSome = async (): Promise<void> => {
        for (let path = paths[at++]; path !== undefined; path = paths[at++]) await set(writer, path);
      };
      await Promise.all(Array.from({ length: SETTING }, setSome));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        wake = () => {
          if (events < watches) return;
          clearTimeout(timer);
          resolve();
        };
        wake();
      });
      return { ms: performance.now() - began, events };
    },
    get closed() {
      return closed;
    },
    close: async () => {
      isOver = true;
      // A few wait for their answers; the others of a crowd only have to go.
      for (const connection of connections.splice(OPENING)) connection.drop();
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

const watch = (connection: Connection, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.request(
      OP.getData,
      (w) => writeRead(w, path, true),
      (reply) => (reply?.error === 0 ? resolve() : reject(new Error(`no watch on ${path}`))),
    );
  });

const set = (connection: Connection, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.request(
      OP.setData,
      (w) => writeSetData(w, path, Buffer.alloc(0), -1),
      (reply) => (reply?.error === 0 ? resolve() : reject(new Error(`${path} cannot be set`))),
    );
  });
