/**
 * Turns a run into readable lines. What happens at one instant is gathered: the same message to several receivers, or
 * from several senders to the same ones, is one line; `*` is everyone else; `!` marks receivers it cannot reach.
 */

import type { Millis, NodeId, Note } from '@concordat/kernel';
import type { Observer } from '../host.ts';

/** How a system shows in traces. */
export interface TraceNames {
  /** A short name without spaces: `r0`, `c1`. */
  nameOf(id: NodeId): string;
  /** Whom `*` stands for. */
  readonly members: readonly NodeId[];
  /** What to call a message; null leaves it out. */
  label(message: unknown): string | null;
  /** What a note says; null leaves it out. Default: its kind and fields. */
  describe?(note: Note, node: NodeId): string | null;
  /** Shows when links come up and break. Default false. */
  readonly showsLinks?: boolean;
}

export interface Recorder {
  readonly observer: Observer;
  /** Adds a line of the caller's own. */
  say(at: Millis, text: string): void;
  /** All lines so far. */
  lines(): string[];
}

/** One thing that happened: `nodes` did `text`; for messages, to `receivers`. */
interface Happening {
  nodes: NodeId[];
  readonly receivers: { readonly id: NodeId; readonly passes: boolean }[] | null;
  readonly text: string;
}

export const describeNote = (note: Note): string =>
  [note.kind, ...Object.keys(note).flatMap((key) => (key === 'kind' ? [] : [`${key}=${note[key]}`]))].join(
    ' ',
  );

/** At most three decimals, without trailing zeros. */
export const formatTime = (at: Millis): string => `t=${Number(at.toFixed(3))}`;

function receiversText(names: TraceNames, happening: Happening): string {
  const { receivers, nodes } = happening;
  if (receivers === null) return '';
  const others = names.members.filter((id) => id !== nodes[0]);
  const isEveryone =
    others.length > 1 &&
    receivers.length === others.length &&
    receivers.every(({ id, passes }) => passes && others.includes(id));
  if (isEveryone) return '→*';
  const sorted = [...receivers].sort((a, b) => a.id - b.id);
  return `→${sorted.map(({ id, passes }) => names.nameOf(id) + (passes ? '' : '!')).join(',')}`;
}

/** The lines of one instant. */
function render(names: TraceNames, at: Millis, happenings: readonly Happening[]): string[] {
  const merged = new Map<string, NodeId[]>();
  for (const happening of happenings) {
    const what = `${receiversText(names, happening)} ${happening.text}`;
    const nodes = merged.get(what);
    if (nodes === undefined) merged.set(what, [...happening.nodes]);
    else for (const node of happening.nodes) if (!nodes.includes(node)) nodes.push(node);
  }
  return [...merged].map(([what, nodes]) => {
    const who = nodes.sort((a, b) => a - b).map((id) => names.nameOf(id));
    return `${formatTime(at)} ${who.join(',')}${what}`.replace(/ +/g, ' ');
  });
}

export function createRecorder(names: TraceNames): Recorder {
  const done: string[] = [];
  let at: Millis = 0;
  let happenings: Happening[] = [];

  const flush = (): void => {
    done.push(...render(names, at, happenings));
    happenings = [];
  };
  const moveTo = (time: Millis): void => {
    if (formatTime(time) !== formatTime(at)) flush();
    at = time;
  };
  const happened = (time: Millis, node: NodeId, text: string | null): void => {
    if (text === null) return;
    moveTo(time);
    happenings.push({ nodes: [node], receivers: null, text });
  };
  const sent = (time: Millis, from: NodeId, to: NodeId, message: unknown, passes: boolean): void => {
    const text = names.label(message);
    if (text === null) return;
    moveTo(time);
    const same = happenings.find(
      (other) => other.text === text && other.nodes[0] === from && !hasReceiver(other, to),
    );
    if (same?.receivers) same.receivers.push({ id: to, passes });
    else happenings.push({ nodes: [from], receivers: [{ id: to, passes }], text });
  };
  const observer: Observer = {
    noted: (time, node, note) => happened(time, node, (names.describe ?? describeNote)(note, node)),
    sent: (time, from, to, messages, passes) => {
      for (const message of messages) sent(time, from, to, message, passes);
    },
    started: (time, node) => happened(time, node, time > 0 ? 'started' : null),
    crashed: (time, node) => happened(time, node, 'crashed'),
    linked: (time, node, peer, isUp) => {
      if (names.showsLinks === true)
        happened(time, node, `${isUp ? 'linked to' : 'lost'} ${names.nameOf(peer)}`);
    },
  };
  return {
    observer,
    say: (time, text) => {
      moveTo(time);
      flush();
      done.push(`${formatTime(time)} ${text}`);
    },
    lines: () => {
      flush();
      return done;
    },
  };
}

const hasReceiver = (happening: Happening, to: NodeId): boolean =>
  happening.receivers === null || happening.receivers.some(({ id }) => id === to);
