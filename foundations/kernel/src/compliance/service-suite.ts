/**
 * What every `Service` promises, as cases for any test runner:
 *
 *   for (const { name, run } of serviceSuite(driver)) it(name, run);
 */

import { createPrng } from '../prng.ts';
import { type ComplianceCase, require, requireEqual, sameBytes, shown } from './cases.ts';
import { digestText, play, type ServiceDriver } from './service-play.ts';
import { snapshotCases } from './service-snapshot-suite.ts';
import { versionCases } from './service-version-suite.ts';

const SEEDS = [1, 2, 3, 4, 5];

export function serviceSuite(driver: ServiceDriver): ComplianceCase[] {
  return [
    ...executionCases(driver),
    ...rollbackCases(driver),
    ...snapshotCases(driver),
    ...versionCases(driver),
  ];
}

function executionCases(driver: ServiceDriver): ComplianceCase[] {
  return [
    { name: 'two instances agree on replies, events and digests', run: () => agreement(driver) },
    { name: 'operations change the digest, which has 32 bytes', run: () => sensitivity(driver) },
    { name: 'a query changes nothing and answers alike everywhere', run: () => queries(driver) },
    { name: 'a malformed operation or query gets a reply and never a throw', run: () => malformed(driver) },
  ];
}

function rollbackCases(driver: ServiceDriver): ComplianceCase[] {
  return [
    { name: 'what was rolled back never happened', run: () => rollback(driver, false) },
    { name: 'what was rolled back after a digest never happened', run: () => rollback(driver, true) },
    { name: 'a mark can be returned to again and drops later marks', run: () => nested(driver) },
    { name: 'marks and releases leave no trace', run: () => marks(driver) },
  ];
}

function agreement(driver: ServiceDriver): void {
  for (const seed of SEEDS) {
    const [one, other] = [driver.create(), driver.create()];
    requireEqual(digestText(one), digestText(other), 'fresh instances have one digest');
    for (let from = 0; from < 20; from += 5) {
      const span = { seed, from, batches: 5 };
      requireEqual(
        play(driver, one, span),
        play(driver, other, span),
        'replies and events are deterministic',
      );
      // Only one of them is asked on the way: asking must not matter.
      if (from === 10) one.digest();
    }
    requireEqual(digestText(one), digestText(other), 'digests are deterministic');
  }
}

function sensitivity(driver: ServiceDriver): void {
  const service = driver.create();
  const digests = new Set([digestText(service)]);
  for (let from = 0; from < 20; from++) {
    play(driver, service, { seed: 1, from, batches: 1 });
    require(service.digest().length === 32, 'a digest has 32 bytes');
    digests.add(digestText(service));
  }
  require(digests.size > 1, 'some operation of the driver changes the digest');
}

function queries(driver: ServiceDriver): void {
  for (const seed of SEEDS) {
    const [asked, quiet] = [driver.create(), driver.create()];
    for (let from = 0; from < 10; from++) {
      const span = { seed, from, batches: 1 };
      requireEqual(
        play(driver, asked, span),
        play(driver, quiet, span),
        'a query does not change later replies',
      );
      const before = digestText(asked);
      const query = driver.query(createPrng(seed, `query ${from}`));
      const answer = asked.query(query.slice());
      require(sameBytes(answer, asked.query(query.slice())), 'a query answers alike when asked again');
      requireEqual(digestText(asked), before, 'a query does not change the digest');
    }
  }
}

function malformed(driver: ServiceDriver): void {
  const random = createPrng(7, 'malformed');
  const [one, other] = [driver.create(), driver.create()];
  play(driver, one, { seed: 7, from: 0, batches: 5 });
  play(driver, other, { seed: 7, from: 0, batches: 5 });
  for (let i = 0; i < 500; i++) {
    const op = damaged(driver.operation(random), random.below(5), random.uint32());
    const context = { domain: 0, client: 0, seq: i + 1, time: 2_000_000, emit: () => {} };
    const replies = [one, other].map((service) =>
      shown(service.execute(op.slice(), { ...context, random: createPrng(i) })),
    );
    requireEqual(replies[0] ?? '', replies[1] ?? '', 'replies to malformed operations are deterministic');
    const query = damaged(driver.query(random), random.below(5), random.uint32());
    require(one.query(query) instanceof Uint8Array, 'a malformed query gets an answer');
  }
  requireEqual(digestText(one), digestText(other), 'malformed operations have deterministic effects');
}

/** Well-formed bytes broken in one of five ways. */
function damaged(bytes: Uint8Array, way: number, draw: number): Uint8Array {
  const at = bytes.length === 0 ? 0 : draw % bytes.length;
  if (way === 0) return bytes.slice(0, at);
  if (way === 1) return Uint8Array.from([...bytes, draw]);
  if (way === 2) return Uint8Array.from({ length: draw % 40 }, (_, i) => (draw >>> (i % 25)) ^ (i * 37));
  const copy = bytes.slice();
  if (way === 3) copy[at] = draw >>> 8;
  else copy.fill(0xff, at, at + 4);
  return copy;
}

function rollback(driver: ServiceDriver, isDigested: boolean): void {
  for (const seed of SEEDS) {
    const [service, witness] = [driver.create(), driver.create()];
    const common = { seed, from: 0, batches: 5 };
    requireEqual(play(driver, service, common), play(driver, witness, common), 'instances agree');
    if (isDigested) service.digest();
    const mark = service.mark();
    play(driver, service, { seed: seed + 100, from: 5, batches: 5 });
    if (isDigested) service.digest();
    service.rollback(mark);
    requireEqual(digestText(service), digestText(witness), 'a rollback restores the digest');
    const rest = { seed, from: 5, batches: 5 };
    requireEqual(
      play(driver, service, rest),
      play(driver, witness, rest),
      'a rollback restores the behaviour',
    );
    requireEqual(
      digestText(service),
      digestText(witness),
      'execution after a rollback leads to the same digest',
    );
  }
}

function nested(driver: ServiceDriver): void {
  const service = driver.create();
  play(driver, service, { seed: 1, from: 0, batches: 3 });
  const outer = service.mark();
  const atOuter = digestText(service);
  play(driver, service, { seed: 2, from: 3, batches: 3 });
  const inner = service.mark();
  const atInner = digestText(service);
  for (let round = 0; round < 3; round++) {
    play(driver, service, { seed: 10 + round, from: 6, batches: 2 });
    service.rollback(inner);
    requireEqual(digestText(service), atInner, 'a mark stays usable after a rollback to it');
  }
  service.rollback(outer);
  requireEqual(digestText(service), atOuter, 'an outer mark survives a rollback to an inner one');
  const later = service.mark();
  require(later > inner, 'marks grow, also after a rollback');
  play(driver, service, { seed: 3, from: 6, batches: 2 });
  service.rollback(later);
  requireEqual(digestText(service), atOuter, 'a mark made after a rollback works');
}

function marks(driver: ServiceDriver): void {
  const [marked, plain] = [driver.create(), driver.create()];
  const open: number[] = [];
  for (let from = 0; from < 20; from++) {
    open.push(marked.mark());
    const span = { seed: 4, from, batches: 1 };
    requireEqual(play(driver, marked, span), play(driver, plain, span), 'a mark does not change replies');
    const oldest = open.length > 4 ? open.shift() : undefined;
    if (oldest !== undefined) marked.release(oldest);
  }
  requireEqual(digestText(marked), digestText(plain), 'marks and releases do not change the digest');
}
