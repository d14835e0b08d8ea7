/**
 * Calls that nobody waits for any more. They are sent on until they are known to be executed, because a client's requests execute
 * without gaps; a result of a later one proves that. From then on the replicas need not keep the reply, if they still do:
 * they drop what a client leaves unacknowledged beyond a bound (`../request.ts`), and a client that waited for such a reply
 * would get no further.
 */

export interface Numbered {
  nextSeq: number;
  /** What happened up to here is known, or nobody wants to know it. */
  acked: number;
  /** Without a result. */
  readonly calls: Map<number, unknown>;
  /** The last call with a result. */
  latest: number;
  /** Those of the calls that nobody waits for. */
  readonly abandoned: Set<number>;
  /** Calls that were executed and are waited for no more; taken by whoever counts what is under way. */
  lost: number[];
}

export const numbered = (): Omit<Numbered, 'calls'> => ({
  nextSeq: 1,
  acked: 0,
  latest: 0,
  abandoned: new Set(),
  lost: [],
});

/** Notes that the result of a call is known. */
export function noteResult(s: Numbered, seq: number): void {
  s.calls.delete(seq);
  s.abandoned.delete(seq);
  s.latest = Math.max(s.latest, seq);
  letGo(s);
}

/** Nobody waits for this call any more. */
export function abandon(s: Numbered, seq: number): void {
  if (!s.calls.has(seq)) return;
  s.abandoned.add(seq);
  letGo(s);
}

function letGo(s: Numbered): void {
  for (const seq of s.abandoned) {
    if (seq > s.latest) continue;
    s.abandoned.delete(seq);
    s.calls.delete(seq);
    s.lost.push(seq);
  }
  // Results of later requests may come first; what is acknowledged has no gaps.
  while (s.acked + 1 < s.nextSeq && !s.calls.has(s.acked + 1)) s.acked += 1;
}

/** Takes the calls that are under way no more, and never had a result. */
export function takeLost(s: Numbered): readonly number[] {
  const { lost } = s;
  if (lost.length > 0) s.lost = [];
  return lost;
}
