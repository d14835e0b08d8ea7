/** Plays seeded batches against a service and records everything that learners could see of it. */

import type { Prng } from '../prng.ts';
import { createPrng } from '../prng.ts';
import type { Digest, Service, Snapshot } from '../service.ts';
import { require, sameBytes, shown } from './cases.ts';

/** How to make the service under test and what to feed it. */
export interface ServiceDriver {
  /** A fresh instance in its initial state, always of the same kind; under this version if it is given. */
  create(version?: number): Service;
  /** A well-formed operation in a buffer of its own. Some must change the state. */
  operation(random: Prng): Uint8Array;
  /** A well-formed query. */
  query(random: Prng): Uint8Array;
  /** Time from one batch to the next, in milliseconds; 100 if absent. */
  readonly batchMs?: number;
}

/** A span of batches: `from` counts batches since the initial state, so that time goes on between spans. */
export interface Span {
  readonly seed: number;
  readonly from: number;
  readonly batches: number;
}

const OPERATIONS_PER_BATCH = 8;
const DOMAINS = 3;

/** Executes the span and returns replies and events as text, one line each. */
export function play(driver: ServiceDriver, service: Service, span: Span): string {
  const lines: string[] = [];
  const emit = (event: Uint8Array): void => {
    lines.push(`event ${shown(event)}`);
  };
  for (let batch = span.from; batch < span.from + span.batches; batch++) {
    const random = createPrng(span.seed, `batch ${batch}`);
    const time = 1_000_000 + batch * (driver.batchMs ?? 100);
    service.advance(time, emit);
    const count = random.below(OPERATIONS_PER_BATCH + 1);
    for (let i = 0; i < count; i++) {
      const op = driver.operation(random);
      const domain = random.below(DOMAINS);
      const seq = batch * OPERATIONS_PER_BATCH + i + 1;
      const reply = service.execute(op, {
        domain,
        client: domain,
        seq,
        time,
        random: random.fork('service'),
        emit,
      });
      lines.push(`reply ${shown(reply)}`);
      // The buffer belongs to the host again: a service that kept a view of it now holds other bytes.
      op.fill(0xa5);
    }
  }
  return lines.join('\n');
}

export const digestText = (service: Service): string => shown(service.digest());

export const promisedBy = (snapshot: Snapshot): Digest[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

/** Restores a snapshot into `service`, the last parts first. */
export function transfer(snapshot: Snapshot, service: Service): void {
  const restore = service.restore(snapshot.digest, promisedBy(snapshot));
  require(restore !== null, 'an honest list of part digests is accepted');
  for (let part = snapshot.parts - 1; part >= 0; part--) {
    require(restore.offer(part, snapshot.read(part)), 'an honest part is accepted');
  }
  require(restore.missing(1).length === 0, 'nothing is missing once every part was accepted');
  restore.finish();
  require(sameBytes(service.digest(), snapshot.digest), 'a restored service has the digest of the snapshot');
}
