/**
 * What one client knows of nodes that only it writes: the acknowledged value and the ones that may have been written
 * since. Writes of one session take effect in order, so after an acknowledgement nothing older may be seen.
 */

export interface Ledger {
  /** A write of `value` (null: a delete) is about to be sent. */
  invoked(path: string, value: string | null): number;
  acknowledged(path: string, ticket: number): void;
  /** The server refused: it has no effect. */
  refused(path: string, ticket: number): void;
  /** What is wrong with finding `value` (null: no node) at `path` now, or null. */
  judge(path: string, value: string | null): string | null;
  readonly paths: Iterable<string>;
  readonly acknowledgements: number;
}

interface Entry {
  acknowledged: string | null;
  /** Sent after the acknowledged one, in order, and not refused. */
  open: { readonly ticket: number; readonly value: string | null }[];
}

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>();
  let tickets = 0;
  let acknowledgements = 0;
  const entry = (path: string): Entry => {
    const known = entries.get(path) ?? { acknowledged: null, open: [] };
    entries.set(path, known);
    return known;
  };
  return {
    invoked: (path, value) => {
      entry(path).open.push({ ticket: ++tickets, value });
      return tickets;
    },
    acknowledged: (path, ticket) => {
      const known = entry(path);
      const write = known.open.find((open) => open.ticket === ticket);
      if (write === undefined) return;
      acknowledgements++;
      known.acknowledged = write.value;
      known.open = known.open.filter((open) => open.ticket > ticket);
    },
    refused: (path, ticket) => {
      const known = entry(path);
      known.open = known.open.filter((open) => open.ticket !== ticket);
    },
    judge: (path, value) => {
      const { acknowledged, open } = entry(path);
      if (value === acknowledged || open.some((write) => write.value === value)) return null;
      const expected = [acknowledged, ...open.map((write) => write.value)];
      const show = (text: string | null): string => (text === null ? 'no node' : `'${text}'`);
      return `${path} holds ${show(value)}, not ${expected.map(show).join(' or ')}`;
    },
    get paths() {
      return entries.keys();
    },
    get acknowledgements() {
      return acknowledgements;
    },
  };
}
