/**
 * Reads a server's directories of ZooKeeper as a server does when it starts: the newest snapshot that is whole, and what
 * the logs say since. Files are read and never changed; the server should be stopped, or they be copies.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type DataFile,
  dataFile,
  flawWords,
  genesisFrom,
  type Image,
  isFlaw,
  logsAfter,
  type Migrated,
  readSnapshot,
  replayLog,
  snapshotsIn,
} from '@concordat/keeper';
import { CommandError, messageOf } from '../errors.ts';

interface Found extends DataFile {
  readonly path: string;
}

export interface Imported extends Migrated {
  readonly snapshot: string;
  /** Newer ones that are not whole, and why. */
  readonly passedOver: readonly string[];
  readonly logs: number;
  readonly transactions: number;
  /** Logs whose last record is not whole. */
  readonly torn: readonly string[];
}

/** What ZooKeeper calls the folder inside `dataDir` and `dataLogDir`. */
const FOLDER = 'version-2';
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** `places` are directories (`dataDir`, `dataLogDir` or the folders in them) and files; throws a `CommandError`. */
export function importFrom(places: readonly string[], tell: (line: string) => void): Imported {
  const files = places.flatMap(filesAt);
  const { path, image, zxid, passedOver } = newestSnapshot(files, tell);
  const replayed = replay(image, logsAfter(files, zxid), zxid, tell);
  const migrated = genesisFrom(image, replayed.zxid);
  if (isFlaw(migrated)) throw new CommandError('bad-import', migrated.flaw);
  return { ...migrated, snapshot: path, passedOver, ...replayed };
}

function filesAt(place: string): Found[] {
  try {
    if (!statSync(place).isDirectory()) return filesNamed([place]);
    const inner = join(place, FOLDER);
    const directory = readdirSync(place).includes(FOLDER) ? inner : place;
    return filesNamed(readdirSync(directory).map((name) => join(directory, name)));
  } catch (error) {
    throw new CommandError('no-import', `cannot read ${place}: ${messageOf(error)}`);
  }
}

const filesNamed = (paths: readonly string[]): Found[] =>
  paths.flatMap((path) => {
    const file = dataFile(basename(path));
    return file === null ? [] : [{ ...file, path }];
  });

/** Throws a `CommandError`, `bad-packing` where the file is there but cannot be unpacked. */
function bytesOf({ path, packing }: Found): Uint8Array {
  if (packing === 'snappy')
    throw new CommandError(
      'bad-import',
      `${path} is packed with snappy, which is not read`,
      'Have the server write another: set zookeeper.snapshot.compression.method to gz and restart it.',
    );
  const bytes = packedBytes(path);
  if (packing === null) return bytes;
  try {
    return plain(gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }));
  } catch (error) {
    throw new CommandError('bad-packing', `${path}: ${messageOf(error)}`);
  }
}

/** What is read becomes part of trees, where a `Buffer` would be another thing than equal bytes. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

function packedBytes(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw new CommandError('bad-import', `${path} is larger than 2 GiB`);
    return plain(readFileSync(path));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('no-import', `cannot read ${path}: ${messageOf(error)}`);
  }
}

interface Snapshot {
  readonly path: string;
  readonly image: Image;
  readonly zxid: number;
  readonly passedOver: string[];
}

function newestSnapshot(files: readonly Found[], tell: (line: string) => void): Snapshot {
  const passedOver: string[] = [];
  for (const file of snapshotsIn(files)) {
    tell(`reading ${file.path}`);
    const image = snapshotIn(file);
    if (typeof image !== 'string') return { path: file.path, image, zxid: file.zxid, passedOver };
    passedOver.push(image);
  }
  throw new CommandError(
    'no-import',
    passedOver.length === 0 ? 'there is no snapshot of ZooKeeper' : `no snapshot is whole: ${passedOver[0]}`,
    'Name the dataDir of a server, and its dataLogDir if it has one.',
  );
}

/** What is in a snapshot, or why it is not whole. */
function snapshotIn(file: Found): Image | string {
  try {
    const image = readSnapshot(bytesOf(file));
    return isFlaw(image) ? `${file.path}: ${flawWords(image)}` : image;
  } catch (error) {
    if (error instanceof CommandError && error.code === 'bad-packing') return error.message;
    throw error;
  }
}

function replay(
  image: Image,
  logs: readonly Found[],
  from: number,
  tell: (line: string) => void,
): Pick<Imported, 'logs' | 'transactions' | 'torn'> & { readonly zxid: number } {
  const torn: string[] = [];
  let [zxid, transactions] = [from, 0];
  for (const log of logs) {
    tell(`reading ${log.path}`);
    const found = replayLog(image, bytesOf(log), zxid);
    if (isFlaw(found)) throw new CommandError('bad-import', `${log.path}: ${flawWords(found)}`);
    if (found.isTorn) torn.push(log.path);
    zxid = found.zxid;
    transactions += found.transactions;
  }
  return { logs: logs.length, transactions, torn, zxid };
}
