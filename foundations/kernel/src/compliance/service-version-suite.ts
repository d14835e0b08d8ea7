/**
 * The cases of the service suite about services that can run several versions: a switch is a migration that every replica
 * makes alike, that marks and snapshots know of, and that a restore crosses in both directions.
 */

import type { Service } from '../service.ts';
import { type ComplianceCase, require, requireEqual, sameBytes } from './cases.ts';
import { digestText, play, type ServiceDriver, transfer } from './service-play.ts';

export function versionCases(driver: ServiceDriver): ComplianceCase[] {
  const { versions } = driver.create();
  const [former, newest] = [versions.at(-2), versions.at(-1)];
  const always = [
    { name: 'a fresh service is of a version that it can run', run: () => fresh(driver) },
  ] satisfies ComplianceCase[];
  if (former === undefined || newest === undefined) return always;
  const pair: Pair = { driver, former, newest };
  return [
    ...always,
    { name: 'two instances switch their version alike', run: () => switches(pair) },
    { name: 'a switch that was rolled back never happened', run: () => switchesBack(pair) },
    { name: 'a snapshot of the former version outlives the switch', run: () => outlives(pair) },
    { name: 'a restore brings the version that the snapshot has', run: () => crosses(pair) },
  ];
}

interface Pair {
  readonly driver: ServiceDriver;
  readonly former: number;
  readonly newest: number;
}

function fresh(driver: ServiceDriver): void {
  const { versions } = driver.create();
  require(versions.length > 0, 'there is a version that it can run');
  require(versions.every(
    (version, i) => Number.isSafeInteger(version) && version > (versions[i - 1] ?? 0),
  ), 'versions are numbers from 1, ascending');
  for (const version of versions) {
    const service = driver.create(version);
    require(service.version() === version, 'a fresh service is of the version that it was asked for');
    require(sameBytes(
      service.digest(),
      driver.create(version).digest(),
    ), 'fresh services of one version are alike');
  }
}

/** One of the former version after some batches. */
function played({ driver, former }: Pair, seed: number): Service {
  const service = driver.create(former);
  play(driver, service, { seed, from: 0, batches: 6 });
  return service;
}

function switched(pair: Pair, seed: number): Service {
  const service = played(pair, seed);
  service.switchTo(pair.newest);
  require(service.version() === pair.newest, 'a switched service is of the newer version');
  return service;
}

function switches(pair: Pair): void {
  for (const seed of [1, 2, 3]) {
    const [one, other] = [switched(pair, seed), played(pair, seed)];
    const before = digestText(other);
    // Asked, marked and snapshotted on the way: it must not matter.
    other.snapshot(other.mark()).digestOf(0);
    other.switchTo(pair.newest);
    require(digestText(other) !== before, 'the digest tells the version');
    requireEqual(digestText(one), digestText(other), 'a migration is deterministic');
    const rest = { seed: seed + 10, from: 6, batches: 6 };
    requireEqual(
      play(pair.driver, one, rest),
      play(pair.driver, other, rest),
      'replies after a switch are the same',
    );
    requireEqual(digestText(one), digestText(other), 'digests after a switch are the same');
  }
}

function switchesBack(pair: Pair): void {
  const { driver, former, newest } = pair;
  for (const isDigested of [true, false]) {
    const [service, witness] = [played(pair, 4), played(pair, 4)];
    const mark = service.mark();
    for (const seed of [5, 6]) {
      service.switchTo(newest);
      if (isDigested) service.digest();
      play(driver, service, { seed, from: 6, batches: 4 });
      if (isDigested) service.digest();
      service.rollback(mark);
      require(service.version() === former, 'a rollback takes a switch back');
      requireEqual(digestText(service), digestText(witness), 'a rollback over a switch restores the digest');
    }
    const rest = { seed: 7, from: 6, batches: 4 };
    requireEqual(play(driver, service, rest), play(driver, witness, rest), 'it behaves as before the switch');
    for (const each of [service, witness]) each.switchTo(newest);
    requireEqual(digestText(service), digestText(witness), 'it switches as if it had never done so');
  }
}

function outlives(pair: Pair): void {
  const { driver, former, newest } = pair;
  for (const isEarly of [true, false]) {
    const [service, witness] = [played(pair, 8), switched(pair, 8)];
    const mark = service.mark();
    const atMark = digestText(service);
    const early = isEarly ? service.snapshot(mark) : null;
    service.switchTo(newest);
    const rest = { seed: 9, from: 6, batches: 6 };
    requireEqual(
      play(driver, service, rest),
      play(driver, witness, rest),
      'a snapshot does not change replies',
    );
    const copy = driver.create(former);
    transfer(early ?? service.snapshot(mark), copy);
    require(copy.version() === former, 'what was marked before the switch is of the former version');
    requireEqual(digestText(copy), atMark, 'a snapshot is of the state at its mark');
    copy.switchTo(newest);
    play(driver, copy, rest);
    requireEqual(digestText(copy), digestText(service), 'whoever restored it switches and goes on alike');
  }
}

function crosses(pair: Pair): void {
  const { driver, former, newest } = pair;
  const [older, newer] = [played(pair, 10), switched(pair, 11)];
  play(driver, newer, { seed: 12, from: 6, batches: 3 });
  for (const original of [newer, older, newer]) {
    const version = original.version();
    for (const copy of [driver.create(former), driver.create(newest), switched(pair, 13)]) {
      transfer(original.snapshot(original.mark()), copy);
      require(copy.version() === version, 'a restored service is of the version of the snapshot');
      const rest = { seed: 14, from: 9, batches: 3 };
      const [mark, twin] = [original.mark(), copy.mark()];
      requireEqual(
        play(driver, copy, rest),
        play(driver, original, rest),
        'replies after a restore are the same',
      );
      requireEqual(digestText(copy), digestText(original), 'digests after a restore are the same');
      original.rollback(mark);
      copy.rollback(twin);
    }
  }
}
