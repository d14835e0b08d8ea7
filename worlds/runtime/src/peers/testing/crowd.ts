/** Peers over loopback sockets for the tests of this folder: each writes down what its process would be told. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import type { MessageCodec, NodeId, Note } from '@concordat/kernel';
import { generateIdentity, type Identity } from '../../crypto/identity.ts';
import type { Source } from '../../host/inbox.ts';
import type { PeerContact } from '../book.ts';
import { createPeers, type Peers, type PeersLimits, type PeersOptions } from '../peers.ts';

export const LOOPBACK = '127.0.0.1';

/** Messages that begin with '!' cannot be decoded. */
export const codec: MessageCodec<string> = {
  encode: (message) => new Uint8Array(Buffer.from(message)),
  decode: (bytes) => (bytes[0] === 0x21 ? null : Buffer.from(bytes).toString()),
};

export interface Member {
  readonly id: NodeId;
  readonly identity: Identity;
  readonly peers: Peers<string>;
  /** What the process is told: `1: text` for a message of peer 1, `1 down` for its link. */
  readonly events: string[];
  readonly notes: Note[];
  lost: number;
  send(to: NodeId, ...texts: string[]): void;
  contact(): PeerContact;
}

export interface MemberOptions extends Partial<Omit<PeersOptions, 'tls' | 'known' | 'limits'>> {
  readonly identity?: Identity;
  readonly limits?: Partial<PeersLimits>;
  /** Instead of remembering: for crowds that say much. */
  readonly onMessage?: (from: NodeId, text: string) => void;
}

/** Quick enough for tests, patient enough for a busy machine. */
const LIMITS: Partial<PeersLimits> = {
  beatMs: 50,
  silentMs: 5000,
  callsPerSecond: 100_000,
  dialMs: 5000,
  handshakeMs: 8000,
};

export async function join(id: NodeId, options: MemberOptions = {}): Promise<Member> {
  const { identity = generateIdentity(`peer ${id}`), limits, onMessage, ...rest } = options;
  const events: string[] = [];
  const notes: Note[] = [];
  const sink = {
    message: onMessage ?? ((from: NodeId, text: string) => void events.push(`${from}: ${text}`)),
    linked: (peer: NodeId, isUp: boolean) => void events.push(`${peer} ${isUp ? 'up' : 'down'}`),
  };
  const peers = await createPeers(
    id,
    {
      listen: { host: LOOPBACK, port: 0 },
      ...rest,
      tls: identity.tls,
      known: new Map(),
      limits: { ...LIMITS, ...limits },
    },
    codec,
    {
      ready: (source: Source<string>) => setImmediate(() => source.deliver(sink, 1 << 20)),
      note: (note) => void notes.push(note),
      sent: () => {},
      received: () => {},
      lost: (messages) => {
        member.lost += messages;
      },
    },
  );
  const member: Member = {
    id,
    identity,
    peers,
    events,
    notes,
    lost: 0,
    send: (to, ...texts) => {
      const route = peers.exit(to)?.route;
      for (const text of texts) route?.queue(codec.encode(text));
      route?.flush();
    },
    contact: () => ({ host: LOOPBACK, port: peers.address?.port ?? 0, pin: identity.pin }),
  };
  peers.open();
  return member;
}

/** Makes all known to each other; `contacts` replaces how some are reached. */
export function introduce(
  members: readonly Member[],
  contacts: ReadonlyMap<NodeId, object> = new Map(),
): void {
  for (const one of members)
    for (const other of members)
      if (one !== other) one.peers.add(other.id, { ...other.contact(), ...contacts.get(other.id) });
}

const DEADLINE_MS = 20_000;

/** Resolves when `holds`; throws `what` after a deadline. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What keeps this process alive: sockets, servers and timers. */
export function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Timeout|Pipe/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Resolves when there is nothing beyond what was `before`; throws what is left. */
export async function nothingLeft(before: Record<string, number>): Promise<void> {
  const excess = (): string =>
    Object.entries(handles())
      .filter(([kind, count]) => count > (before[kind] ?? 0))
      .map(([kind, count]) => `${count - (before[kind] ?? 0)} ${kind}`)
      .join();
  try {
    await until(() => excess() === '', 'nothing is left');
  } catch {
    throw new Error(`left: ${excess()}`);
  }
}

export interface Passage {
  readonly port: number;
  /** Called with every piece that a caller sends, before it goes on. */
  onUp: (bytes: number, at: number) => void;
  /** Likewise for what it is sent. */
  onDown: (bytes: number, at: number) => void;
  /** Sees every piece, whichever way it goes. */
  tap: (piece: Buffer) => void;
  /** How long a piece is kept. */
  delayMs: () => number;
  /** Swallows everything from now on, in silence. */
  isDark: boolean;
  readonly sockets: Set<Socket>;
  close(): void;
}

/** A port that passes bytes on to another, in order, and counts, delays or swallows them. */
export async function passage(toPort: number): Promise<Passage> {
  const sockets = new Set<Socket>();
  const carry = (from: Socket, to: Socket, count: (bytes: number, at: number) => void): void => {
    let last = Promise.resolve();
    const later = (act: () => void): void => {
      const delay = made.delayMs();
      last = last.then(() => (delay > 0 ? pause(delay) : undefined)).then(act);
    };
    from.on('data', (chunk: Buffer) => {
      count(chunk.length, performance.now());
      made.tap(chunk);
      if (!made.isDark) later(() => void (to.destroyed || to.write(chunk)));
    });
    from.on('end', () => {
      if (!made.isDark) later(() => void to.end());
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      if (!made.isDark) later(() => void to.destroySoon());
    });
  };
  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: LOOPBACK, port: toPort, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
    }
    carry(near, far, (bytes, at) => made.onUp(bytes, at));
    carry(far, near, (bytes, at) => made.onDown(bytes, at));
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const address = server.address();
  const made: Passage = {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    onUp: () => {},
    onDown: () => {},
    tap: () => {},
    delayMs: () => 0,
    isDark: false,
    sockets,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return made;
}
