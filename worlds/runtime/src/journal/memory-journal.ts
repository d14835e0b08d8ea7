/**
 * A journal that lasts as long as this operating-system process: for embedded clusters and benchmarks. What a member
 * has promised is lost with the process, and nobody could tell: a member that comes back with an empty one must come
 * back as a new member. Records outlive a host that was killed, so that a restart within the process recovers.
 */

import { assert, type Position } from '@concordat/kernel';
import type { Journal } from './journal.ts';

export interface MemoryDisk {
  /** Opens the journal that lies here, for one host at a time. */
  open(): Journal;
}

/** Small records lie together: memory of its own for each would cost more than the record. */
const SLAB_BYTES = 256 * 1024;
const SMALL_BYTES = 8 * 1024;

function createCopier(): (record: Uint8Array) => Uint8Array {
  let slab = new Uint8Array(0);
  let used = 0;
  return (record) => {
    if (record.length > SMALL_BYTES) return record.slice();
    if (used + record.length > slab.length) {
      slab = new Uint8Array(SLAB_BYTES);
      used = 0;
    }
    const copy = slab.subarray(used, used + record.length);
    used += record.length;
    copy.set(record);
    return copy;
  };
}

export function createMemoryDisk(): MemoryDisk {
  let first: Position = 0;
  let records: Uint8Array[] = [];
  let owner: Journal | null = null;
  const copy = createCopier();

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
    let recovered: Journal['recovered'] = { records: [...records], first, whole: true, losses: 0 };
    const journal: Journal = {
      get recovered() {
        return recovered;
      },
      forgetRecovered: () => {
        recovered = { ...recovered, records: [] };
      },
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
        return first + records.push(copy(record)) - 1;
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
