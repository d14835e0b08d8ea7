/**
 * What every journal promises to `Env.append`, `Env.release` and `Process.start`, whether on a real disk or a
 * simulated one: what was synced survives, in order and at its position; what was lost is known to be lost.
 */

import type { Position } from '../env.ts';
import type { Recovered } from '../process.ts';
import { type AsyncComplianceCase, require, requireEqual, sameBytes } from './cases.ts';

/** One node's journal, initialised and closed. */
export interface JournalDriver {
  /** Opens the journal as a starting process does. */
  open(): Promise<Recovered>;
  append(record: Uint8Array): Position;
  release(position: Position): void;
  /** Resolves when everything appended and released before is durable. */
  sync(): Promise<void>;
  /** The process dies: an orderly close never happens, appends that were not synced may be lost. Closes the journal. */
  crash(): Promise<void>;
  /** Damages one durable record that is not the last one, while closed. */
  corrupt(): Promise<void>;
  /** All data disappears, while closed; the operator starts the node as if nothing had happened. */
  wipe(): Promise<void>;
  /** Cuts the last record in half, while closed, as a power failure in the middle of a write does. */
  tear?(): Promise<void>;
}

/** `create` initialises a journal for a new node; it is called once per case. */
export function journalSuite(create: () => Promise<JournalDriver>): AsyncComplianceCase[] {
  const on = (run: (journal: JournalDriver) => Promise<void>) => async () => run(await create());
  return [
    { name: 'a new journal is empty and whole', run: on(fresh) },
    { name: 'synced records survive a crash, in order and at their positions', run: on(survival) },
    { name: 'a crash loses nothing but a tail of what was not synced', run: on(unsynced) },
    { name: 'positions go on after a restart', run: on(positions) },
    { name: 'empty and large records come back as they were', run: on(sizes) },
    { name: 'released records go, the others stay at their positions', run: on(released) },
    { name: 'a journal that was released to its end goes on', run: on(releasedAll) },
    { name: 'a damaged record makes the journal not whole and never comes back changed', run: on(corrupted) },
    { name: 'a wiped journal is not whole', run: on(wiped) },
    { name: 'a torn tail is cut off', run: on(torn) },
  ];
}

/** Record i, told from all others; sizes vary so that records straddle whatever blocks there are. */
function recordOf(i: number, sizeBytes = 20 + ((i * 97) % 3000)): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = at < 4 ? i >>> (8 * at) : (i * 31 + at * 7) & 0xff;
  return bytes;
}

function appendAll(journal: JournalDriver, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    requireEqual(String(journal.append(recordOf(i))), String(i), 'positions count records from 0');
  }
}

/** Every recovered record is the one that was appended at its position. */
function requireTrue(recovered: Recovered): void {
  recovered.records.forEach((record, i) => {
    require(sameBytes(record, recordOf(recovered.first + i)), 'a record comes back as it was appended');
  });
}

const endOf = (recovered: Recovered): Position => recovered.first + recovered.records.length;

async function fresh(journal: JournalDriver): Promise<void> {
  const recovered = await journal.open();
  requireEqual(String(recovered.records.length), '0', 'a new journal is empty');
  requireEqual(String(recovered.first), '0', 'positions start at 0');
  require(recovered.whole, 'a new journal is whole');
  await journal.crash();
  require((await journal.open()).whole, 'a journal without records is still whole after a crash');
  await journal.crash();
}

async function survival(journal: JournalDriver): Promise<void> {
  await journal.open();
  appendAll(journal, 0, 50);
  await journal.sync();
  await journal.crash();
  const recovered = await journal.open();
  requireEqual(`${recovered.first} to ${endOf(recovered)}`, '0 to 50', 'all synced records survive');
  requireTrue(recovered);
  require(recovered.whole, 'a crash leaves the journal whole');
  await journal.crash();
}

async function unsynced(journal: JournalDriver): Promise<void> {
  await journal.open();
  appendAll(journal, 0, 20);
  await journal.sync();
  appendAll(journal, 20, 40);
  await journal.crash();
  const recovered = await journal.open();
  const end = endOf(recovered);
  require(recovered.first === 0 &&
    end >= 20 &&
    end <= 40, 'what survives is a prefix with everything synced');
  requireTrue(recovered);
  require(recovered.whole, 'a lost tail that nobody relied on leaves the journal whole');
  await journal.crash();
}

