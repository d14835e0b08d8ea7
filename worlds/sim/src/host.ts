/**
 * The records of a simulated world: hosts (machines, which outlive crashes), runs (one life of a process on a host),
 * and what waits in the event queue. Functions over them live in the files named after what they do.
 */

import type {
  Env,
  MessageCodec,
  Millis,
  NodeId,
  Note,
  Position,
  Prng,
  Process,
  SignatureCheck,
} from '@concordat/kernel';
import type { Clock, ClockOptions } from './clock.ts';
import type { CpuCosts } from './cpu.ts';
import type { Disk, DiskOptions } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { Link, LinkOptions, Network, Pair } from './network.ts';

/**
 * A node to be. A world holds nodes of many kinds of state and message; here and in `Process` these occur in methods
 * only, so that a node of any kind is also one of unknown kind.
 */
export interface NodeOptions<S, M> {
  readonly id: NodeId;
  readonly process: Process<S, M>;
  /** When given, messages travel as bytes: encoded by the sender's codec, decoded by the receiver's. */
  readonly codec?: MessageCodec<M>;
  /** Bytes that a message takes which travels as it is, without a codec; 0 for all by default. */
  sizeOf?(message: M): number;
  /** Answers the checks of offloaded jobs. */
  readonly verify?: (check: SignatureCheck) => boolean;
  readonly disk?: DiskOptions;
  readonly clock?: ClockOptions;
  readonly cpu?: CpuCosts;
  /**
   * Members are linked to all members; a connection is linked by `connect`, or by its first message; a peer is linked
   * with another peer, or a member, by the first message either sends (`peers.ts`). Default member.
   */
  readonly link?: 'member' | 'connection' | 'peer';
  /** The line that all its links share on the way out, as a home has it. Default unlimited. */
  readonly uploadBytesPerMs?: number;
  /** Default true. */
  readonly start?: boolean;
  /** True for adversaries: a throw halts the node instead of failing the run. Default false. */
  readonly mayFail?: boolean;
}

/** A frame on its way: the messages of one turn to one peer. It is also the event of its own arrival. */
export interface Frame {
  readonly kind: 'frame';
  readonly link: Link;
  epoch: number;
  /** Messages, or their bytes when the sender has a codec. */
  readonly items: unknown[];
  readonly isEncoded: boolean;
  sizeBytes: number;
}

export interface Timer {
  readonly kind: 'timer';
  readonly run: Run;
  readonly name: string;
  /** True time at which to fire; infinite when cancelled. */
  deadline: Millis;
  /** When the queued event that counts comes up; infinite when none is queued. */
  queuedAt: Millis;
  /** It fired and waits in the inbox. */
  isDue: boolean;
}

export interface Completion {
  readonly kind: 'completion';
  readonly run: Run;
  readonly ticket: number;
  readonly holds: boolean;
}

export interface LinkNews {
  readonly kind: 'linked';
  readonly pair: Pair;
  readonly peer: NodeId;
  readonly isUp: boolean;
}

/** A call from outside the world, run inside a turn. */
export interface Call {
  readonly kind: 'call';
  act(state: unknown, env: Env<unknown>): void;
}

export type Input = Frame | Timer | Completion | LinkNews | Call;

/** What a turn leaves behind: it takes effect when the turn ends, and in part when its appends are durable. */
export interface Outgoing {
  readonly kind: 'turn-end';
  readonly run: Run;
  readonly frames: readonly Frame[];
  readonly early: readonly Frame[];
  /** Everything before this must be durable before `frames` leave. */
  readonly durableAt: Position;
  readonly releaseTo: Position;
  readonly closing: readonly NodeId[];
}

export type SimEvent =
  | Frame
  | Timer
  | Completion
  | Outgoing
  | { readonly kind: 'turn'; readonly run: Run }
  | { readonly kind: 'synced'; readonly run: Run; readonly to: Position }
  | { readonly kind: 'pair'; readonly pair: Pair; readonly version: number }
  | { readonly kind: 'act'; readonly act: () => void };

/** The `Env` a host hands to its process; the host moves `now` at each turn. */
export type HostEnv = Omit<Env<unknown>, 'now'> & { now: Millis };

