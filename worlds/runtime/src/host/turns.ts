/**
 * The turn (kernel env.ts): drain the inbox, `receive` each message, `settle` once, make the appends durable, then let
 * the sends leave as one write per peer. Turns start in the check phase of Node's loop, when every readable socket of
 * the poll phase has been read: so a turn is as large as the moment allows, without waiting for anything.
 *
 * A bug of the process (anything it throws) ends the loop: nothing more is sent.
 */

import type { Env, Job, Millis, NodeId, Note, Position, Prng, Process, Progress } from '@concordat/kernel';
import { asError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from './clock.ts';
import { createDepartures, type Route } from './departures.ts';
import { createRotation, type Rotation, type Sink } from './inbox.ts';
import { startStepwise } from './starting.ts';
import { createTimers, type Due, type Timers } from './timers.ts';

/** A way out together with how messages become bytes on it. */
export interface Exit<M> {
  readonly route: Route;
  readonly encoder: Encoder<M>;
  /** Leaves unread for a while what comes the other way. */
  mute(forMs: Millis): void;
}

export interface Encoder<M> {
  encode(message: M): Uint8Array;
}

/** What the host observes about turns. */
export interface TurnObserver {
  turn(durationMs: number, messages: number): void;
  synced(durationMs: number, records: number): void;
}

export interface TurnLoopOptions<S, M> {
  readonly self: NodeId;
  readonly process: Process<S, M>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Prng;
  readonly secret: (sizeBytes: number) => Uint8Array;
  readonly exit: (to: NodeId) => Exit<M> | undefined;
  readonly offload: (job: Job, ticket: number) => void;
  /** Does, or has done elsewhere, the jobs of the turn that has ended. */
  readonly flushJobs: () => void;
  readonly onNote: (note: Note) => void;
  readonly onHalt: (error: Error) => void;
  readonly observer: TurnObserver;
  /** The state's invariants are checked every so many turns; 0 for never. */
  readonly invariantsEvery: number;
  readonly onStarting: (progress: Progress) => void;
}

export interface TurnLoop<S, M> {
  readonly state: S;
  readonly members: Rotation<M>;
  readonly connections: Rotation<M>;
  /** Sees to it that a turn runs soon. */
  wake(): void;
  inject(action: (state: S, env: Env<M>) => void): void;
  completed(ticket: number, holds: boolean): void;
  /** Turns whose sends wait for the disk. */
  readonly held: number;
  /** Resolves once all that is appended by now is durable; with false if it never will be. */
  durable(): Promise<boolean>;
  /** Runs what is queued as a last turn; resolves when everything durable has left. */
  finish(): Promise<void>;
  /** Stops at once; nothing more is sent. */
  halt(error: Error): void;
}

const MEMBERS_BUDGET_BYTES = 4 * 1024 * 1024;
const CONNECTIONS_BUDGET_BYTES = 2 * 1024 * 1024;
/** With this many turns waiting for the disk, further ones would only pile up memory. */
const HELD_TURNS_MAX = 256;
/** Longest sleep that a Node timer takes. */
const SLEEP_MAX_MS = 2 ** 31 - 1;

type Action<S, M> = (state: S, env: Env<M>) => void;

/** What an `Env` does that belongs to the turn in which it is used. */
interface TurnActions<M> {
  now(): Millis;
  /** A message of null closes the connection. */
  depart(to: NodeId, message: M | null): void;
  departEarly(to: NodeId, message: M): void;
  release(position: Position): void;
}

function createEnv<S, M>(options: TurnLoopOptions<S, M>, timers: Timers, turn: TurnActions<M>): Env<M> {
  return {
    self: options.self,
    get now() {
      return turn.now();
    },
    random: options.random,
    secret: options.secret,
    send: turn.depart,
    sendEarly: turn.departEarly,
    close: (to) => turn.depart(to, null),
    mute: (from, forMs) => options.exit(from)?.mute(forMs),
    append: (record) => options.journal.append(record),
    release: turn.release,
    setTimer: (name, after) => timers.set(name, performance.now() + after),
    cancelTimer: (name) => timers.cancel(name),
    offload: options.offload,
    note: options.onNote,
  };
}

/** Starts the process, in a first turn that settles like any other. Rejects with what the process throws. */
export async function startTurnLoop<S, M>(options: TurnLoopOptions<S, M>): Promise<TurnLoop<S, M>> {
  const { process, journal, clock, observer } = options;
  const timers = createTimers();
  const departures = createDepartures();
  const members = createRotation<M>();
  const connections = createRotation<M>();
  const caches = new Map<Encoder<M>, Map<M, Uint8Array>>();
  let actions: Action<S, M>[] = [];
  let now: Millis = clock.now();
  let released = 0;
  let [messages, turns] = [0, 0];
  let isScheduled = false;
  /** A turn was due, but waits until the disk has caught up. */
  let isStalled = false;
  let isHalted = false;
  let isFinishing = false;
  let onDrained: (() => void) | null = null;
  let sleeper: NodeJS.Timeout | null = null;
  let sleepsUntil = Number.POSITIVE_INFINITY;

  const env = createEnv(options, timers, {
    now: () => now,
    depart: (to, message) => {
      const exit = exitTo(to);
      if (exit !== undefined)
        departures.add(exit.route, message === null ? null : encoded(exit.encoder, message));
    },
    departEarly: (to, message) => {
      const exit = exitTo(to);
      if (exit !== undefined) departures.addEarly(exit.route, encoded(exit.encoder, message));
    },
    release: (position) => {
      released = Math.max(released, position);
    },
  });
  const sink: Sink<M> = {
    message: (from, message) => {
      messages++;
      process.receive(state, env, from, message);
    },
    linked: (peer, isUp) => process.linked?.(state, env, peer, isUp),
  };
  journal.listen({ durable: onDurable, failed: halt, synced: observer.synced });
  const state = await startStepwise(process, env, journal.recovered, options.onStarting);
  process.settle(state, env);
  endTurn();
  // Later: results come in by the loop that is only now being made.
  setImmediate(options.flushJobs);
  armSleeper();

  return {
    state,
    members,
    connections,
    wake,
    inject: (action) => {
      actions.push(action);
      wake();
    },
    completed: (ticket, holds) => {
      actions.push(() => process.completed?.(state, env, ticket, holds));
      wake();
    },
    get held() {
      return departures.held;
    },
    durable: () => departures.durable(journal.end, journal.durable),
    finish,
    halt,
  };

  function wake(): void {
    if (isScheduled || isHalted || isFinishing) return;
    isScheduled = true;
    setImmediate(onImmediate);
  }

  function onImmediate(): void {
    isScheduled = false;
    if (isHalted || isFinishing) return;
    isStalled = departures.held >= HELD_TURNS_MAX;
    if (isStalled) return;
    runTurn();
    options.flushJobs();
    // PERF: what was checked at once is a turn of its own, but need not wait for the loop to come round (40 us idle).
    if (actions.length > 0 && !hasEnded() && departures.held < HELD_TURNS_MAX) {
      runTurn();
      options.flushJobs();
    }
    if (!members.isEmpty || !connections.isEmpty || actions.length > 0) wake();
  }

  function hasEnded(): boolean {
    return isHalted || isFinishing;
  }

  function runTurn(): void {
    const started = performance.now();
    const due = timers.due(started);
    const isIdle = due.length === 0 && actions.length === 0 && members.isEmpty && connections.isEmpty;
    // A timer that was moved after the sleep began: nothing happened, so there is no turn.
    if (isIdle) {
      armSleeper();
      return;
    }
    try {
      turnBody(due);
    } catch (error) {
      halt(asError(error));
      return;
    }
    armSleeper();
    observer.turn(performance.now() - started, messages);
  }

  function turnBody(due: readonly Due[]): void {
    now = clock.now();
    messages = 0;
    const queued = actions;
    actions = [];
    for (const action of queued) action(state, env);
    members.drain(sink, MEMBERS_BUDGET_BYTES);
    connections.drain(sink, CONNECTIONS_BUDGET_BYTES);
    // After the messages: a stall of this machine must not look like the silence of others.
    for (const timer of due) if (timers.fire(timer)) process.timeout(state, env, timer.name);
    process.settle(state, env);
    turns++;
    if (options.invariantsEvery > 0 && turns % options.invariantsEvery === 0) process.invariants?.(state);
    endTurn();
  }

  function endTurn(): void {
    for (const cache of caches.values()) if (cache.size > 0) cache.clear();
    departures.seal(journal.end, released);
    released = 0;
    // PERF: where the disk has nothing to do, early sends leave in one write with the others.
    if (journal.end > journal.durable) {
      departures.leaveEarly();
      journal.commit();
    }
    leave();
  }

  function leave(): void {
    if (isHalted) return;
    const position = departures.leave(journal.durable);
    if (position > 0) journal.release(position);
  }

  function onDurable(): void {
    leave();
    if (departures.held === 0 && journal.durable === journal.end) onDrained?.();
    if (isStalled) wake();
  }

  function exitTo(to: NodeId): Exit<M> | undefined {
    const exit = options.exit(to);
    if (exit === undefined) options.onNote({ kind: 'no-such-peer', to });
    return exit;
  }

  /** A broadcast is encoded once per turn, and at the call: the message may hold views of state that changes later. */
  function encoded(encoder: Encoder<M>, message: M): Uint8Array {
    let cache = caches.get(encoder);
    if (cache === undefined) {
      cache = new Map();
      caches.set(encoder, cache);
    }
    const known = cache.get(message);
    if (known !== undefined) return known;
    const bytes = encoder.encode(message);
    cache.set(message, bytes);
    return bytes;
  }

  function armSleeper(): void {
    const next = timers.next();
    if (next >= sleepsUntil || isHalted || isFinishing) return;
    if (sleeper !== null) clearTimeout(sleeper);
    sleepsUntil = next;
    const wait = Math.ceil(next - performance.now());
    sleeper = setTimeout(onSleeper, Math.min(SLEEP_MAX_MS, Math.max(0, wait)));
  }

  function onSleeper(): void {
    sleeper = null;
    sleepsUntil = Number.POSITIVE_INFINITY;
    wake();
  }

  async function finish(): Promise<void> {
    if (isHalted) return;
    runTurn();
    isFinishing = true;
    if (sleeper !== null) clearTimeout(sleeper);
    if (isHalted || (departures.held === 0 && journal.durable === journal.end)) return;
    await new Promise<void>((resolve) => {
      onDrained = resolve;
    });
  }

  function halt(error: Error): void {
    if (isHalted) return;
    isHalted = true;
    departures.discard();
    if (sleeper !== null) clearTimeout(sleeper);
    onDrained?.();
    options.onHalt(error);
  }
}
