/**
 * Reads what `strace -f -ttt -T -yy -xx` wrote: system calls with the moments at which they were entered and left, the
 * file or socket they were made on, and the bytes they moved. A call that was interrupted by another thread's line
 * (`<unfinished ...>`, `<... resumed>`) is put together again.
 */

export interface Call {
  readonly name: string;
  /** What the descriptor stands for: a path, or `TCP:[local->remote]`; '' for calls without one. */
  readonly target: string;
  readonly fd: number;
  readonly result: number;
  /**
   * Seconds since the epoch. The tracer notes the first before the call runs and the second after it is done, both
   * while the thread is stopped: what a call causes can neither begin nor be seen between them.
   */
  readonly enteredAt: number;
  readonly leftAt: number;
  /** The bytes that were read or written, as many as the result says. */
  readonly bytes: Buffer;
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/;
const UNFINISHED = ' <unfinished ...>';
const COMPLETE = /^(\w+)\((.*)\) += (-?\d+|\?)(?: [^<]*)?(?:<(\d+\.\d+)>)?$/;
const DESCRIPTOR = /^(\d+)<([^"]*?)>(?:, |$)/;
const STRING = /"((?:\\x[0-9a-f]{2})*)"/g;
const MOVES_BYTES = new Set([
  'read',
  'readv',
  'recvfrom',
  'recvmsg',
  'write',
  'writev',
  'sendto',
  'sendmsg',
  'pwrite64',
  'pwritev',
]);

/** All completed calls in the order in which they were entered; lines of other kinds are left out. */
export function parseStrace(text: string): Call[] {
  const open = new Map<string, { readonly at: number; readonly text: string }>();
  const calls: Call[] = [];
  for (const line of text.split('\n')) {
    const [, thread, stamp, body] = LINE.exec(line) ?? [];
    if (thread === undefined || stamp === undefined || body === undefined) continue;
    const resumed = RESUMED.exec(body);
    if (body.endsWith(UNFINISHED)) {
      open.set(thread, { at: Number(stamp), text: body.slice(0, -UNFINISHED.length) });
    } else if (resumed !== null) {
      const begun = open.get(thread);
      open.delete(thread);
      if (begun !== undefined) push(calls, begun.at, begun.text + resumed[2]);
    } else push(calls, Number(stamp), body);
  }
  return calls.sort((a, b) => a.enteredAt - b.enteredAt);
}

function push(calls: Call[], enteredAt: number, text: string): void {
  const [, name, args, result, seconds] = COMPLETE.exec(text) ?? [];
  if (name === undefined || args === undefined || result === undefined || seconds === undefined) return;
  const [, fd, target] = DESCRIPTOR.exec(args) ?? [];
  const moved = MOVES_BYTES.has(name)
    ? unescapeStrings(args).subarray(0, Math.max(0, Number(result)))
    : EMPTY;
  calls.push({
    name,
    target: readable(target ?? ''),
    fd: Number(fd ?? -1),
    result: Number(result),
    enteredAt,
    leftAt: enteredAt + Number(seconds),
    bytes: moved,
  });
}

const EMPTY = Buffer.alloc(0);

/** The quoted strings of the arguments, one after another, as a vector of buffers is printed. */
function unescapeStrings(args: string): Buffer {
  const hex = [...args.matchAll(STRING)].map((match) => (match[1] ?? '').replaceAll('\\x', ''));
  return Buffer.from(hex.join(''), 'hex');
}

const readable = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
