/** Which of the files in ZooKeeper's directories are needed, by their names: `snapshot.ZXID` and `log.ZXID`. */

export interface DataFile {
  readonly name: string;
  readonly kind: 'snapshot' | 'log';
  /** Of a snapshot the last transaction that is surely in it, of a log its first. */
  readonly zxid: number;
  /** What it is packed with. */
  readonly packing: 'gz' | 'snappy' | null;
}

const NAME = /^(snapshot|log)\.([0-9a-f]{1,14})(?:\.(gz|snappy))?$/;

/** Null for what is no data file of ZooKeeper. */
export function dataFile(name: string): DataFile | null {
  const [, kind, hex = '', packing] = NAME.exec(name) ?? [];
  const zxid = Number.parseInt(hex, 16);
  if (kind === undefined || !Number.isSafeInteger(zxid)) return null;
  return {
    name,
    kind: kind === 'log' ? 'log' : 'snapshot',
    zxid,
    packing: packing === 'gz' || packing === 'snappy' ? packing : null,
  };
}

/** The newest first: the next is for where one cannot be read, as a server that ended while it wrote leaves it. */
export const snapshotsIn = <F extends DataFile>(files: readonly F[]): F[] =>
  files.filter(({ kind }) => kind === 'snapshot').sort((a, b) => b.zxid - a.zxid);

/** Logs in order, from the one on that may hold the transaction after `zxid`. */
export function logsAfter<F extends DataFile>(files: readonly F[], zxid: number): F[] {
  const logs = files.filter(({ kind }) => kind === 'log').sort((a, b) => a.zxid - b.zxid);
  const first = logs.findLastIndex((log) => log.zxid <= zxid + 1);
  return logs.slice(Math.max(first, 0));
}
