/**
 * The question that the system-call trial asks of its traces: had every acknowledged write, at the moment when its
 * acknowledgement entered the socket, been written to a file *and then synced* by enough servers? Judged write by
 * write: each carries a marker of its own, which is looked for in the bytes that go to the files.
 */

import { OP } from '@concordat/bench';
import type { Call } from './strace.ts';

/** One write of a client as the server's own system calls show it. */
export interface Acknowledged {
  readonly marker: string;
  /** When the read that brought its last byte was left. */
  readonly receivedAt: number;
  /** When the write that carried the first byte of the reply was entered. */
  readonly answeredAt: number;
}

export interface Verdict {
  readonly acknowledged: Acknowledged;
  /** Servers whose files held the marker, synced after that, before the reply. */
  readonly durable: number;
  /** Servers that began and finished any sync between the request and the reply. */
  readonly synced: number;
}

const WRITES = new Set<number>([OP.create, OP.setData, OP.delete, OP.multi, OP.create2]);
const READ_CALLS = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const WRITE_CALLS = new Set(['write', 'writev', 'sendto', 'sendmsg']);
const FILE_WRITE_CALLS = new Set(['write', 'writev', 'pwrite64', 'pwritev']);
const SYNC_CALLS = new Set(['fsync', 'fdatasync']);
const MARKER = /mark-[0-9a-z]+-end/;

/** Bytes of one direction of a connection, and when each stretch of them moved. */
interface Stream {
  readonly bytes: Buffer;
  readonly stretches: readonly { readonly end: number; readonly call: Call }[];
}

/**
 * The acknowledged writes of the connection from `clientPort` to `serverPort`, from the trace of the server that holds
 * its other end.
 */
export function acknowledgedWrites(
  calls: readonly Call[],
  serverPort: number,
  clientPort: number,
): Acknowledged[] {
  const onConnection = calls.filter((call) => isConnection(call.target, serverPort, clientPort));
  const requests = frames(stream(onConnection.filter((call) => READ_CALLS.has(call.name))));
  const replies = frames(stream(onConnection.filter((call) => WRITE_CALLS.has(call.name))));
  // The first frame of each direction is the handshake.
  const answers = new Map(replies.slice(1).map((frame) => [frame.bytes.readInt32BE(0), frame]));
  return requests.slice(1).flatMap((frame) => {
    const answer = answers.get(frame.bytes.readInt32BE(0));
    const marker = MARKER.exec(frame.bytes.toString('latin1'))?.[0];
    const isWrite = WRITES.has(frame.bytes.readInt32BE(4));
    if (!isWrite || marker === undefined || answer === undefined) return [];
    if (answer.bytes.readInt32BE(12) !== 0) return [];
    return [{ marker, receivedAt: frame.last.leftAt, answeredAt: answer.first.enteredAt }];
  });
}

/** Judges one acknowledged write against the traces of all servers. */
export function judge(acknowledged: Acknowledged, servers: readonly (readonly Call[])[]): Verdict {
  const inTime = (call: Call): boolean =>
    SYNC_CALLS.has(call.name) && call.result === 0 && call.leftAt <= acknowledged.answeredAt;
  const isDurable = (calls: readonly Call[]): boolean =>
    calls.some(
      (call) =>
        FILE_WRITE_CALLS.has(call.name) &&
        !isSocket(call.target) &&
        call.bytes.includes(acknowledged.marker) &&
        calls.some((sync) => inTime(sync) && sync.target === call.target && sync.enteredAt >= call.leftAt),
    );
  const hasSynced = (calls: readonly Call[]): boolean =>
    calls.some((sync) => inTime(sync) && sync.enteredAt >= acknowledged.receivedAt);
  return {
    acknowledged,
    durable: servers.filter(isDurable).length,
    synced: servers.filter(hasSynced).length,
  };
}

const isSocket = (target: string): boolean => /^(TCP|UDP|UNIX|socket|pipe|anon_inode)/.test(target);

/** `TCP:[127.0.0.1:2181->127.0.0.1:5000]`, or the same with mapped addresses in brackets. */
const isConnection = (target: string, localPort: number, remotePort: number): boolean =>
  target.startsWith('TCP') && new RegExp(`:${localPort}->.*:${remotePort}\\]$`).test(target);

function stream(calls: readonly Call[]): Stream {
  const stretches: { end: number; call: Call }[] = [];
  const moved = calls.filter((call) => call.bytes.length > 0);
  let end = 0;
  for (const call of moved) {
    end += call.bytes.length;
    stretches.push({ end, call });
  }
  return { bytes: Buffer.concat(moved.map((call) => call.bytes)), stretches };
}

interface Frame {
  readonly bytes: Buffer;
  /** The calls that moved its first and its last byte. */
  readonly first: Call;
  readonly last: Call;
}

function frames({ bytes, stretches }: Stream): Frame[] {
  const found: Frame[] = [];
  let at = 0;
  let stretch = 0;
  const callAt = (position: number): Call | undefined => {
    while ((stretches[stretch]?.end ?? Number.POSITIVE_INFINITY) <= position) stretch++;
    return stretches[stretch]?.call;
  };
  while (bytes.length - at >= 4) {
    const size = bytes.readInt32BE(at);
    if (size < 0 || bytes.length - at - 4 < size) break;
    const first = callAt(at);
    const last = callAt(at + 3 + size);
    if (first && last) found.push({ bytes: bytes.subarray(at + 4, at + 4 + size), first, last });
    at += 4 + size;
  }
  return found;
}
