/** Where changes become durable: a journal in a directory, tables of a database, or memory alone. Snapshots make it short. */

/** Called when something became durable, or nothing will any more; possibly from within `commit`. */
export interface LogListener {
  durable(): void;
  failed(error: Error): void;
}

export interface ChangeLog {
  /** Records of the latest snapshot, then the changes behind it; each read once. */
  readonly snapshot: AsyncIterable<Uint8Array> | null;
  readonly changes: AsyncIterable<Uint8Array>;
  listen(listener: LogListener): void;
  /** Changes appended so far, and how many of them are durable; both count from where this log began. */
  readonly end: number;
  readonly durable: number;
  append(change: Uint8Array): void;
  /** Sees to it that what was appended becomes durable: one sync or statement for all of it. */
  commit(): void;
  /**
   * Stores a snapshot that covers the changes before `end` as it is at the call, then lets go of those. Resolves when it is durable;
   * rejects with the failure and leaves what was there.
   */
  storeSnapshot(records: Iterable<Uint8Array>): Promise<void>;
  /** Makes everything durable and lets go of the data. */
  close(): Promise<void>;
}
