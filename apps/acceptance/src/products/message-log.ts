/**
 * What Kafka's own verifiable producer and consumer say, a line of JSON for each message, and whether it agrees. A program of
 * ours says the same of BookKeeper: there a partition is a ledger, and an offset the number of an entry.
 */

export interface LogEntry {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

interface Event extends LogEntry {
  readonly name: string;
}

/** Lines of logs among them are no events. */
function readEvents(lines: readonly string[], name: string): LogEntry[] {
  return lines.flatMap((line): LogEntry[] => {
    if (!line.startsWith('{') || !line.includes(`"${name}"`)) return [];
    const { value, partition, offset }: Event = JSON.parse(line);
    return [{ value, partition, offset }];
  });
}

export const readAcknowledged = (lines: readonly string[]): LogEntry[] =>
  readEvents(lines, 'producer_send_success');

export const readConsumed = (lines: readonly string[]): LogEntry[] => readEvents(lines, 'record_data');

export interface LogVerdict {
  /** Acknowledged, and never consumed. */
  readonly missing: number;
  /** Consumed from another place than that which was acknowledged, or not only from there. */
  readonly moved: number;
}

/** A message may be consumed again from its place: groups of consumers go back when they are shared out anew. */
export function checkLog(acknowledged: readonly LogEntry[], consumed: readonly LogEntry[]): LogVerdict {
  const places = new Map<string, Set<string>>();
  for (const { value, partition, offset } of consumed) {
    const at = places.get(value) ?? new Set();
    places.set(value, at.add(`${partition} ${offset}`));
  }
  let missing = 0;
  let moved = 0;
  for (const { value, partition, offset } of acknowledged) {
    const at = places.get(value);
    if (at === undefined) missing++;
    else if (at.size > 1 || !at.has(`${partition} ${offset}`)) moved++;
  }
  return { missing, moved };
}

/** How many were read after one that is as great, or greater: for messages that are numbers and are read in their order. */
export const countDisordered = (consumed: readonly LogEntry[]): number =>
  consumed.filter(({ value }, i) => i > 0 && !(Number(value) > Number(consumed[i - 1]?.value))).length;
