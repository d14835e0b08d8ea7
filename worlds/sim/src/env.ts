/**
 * The `Env` of a simulated run. It only collects what the turn wants done; `turn.ts` does it when the turn ends.
 */

import { assert, type Job, type NodeId, type Prng } from '@concordat/kernel';
import { trueSpan } from './clock.ts';
import { appendRecord } from './disk.ts';
import { emitNote, type Frame, type HostEnv, type Run, type Sim, type Timer } from './host.ts';
import { connect } from './links.ts';
import { muteSender } from './muting.ts';
import type { Link } from './network.ts';
import { arePeers, callPeer, isOver } from './peers.ts';

/** The link to `to`; a message of a connection or a peer makes it, also anew once a break is known. Null if there is none. */
function linkTo(sim: Sim, run: Run, to: NodeId): Link | null {
  const { host } = run;
  const known = host.links.get(to);
  if (known !== undefined && !(known.pair.isPeer ? isOver(sim, known) : known.pair.isGone && !known.toldUp))
    return known;
  const peer = sim.hosts.get(to);
  if (peer === undefined || peer === host) return known ?? null;
  if (arePeers(host, peer)) return callPeer(sim, host, peer);
  if (host.options.link !== 'connection') return known ?? null;
  connect(sim, host, peer);
  return host.links.get(to) ?? null;
}

const createFrame = (link: Link, first: unknown): Frame => ({
  kind: 'frame',
  link,
  epoch: 0,
  items: [first],
  isEncoded: link.from.options.codec !== undefined,
  sizeBytes: 0,
});

/** Adds a message, or its bytes, to the turn's frame on `link`. */
function draft(run: Run, link: Link, isEarly: boolean, item: unknown): Frame {
  const open = isEarly ? link.earlyDraft : link.draft;
  if (open !== null) {
    open.items.push(item);
    return open;
  }
  const frame = createFrame(link, item);
  if (link.pair.isPeer) link.pair.drafts++;
  if (isEarly) {
    link.earlyDraft = frame;
    run.early.push(frame);
  } else {
    link.draft = frame;
    run.frames.push(frame);
  }
  return frame;
}

/** Encodes a message, once for all its receivers of a turn. */
function encode(run: Run, message: unknown): Uint8Array | null {
  const { codec } = run.host.options;
  if (codec === undefined) return null;
  if (message !== run.encodedFrom || run.encoded === null) {
    run.encoded = codec.encode(message);
    run.encodedFrom = message;
  }
  return run.encoded;
}

function setTimer(sim: Sim, run: Run, name: string, after: number): void {
  assert(after >= 0 && Number.isFinite(after), 'a timer is set a finite time ahead');
  let timer = run.timers.get(name);
  if (timer === undefined) {
    timer = createTimer(run, name);
    run.timers.set(name, timer);
  }
  timer.isDue = false;
  timer.deadline = sim.now + trueSpan(run.host.clock, after);
  // An event that comes up too soon looks at the deadline and waits on: re-arming costs nothing.
  if (timer.queuedAt <= timer.deadline) return;
  timer.queuedAt = timer.deadline;
  sim.queue.push(timer.deadline, timer);
}

const createTimer = (run: Run, name: string): Timer => ({
  kind: 'timer',
  run,
  name,
  deadline: Number.POSITIVE_INFINITY,
  queuedAt: Number.POSITIVE_INFINITY,
  isDue: false,
});

function cancelTimer(run: Run, name: string): void {
  const timer = run.timers.get(name);
  if (timer === undefined) return;
  timer.deadline = Number.POSITIVE_INFINITY;
  timer.isDue = false;
}

/** When work of `costUs` on the cores for jobs is done. */
function finishJob(sim: Sim, run: Run, costUs: number): number {
  if (costUs === 0) return sim.now;
  const { workersFreeAt, host } = run;
  if (host.cpu.workers === 0) {
    run.spentUs += costUs;
    return sim.now + run.spentUs / 1000;
  }
  while (workersFreeAt.length < host.cpu.workers) workersFreeAt.push(0);
  let idlest = 0;
  for (let i = 1; i < workersFreeAt.length; i++) if (workersFreeAt[i]! < workersFreeAt[idlest]!) idlest = i;
  const doneAt = Math.max(sim.now + run.spentUs / 1000, workersFreeAt[idlest]!) + costUs / 1000;
  workersFreeAt[idlest] = doneAt;
  host.busy.jobsMs += costUs / 1000;
  return doneAt;
}

function offload(sim: Sim, run: Run, job: Job, ticket: number): void {
  const { verify } = run.host.options;
  assert(verify !== undefined, 'a node that offloads checks is given a `verify`');
  const holds = job.checks.every((check) => verify(check));
  const doneAt = finishJob(sim, run, job.checks.length * run.host.cpu.verifyUs);
  sim.queue.push(doneAt, { kind: 'completion', run, ticket, holds });
}

function secretBytes(random: Prng, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = random.below(256);
  return bytes;
}

/** Nobody, nobody any more, or nobody reachable goes by that name. */
function loseMessage(sim: Sim, run: Run, to: NodeId, message: unknown): void {
  const { id } = run.host;
  if (!sim.hosts.has(to)) emitNote(sim, id, { kind: 'no-such-peer', to });
  for (const observer of sim.observers) observer.sent?.(sim.now, id, to, [message], false);
}

/** Adds a message to the turn's frame for `to`. */
function post(sim: Sim, run: Run, to: NodeId, message: unknown, isEarly: boolean): void {
  assert(run.inTurn, 'a process acts within its turns');
  const link = linkTo(sim, run, to);
  if (link === null) {
    loseMessage(sim, run, to, message);
    return;
  }
  const bytes = encode(run, message);
  const frame = draft(run, link, isEarly, bytes ?? message);
  frame.sizeBytes += bytes?.length ?? run.host.options.sizeOf?.(message) ?? 0;
}

/** The `Env` of one run; `run` is complete but for it. */
export function createEnv(sim: Sim, run: Run, random: Prng): HostEnv {
  const secrets = random.fork('secret');
  return {
    self: run.host.id,
    now: 0,
    random,
    secret: (sizeBytes) => secretBytes(secrets, sizeBytes),
    send: (to, message) => post(sim, run, to, message, false),
    sendEarly: (to, message) => post(sim, run, to, message, true),
    close: (to) => run.closing.push(to),
    mute: (from, forMs) => muteSender(sim, run, from, forMs),
    append: (record) => {
      assert(run.inTurn, 'a process acts within its turns');
      run.spentUs += run.host.cpu.appendUs + run.host.cpu.byteUs * record.length;
      return appendRecord(run.host.disk, record);
    },
    release: (position) => {
      run.releaseTo = Math.max(run.releaseTo, position);
    },
    setTimer: (name, after) => setTimer(sim, run, name, after),
    cancelTimer: (name) => cancelTimer(run, name),
    offload: (job, ticket) => offload(sim, run, job, ticket),
    note: (note) => emitNote(sim, run.host.id, note),
  };
}
