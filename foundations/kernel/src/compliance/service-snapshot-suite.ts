/** The cases of the service suite about snapshots and restores. */

import type { Restore, Service, Snapshot } from '../service.ts';
import { type ComplianceCase, require, requireEqual, sameBytes } from './cases.ts';
import { digestText, play, promisedBy, type ServiceDriver, transfer } from './service-play.ts';

export function snapshotCases(driver: ServiceDriver): ComplianceCase[] {
  return [
    { name: 'a restored service behaves like its original', run: () => restored(driver) },
    { name: 'a snapshot stays as it was while execution goes on', run: () => concurrent(driver) },
    { name: 'a restore replaces what was there before', run: () => replaced(driver) },
    { name: 'a list of parts that does not match the digest is refused', run: () => wrongList(driver) },
    {
      name: 'a part that is not what was promised is refused and may come again',
      run: () => wrongParts(driver),
    },
  ];
}

function played(driver: ServiceDriver, seed: number, batches: number): Service {
  const service = driver.create();
  play(driver, service, { seed, from: 0, batches });
  return service;
}

function taken(driver: ServiceDriver, seed: number): { service: Service; snapshot: Snapshot } {
  const service = played(driver, seed, 10);
  return { service, snapshot: service.snapshot(service.mark()) };
}

function restored(driver: ServiceDriver): void {
  for (const seed of [1, 2, 3]) {
    const { service, snapshot } = taken(driver, seed);
    require(sameBytes(snapshot.digest, service.digest()), 'a snapshot has the digest of the state');
    const copy = driver.create();
    transfer(snapshot, copy);
    const rest = { seed, from: 10, batches: 10 };
    requireEqual(
      play(driver, copy, rest),
      play(driver, service, rest),
      'replies after a restore are the same',
    );
    requireEqual(digestText(copy), digestText(service), 'digests after a restore are the same');
  }
}

function concurrent(driver: ServiceDriver): void {
  for (const isEarly of [true, false]) {
    const service = played(driver, 5, 10);
    const witness = played(driver, 5, 10);
    const mark = service.mark();
    const atMark = digestText(service);
    const early = isEarly ? service.snapshot(mark) : null;
    early?.read(0);
    const rest = { seed: 6, from: 10, batches: 10 };
    requireEqual(
      play(driver, service, rest),
      play(driver, witness, rest),
      'a snapshot does not change replies',
    );
    const snapshot = early ?? service.snapshot(mark);
    const copy = driver.create();
    transfer(snapshot, copy);
    requireEqual(digestText(copy), atMark, 'a snapshot is of the state at its mark');
    requireEqual(digestText(service), digestText(witness), 'a snapshot does not change the state');
    service.rollback(mark);
    requireEqual(digestText(service), atMark, 'a mark can be returned to after its snapshot');
  }
}

function replaced(driver: ServiceDriver): void {
  const { service, snapshot } = taken(driver, 1);
  const other = played(driver, 2, 10);
  const stale = other.mark();
  transfer(snapshot, other);
  requireEqual(digestText(other), digestText(service), 'nothing of the former state is left');
  require(other.mark() > stale, 'marks grow, also after a restore');
  const rest = { seed: 3, from: 10, batches: 5 };
  requireEqual(play(driver, other, rest), play(driver, service, rest), 'nothing of the former state shows');
}

function wrongList(driver: ServiceDriver): void {
  const { snapshot } = taken(driver, 1);
  const promised = promisedBy(snapshot);
  const wrong = promised.map((digest) => digest.slice());
  (wrong[0] as Uint8Array)[0] = ((wrong[0] as Uint8Array)[0] as number) ^ 1;
  const fresh = driver.create();
  for (const list of [wrong, [], promised.slice(1), [...promised, ...promised]]) {
    require(fresh.restore(snapshot.digest, list) === null, 'a wrong list of part digests is refused');
  }
  const short = promised.map((digest) => digest.slice(1));
  require(fresh.restore(snapshot.digest, short) === null, 'part digests of the wrong size are refused');
}

function wrongParts(driver: ServiceDriver): void {
  const { snapshot } = taken(driver, 1);
  const fresh = driver.create();
  const before = digestText(fresh);
  const restore = fresh.restore(snapshot.digest, promisedBy(snapshot));
  require(restore !== null, 'an honest list of part digests is accepted');
  // A fresh service may have some of them already.
  const missing = new Set(restore.missing(snapshot.parts));
  for (let part = 0; part < snapshot.parts; part++) {
    offerWrong(restore, part, snapshot.read(part));
    if (missing.has(part)) require(restore.missing(1)[0] === part, 'a refused part is still missing');
    requireEqual(digestText(fresh), before, 'nothing changes before a restore is finished');
    require(restore.offer(part, snapshot.read(part)), 'the right part is accepted after wrong ones');
  }
  require(!restore.offer(snapshot.parts, snapshot.read(0)), 'a part beyond the last is refused');
  require(!restore.offer(-1, snapshot.read(0)), 'a part before the first is refused');
  require(restore.missing(1).length === 0, 'nothing is missing once every part was accepted');
}

function offerWrong(restore: Restore, part: number, bytes: Uint8Array): void {
  const wrong = [new Uint8Array(0), bytes.slice(0, -1), Uint8Array.from([...bytes, 0])];
  for (const at of [0, bytes.length >>> 1, bytes.length - 1]) {
    const flipped = bytes.slice();
    flipped[at] = (flipped[at] as number) ^ 0x40;
    wrong.push(flipped);
  }
  for (const each of wrong) require(!restore.offer(part, each), 'a changed part is refused');
}