async function positions(journal: JournalDriver): Promise<void> {
  let end = 0;
  for (let round = 0; round < 4; round++) {
    const recovered = await journal.open();
    requireEqual(
      `${recovered.first} to ${endOf(recovered)}`,
      `0 to ${end}`,
      'earlier records are still there',
    );
    requireTrue(recovered);
    appendAll(journal, end, end + 7);
    end += 7;
    await journal.sync();
    await journal.crash();
  }
}

async function sizes(journal: JournalDriver): Promise<void> {
  const records = [0, 1, 65_535, 65_536, 1024 * 1024, 0, 3].map((size, i) => recordOf(i, size));
  await journal.open();
  for (const record of records) {
    const reused = record.slice();
    journal.append(reused);
    reused.fill(0xee);
  }
  await journal.sync();
  await journal.crash();
  const recovered = await journal.open();
  requireEqual(String(recovered.records.length), String(records.length), 'records of every size survive');
  recovered.records.forEach((record, i) => {
    require(sameBytes(record, records[i] as Uint8Array), 'a record comes back as it was appended');
  });
  await journal.crash();
}

async function released(journal: JournalDriver): Promise<void> {
  await journal.open();
  let end = 0;
  let first = 0;
  // Journals may reclaim space coarsely, but not never: some megabytes later the first records are gone.
  for (let round = 0; round < 40; round++) {
    appendAll(journal, end, end + 200);
    end += 200;
    journal.release(end - 100);
    await journal.sync();
    await journal.crash();
    const recovered = await journal.open();
    require(recovered.first <= end - 100, 'records that are not released stay');
    require(recovered.first >= first, 'what is gone stays gone');
    requireEqual(String(endOf(recovered)), String(end), 'records keep their positions when earlier ones go');
    requireTrue(recovered);
    require(recovered.whole, 'a release leaves the journal whole');
    first = recovered.first;
  }
  require(first > 0, 'released records go in the end');
  await journal.crash();
}

async function releasedAll(journal: JournalDriver): Promise<void> {
  await journal.open();
  appendAll(journal, 0, 10);
  journal.release(10);
  await journal.sync();
  await journal.crash();
  requireEqual(String(endOf(await journal.open())), '10', 'the end stays when all records are released');
  appendAll(journal, 10, 12);
  await journal.sync();
  await journal.crash();
  const recovered = await journal.open();
  requireEqual(String(endOf(recovered)), '12', 'positions go on after everything was released');
  requireTrue(recovered);
  require(recovered.whole, 'a release of everything leaves the journal whole');
  await journal.crash();
}

async function corrupted(journal: JournalDriver): Promise<void> {
  await journal.open();
  appendAll(journal, 0, 30);
  await journal.sync();
  await journal.crash();
  await journal.corrupt();
  const recovered = await journal.open();
  require(!recovered.whole, 'a journal with a damaged record is not whole');
  requireTrue(recovered);
  await journal.crash();
}

async function wiped(journal: JournalDriver): Promise<void> {
  await journal.open();
  appendAll(journal, 0, 5);
  await journal.sync();
  await journal.crash();
  await journal.wipe();
  const recovered = await journal.open();
  require(!recovered.whole, 'a journal whose data disappeared is not whole');
  requireEqual(String(recovered.records.length), '0', 'a wiped journal is empty');
  await journal.crash();
}

async function torn(journal: JournalDriver): Promise<void> {
  if (journal.tear === undefined) return;
  await journal.open();
  appendAll(journal, 0, 10);
  await journal.sync();
  await journal.crash();
  await journal.tear();
  const recovered = await journal.open();
  requireEqual(`${recovered.first} to ${endOf(recovered)}`, '0 to 9', 'half a record is no record');
  requireTrue(recovered);
  appendAll(journal, 9, 11);
  await journal.sync();
  await journal.crash();
  const again = await journal.open();
  requireEqual(`${again.first} to ${endOf(again)}`, '0 to 11', 'appending goes on after a torn tail');
  requireTrue(again);
  await journal.crash();
}
