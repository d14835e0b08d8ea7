/**
 * A ZooKeeper session that outlives its connections, as real clients keep it: it reconnects to another endpoint with
 * its password, registers its watches again (setWatches), and says of every operation whether it happened. An
 * operation whose connection broke is `unknown`; nothing is ever sent twice.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectError,
  type Connection,
  connect,
  type Endpoint,
  ERROR,
  EVENT,
  type JuteReader,
  type JuteWriter,
  type MultiChange,
  type MultiResult,
  NEW_SESSION,
  OP,
  readMulti,
  readStat,
  type SessionKey,
  type Stat,
  type WatchEvent,
  writeCreate,
  writeMulti,
  writeRead,
  writeSetData,
  writeVersioned,
} from '@concordat/bench';

/** `endpoint` is the one that was asked; a failed outcome names ZooKeeper's error code. */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly zxid: number; readonly endpoint: number }
  | { readonly kind: 'failed'; readonly error: number; readonly zxid: number; readonly endpoint: number }
  | { readonly kind: 'unknown'; readonly endpoint: number };

export interface SessionOptions {
  readonly endpoints: readonly Endpoint[];
  /** The endpoint to start with; later ones follow in order. */
  readonly first?: number;
  readonly timeoutMs?: number;
  /** Endpoints that it must not go to now. */
  readonly avoids?: (endpoint: number) => boolean;
  readonly onWatch?: (event: WatchEvent) => void;
}

export interface Node {
  readonly data: Buffer;
  readonly stat: Stat;
}

const RETRY_MS = 50;
const CONNECT_DEADLINE_MS = 4_000;
const NOTHING = (): null => null;

