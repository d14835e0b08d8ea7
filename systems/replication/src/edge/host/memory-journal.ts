/**
 * A journal that lasts as long as this operating-system process: for embedded clusters and benchmarks. What a member
 * has promised is lost with the process, and nobody could tell: a member that comes back with an empty one must come
 * back as a new member. Records outlive a host that was killed, so that a restart within the process recovers.
 */

import { assert, type Position } from '@concordat/kernel';
import type { Journal } from '@concordat/runtime';

export interface MemoryDisk {
  /** Opens the journal that lies here, for one host at a time. */
  open(): Journal;
}

export function createMemoryDisk(): MemoryDisk {
  let first: Position = 0;
  let records: Uint8Array[] = [];
  let owner: Journal | null = null;

  const release = (position: Position): void => {
    // Released one by one the array would be copied as often: it is cut when half of it is gone.
    const gone = position - first;
    if (gone < records.length / 2) return;
    records = records.slice(gone);
    first += gone;
  };
  const open = (): Journal => {
    assert(owner === null, 'a journal has one owner');
    const leave = async (): Promise<void> => {
      if (owner === journal) owner = null;
    };
    const journal: Journal = {
      recovered: { records: [...records], first, whole: true, losses: 0 },
      reason: '',
      get end() {
        return first + records.length;
      },
      // At once: there is nothing to wait for.
      get durable() {
        return first + records.length;
      },
      listen: () => {},
      append: (record) => {
        assert(owner === journal, 'only the owner appends');
        return first + records.push(record.slice()) - 1;
      },
      commit: () => {},
      release,
      abandon: leave,
      close: leave,
    };
    owner = journal;
    return journal;
  };
  return { open };
}