/** One life of a process: from a start to a crash. */
export interface Run {
  readonly host: Host;
  readonly env: HostEnv;
  state: unknown;
  isAlive: boolean;
  hasStarted: boolean;
  inTurn: boolean;
  inbox: Input[];
  /** Bytes of the frames in the inbox. */
  inboxBytes: number;
  hasDueTimer: boolean;
  /** True time until which what others send is lost on arrival, by their names. */
  readonly mutedUntil: Map<NodeId, Millis>;
  /** A turn was due, but so many wait for the disk that it has to wait, too. */
  isStalled: boolean;
  isTurnQueued: boolean;
  readonly turnEvent: SimEvent;
  /** When the core is free again. */
  busyTo: Millis;
  /** CPU time of the current turn so far, in microseconds. */
  spentUs: number;
  workersFreeAt: Millis[];
  readonly timers: Map<string, Timer>;
  /** Turns whose frames wait for the disk, in order. */
  pending: Outgoing[];
  /** The current turn's effects. */
  frames: Frame[];
  early: Frame[];
  closing: NodeId[];
  releaseTo: Position;
  /** The journal's end after the latest turn that had effects. */
  lastDurableAt: Position;
  /** The message encoded last in this turn, and its bytes. */
  encodedFrom: unknown;
  encoded: Uint8Array | null;
}

export interface Host {
  readonly id: NodeId;
  readonly options: NodeOptions<unknown, unknown>;
  readonly disk: Disk;
  readonly clock: Clock;
  cpu: CpuCosts;
  /** By what this host calls the peer. */
  readonly links: Map<NodeId, Link>;
  /** With so many links, those of peers that are idle are looked for. */
  sweepAt: number;
  /** Directions that are cut, and that differ from the network's properties. */
  readonly cutTo: Set<Host>;
  /** On which side of each partition it is, and whom it reaches nevertheless (`partitions.ts`). */
  sides: number[];
  readonly openTo: Set<Host>;
  readonly linkOptions: Map<Host, LinkOptions>;
  run: Run | null;
  lives: number;
  /** CPU time used so far, over all lives. */
  readonly busy: { turnsMs: Millis; jobsMs: Millis };
  /** Bytes of frames that left on a link and that its turns took in, over all lives. */
  readonly traffic: { sentBytes: number; receivedBytes: number };
  /** When the upload line is free again. */
  uploadFreeAt: Millis;
  /** The next turn with effects is cut short by a power loss. */
  crashesInTurn: boolean;
}

export interface NotedAt {
  readonly at: Millis;
  readonly node: NodeId;
  readonly note: Note;
}

/** Watches a world; must not change it. */
export interface Observer {
  noted?(at: Millis, node: NodeId, note: Note): void;
  /** A frame's message reached its receiver's turn. */
  delivered?(at: Millis, from: NodeId, to: NodeId, message: unknown): void;
  /** A frame left its sender; it is lost at once if it does not pass. */
  sent?(at: Millis, from: NodeId, to: NodeId, messages: readonly unknown[], passes: boolean): void;
  started?(at: Millis, node: NodeId): void;
  crashed?(at: Millis, node: NodeId): void;
  linked?(at: Millis, node: NodeId, peer: NodeId, isUp: boolean): void;
}

export interface Sim {
  now: Millis;
  readonly seed: number;
  readonly queue: EventQueue<SimEvent>;
  readonly hosts: Map<NodeId, Host>;
  readonly network: Network;
  readonly observers: Observer[];
  readonly notes: NotedAt[];
  readonly keepsNotes: boolean;
  readonly random: Prng;
  readonly checksInvariants: boolean;
  deliveredMessages: number;
  handledEvents: number;
  /** Since all was healed. */
  partitions: number;
  /** What the next connection made anew is called. */
  nextName: NodeId;
}

/** A process threw: a bug of the process (or of a test), seen at this node and time. */
export class ProcessFailure extends Error {
  override readonly name = 'ProcessFailure';
  readonly node: NodeId;
  readonly at: Millis;

  constructor(node: NodeId, at: Millis, cause: unknown) {
    super(`node ${node} at ${at} ms: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.node = node;
    this.at = at;
  }
}

export function emitNote(sim: Sim, node: NodeId, note: Note): void {
  if (sim.keepsNotes) sim.notes.push({ at: sim.now, node, note });
  for (const observer of sim.observers) observer.noted?.(sim.now, node, note);
}