/** Opens a session; rejects with a `ConnectError` when no endpoint grants one in time. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const session = new Session(options);
  await session.opened;
  return session;
}

export class Session {
  /** Settles when the first connection is made, or cannot be made within the session timeout. */
  readonly opened: Promise<void>;
  /** The index of the endpoint that it is connected to, or tries next. */
  endpoint: number;
  isExpired = false;
  /** How often it had to connect again. */
  reconnects = -1;
  readonly #options: SessionOptions;
  readonly #timeoutMs: number;
  readonly #watches = { data: new Set<string>(), exists: new Set<string>(), children: new Set<string>() };
  #connection: Connection | null = null;
  #key: SessionKey = NEW_SESSION;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.endpoint = options.first ?? 0;
    this.opened = this.#reconnect(performance.now() + this.#timeoutMs);
  }

  get id(): bigint {
    return this.#key.id;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  create(path: string, data: Uint8Array, mode: number): Promise<Outcome<string>> {
    return this.#perform(
      OP.create,
      (writer) => writeCreate(writer, path, data, mode),
      (body) => body.string(),
    );
  }

  set(path: string, data: Uint8Array, version: number): Promise<Outcome<Stat>> {
    return this.#perform(OP.setData, (writer) => writeSetData(writer, path, data, version), readStat);
  }

  delete(path: string, version: number): Promise<Outcome<null>> {
    return this.#perform(OP.delete, (writer) => writeVersioned(writer, path, version), NOTHING);
  }

  /** All of it or nothing; a failed one names the change at fault. */
  multi(changes: readonly MultiChange[]): Promise<Outcome<MultiResult>> {
    return this.#perform(OP.multi, (writer) => writeMulti(writer, changes), readMulti);
  }

  get(path: string, watch = false): Promise<Outcome<Node>> {
    return this.#perform(
      OP.getData,
      (writer) => writeRead(writer, path, watch),
      (body): Node => ({ data: body.buffer() ?? Buffer.alloc(0), stat: readStat(body) }),
      (error) => {
        if (watch && error === ERROR.ok) this.#watches.data.add(path);
      },
    );
  }

  exists(path: string, watch = false): Promise<Outcome<Stat>> {
    return this.#perform(
      OP.exists,
      (writer) => writeRead(writer, path, watch),
      readStat,
      (error) => {
        if (watch && error === ERROR.ok) this.#watches.data.add(path);
        if (watch && error === ERROR.noNode) this.#watches.exists.add(path);
      },
    );
  }

  children(path: string, watch = false): Promise<Outcome<string[]>> {
    return this.#perform(
      OP.getChildren,
      (writer) => writeRead(writer, path, watch),
      (body) => body.strings(),
      (error) => {
        if (watch && error === ERROR.ok) this.#watches.children.add(path);
      },
    );
  }

  /** Makes the endpoint catch up: later reads see everything that was acknowledged before. */
  sync(path: string): Promise<Outcome<string>> {
    return this.#perform(
      OP.sync,
      (writer) => writer.string(path),
      (body) => body.string(),
    );
  }

  /** Cuts the connection; the session moves to the next endpoint by itself. */
  drop(): void {
    this.#connection?.drop();
  }

  /** Falls silent for ever: the session is left to expire. */
  desert(): void {
    this.#isClosed = true;
    this.drop();
  }

  /** Ends the session; without a connection it is left to expire. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection?.close();
    this.#wake();
  }

  /** Waits for a connection, then sends once. */
  async #perform<T>(
    op: number,
    write: (writer: JuteWriter) => void,
    read: (body: JuteReader) => T,
    watched: (error: number) => void = () => {},
  ): Promise<Outcome<T>> {
    while (this.#connection === null && !this.isExpired && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const { endpoint } = this;
    const through = this.#connection;
    if (through === null) return { kind: 'failed', error: ERROR.sessionExpired, zxid: -1, endpoint };
    return new Promise((resolve) => {
      through.request(op, write, (reply) => {
        if (reply === null) return resolve({ kind: 'unknown', endpoint });
        const { error, zxid } = reply;
        watched(error);
        if (error !== ERROR.ok) resolve({ kind: 'failed', error, zxid, endpoint });
        else resolve({ kind: 'ok', value: read(reply.body), zxid, endpoint });
      });
    });
  }

  #wake(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (const go of all) go();
  }

  #onWatch(event: WatchEvent): void {
    const { data, exists, children } = this.#watches;
    if (event.type !== EVENT.childrenChanged) {
      data.delete(event.path);
      exists.delete(event.path);
    }
    if (event.type === EVENT.childrenChanged || event.type === EVENT.deleted) children.delete(event.path);
    this.#options.onWatch?.(event);
  }

  #onClosed(): void {
    if (this.#connection !== null) this.#key = { ...this.#key, lastZxid: this.#connection.lastZxid };
    this.#connection = null;
    if (this.#isClosed) return;
    this.#next();
    this.#reconnect(Number.POSITIVE_INFINITY).catch(() => {});
  }

  #next(): void {
    const { endpoints, avoids } = this.#options;
    for (const _ of endpoints) {
      this.endpoint = (this.endpoint + 1) % endpoints.length;
      if (avoids?.(this.endpoint) !== true) return;
    }
  }

  /** Tries endpoint after endpoint until one takes the session, refuses it for good, or it is too late. */
  async #reconnect(until: number): Promise<void> {
    while (!this.#isClosed && !this.isExpired) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        if (!(error instanceof ConnectError) || performance.now() > until) throw error;
        this.isExpired = error.code === 'ZK_EXPIRED';
      }
      this.#next();
      await sleep(RETRY_MS);
    }
    this.#wake();
  }

  async #connect(): Promise<void> {
    const target = this.#options.endpoints[this.endpoint];
    if (target === undefined) throw new RangeError(`no endpoint ${this.endpoint}`);
    const connection = await connect(target, {
      session: this.#key,
      sessionTimeoutMs: this.#timeoutMs,
      deadlineMs: CONNECT_DEADLINE_MS,
      givesUpSilent: true,
      onWatch: (event) => this.#onWatch(event),
      onClosed: () => this.#onClosed(),
    });
    this.#key = { ...this.#key, id: connection.sessionId, password: connection.password };
    this.#connection = connection;
    this.reconnects++;
    const { data, exists, children } = this.#watches;
    if (data.size + exists.size + children.size > 0) {
      connection.setWatches(this.#key.lastZxid, [...data], [...exists], [...children]);
    }
    this.#wake();
  }
}
