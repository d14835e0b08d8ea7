/**
 * Fetching a proven state from whoever has it, part by part, and serving one's own (PBFT, TOCS 2002, section 5.3; UpRight's
 * FetchCP and AppState). What proves the state fixes its digest, the digest fixes the manifest, the manifest each part, so
 * a lying source can waste one message at a time. Parts that the present state has already are not fetched.
 */

import type { Hash } from '@concordat/crypto';
import {
  type Digest,
  type Env,
  type Millis,
  type NodeId,
  PART_BYTES,
  type Progress,
  type Snapshot,
} from '@concordat/kernel';
import type { Manifest, Message, Part } from '../replica/messages.ts';
import type { Stable } from '../replica/state.ts';
import { type Checkpointed, type Execution, type Rebuild, rebuild, rootsOf } from './execution.ts';
import type { PartDigests } from './roots.ts';

export interface Fetching {
  readonly target: Stable;
  /** Who is being asked. */
  source: NodeId;
  askedAt: Millis;
  /** Sources asked in vain since the last part came. */
  silent: number;
  rebuild: Rebuild | null;
  /** Parts asked for and not yet here, with the time of asking, the oldest first. */
  readonly asked: Map<number, Millis>;
}

/** Who fetches. */
export interface Fetcher {
  readonly execution: Execution;
  readonly hash: Hash;
  /** Who may have the state, in ascending order; never this node itself. */
  readonly sources: readonly NodeId[];
  readonly retransmitMs: Millis;
}

/** Parts asked for at a time: about 1 MiB under way, since most parts are a quarter of `PART_BYTES`. */
const MAX_ASKED = (4 * 1024 * 1024) / PART_BYTES;

export function beginFetching(env: Env<Message>, target: Stable, source: NodeId): Fetching {
  env.note({ kind: 'state-transfer', slot: target.slot, peer: source });
  env.send(source, { type: 'fetch-manifest', slot: target.slot });
  return { target, source, askedAt: env.now, silent: 0, rebuild: null, asked: new Map() };
}

/** Parts that are here, of all; null while it is not known what they are. */
export const fetchedOf = ({ rebuild: built }: Fetching): Progress | null =>
  built && { done: built.parts - built.missing(built.parts).length, total: built.parts };

/** The source has not answered for so long that another is asked. */
const isSilent = (f: Fetching, { retransmitMs }: Fetcher, now: Millis): boolean =>
  now - f.askedAt >= 2 * retransmitMs;

/** True if nobody seems to have the target any more: sources keep the latest, and the one they are serving. */
export const isLost = (f: Fetching, by: Fetcher, now: Millis): boolean =>
  isSilent(f, by, now) && (f.rebuild === null || f.silent >= by.sources.length);

/** Asks again, or somebody else, for what does not come; true if nothing is missing. Called on every tick. */
export function urge(f: Fetching, by: Fetcher, env: Env<Message>): boolean {
  if (isSilent(f, by, env.now)) return askNext(f, by, env);
  let late = 0;
  for (const [part, at] of f.asked) {
    if (env.now - at < by.retransmitMs) break;
    // The source has given others their share first.
    f.asked.delete(part);
    late++;
  }
  return late > 0 && askForParts(f, env);
}

function askNext(f: Fetching, { sources }: Fetcher, env: Env<Message>): boolean {
  f.source = sources.find((id) => id > f.source) ?? (sources[0] as NodeId);
  f.askedAt = env.now;
  f.silent++;
  f.asked.clear();
  if (f.rebuild !== null) return askForParts(f, env);
  env.send(f.source, { type: 'fetch-manifest', slot: f.target.slot });
  return false;
}

/** True if nothing is missing. */
function askForParts(f: Fetching, env: Env<Message>): boolean {
  const missing = f.rebuild?.missing(MAX_ASKED) ?? [];
  for (const part of missing) {
    if (f.asked.size >= MAX_ASKED) break;
    if (f.asked.has(part)) continue;
    f.asked.set(part, env.now);
    env.send(f.source, { type: 'fetch-part', slot: f.target.slot, part });
  }
  return missing.length === 0;
}

const isMeant = (f: Fetching, from: NodeId, { slot }: Manifest | Part): boolean =>
  f.source === from && f.target.slot === slot;

/** Takes the list of parts; true if nothing is missing. */
export function takeManifest(
  f: Fetching,
  by: Fetcher,
  env: Env<Message>,
  from: NodeId,
  m: Manifest,
): boolean {
  if (!isMeant(f, from, m) || f.rebuild !== null) return false;
  const built = rebuild(by.execution, by.hash, f.target.state, m.parts, m.roots);
  if (built === null) {
    env.note({ kind: 'strike', peer: from, why: 'false manifest' });
    return askNext(f, by, env);
  }
  f.rebuild = built;
  return askForParts(f, env);
}

/** Takes one part; true if nothing is missing. */
export function takePart(f: Fetching, by: Fetcher, env: Env<Message>, from: NodeId, m: Part): boolean {
  if (!isMeant(f, from, m) || f.rebuild === null || !f.asked.delete(m.part)) return false;
  if (!f.rebuild.offer(m.part, m.bytes)) {
    env.note({ kind: 'strike', peer: from, why: 'false part' });
    return askNext(f, by, env);
  }
  f.askedAt = env.now;
  f.silent = 0;
  return askForParts(f, env);
}

/** The present state becomes the one that was fetched. All marks are gone with the former one. */
export function adopt({ execution }: Fetcher, { target, rebuild: built }: Fetching): void {
  built?.finish();
  execution.executed = target.slot;
  execution.history = target.history;
}

/** A checkpoint that is held because somebody fetches it. */
export interface Serving {
  readonly slot: number;
  readonly since: Millis;
  at: Millis;
}

/** It is held while it is fetched, but not longer than this in all. */
const SERVE_MS = 60_000;
const SERVE_IDLE_MS = 5_000;

export const isServed = (serving: Serving | null, now: Millis): boolean =>
  serving !== null && now - serving.at <= SERVE_IDLE_MS && now - serving.since <= SERVE_MS;

const digestsIn = (snapshot: Snapshot): Digest[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

/** What the parts of a checkpoint hash to. */
export const partDigests = ({ core, service }: Checkpointed): PartDigests => ({
  core: digestsIn(core),
  service: digestsIn(service),
});

export const manifestOf = (own: Checkpointed): Manifest => ({
  type: 'manifest',
  slot: own.slot,
  roots: rootsOf(own),
  parts: partDigests(own),
});

export const countParts = ({ core, service }: Checkpointed): number => core.parts + service.parts;

/** Bytes of one part, the core's first: good until the next is read. */
export const readPart = ({ core, service }: Checkpointed, part: number): Uint8Array =>
  part < core.parts ? core.read(part) : service.read(part - core.parts);

/** One part as a message, which may wait, as what is read may not; null if there is none. */
export const partMessage = (own: Checkpointed, part: number): Part | null =>
  part < countParts(own) ? { type: 'part', slot: own.slot, part, bytes: readPart(own, part).slice() } : null;
