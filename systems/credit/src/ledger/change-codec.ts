/**
 * Changes as bytes, one record each:
 *
 *   u8 1 | text name                                             account
 *   u8 2 | u32 period | u32 a | u32 b | u32 credit | u32 back    link
 *   u8 3 | u32 period | u32 a | u32 b                            unlink
 *   u8 4 | u32 period | u32 a | u32 b | u32 units                grow
 *   u8 5 | u32 period | steps                                    pay
 *   u8 6 | u32 period | hold                                     reserve
 *   u8 7 | u32 period | u53 token | u8 outcome                   end
 *   steps: u32 count | count times (u32 from | u32 to | u32 units)
 *   hold:  u53 token | u32 from | u32 to | u32 amount | u53 expires (ms) | steps
 */

import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Hold, Steps } from '../network/holds.ts';
import type { HoldOutcome } from '../policies/policy.ts';
import { type Change, isName, NAME_MAX } from './ledger.ts';

const STEP_BYTES = 12;
/** Links that one payment may use. */
const STEPS_MAX = 1_000_000;
const OUTCOMES: readonly HoldOutcome[] = ['commit', 'release', 'forfeit'];
const KINDS = { account: 1, link: 2, unlink: 3, grow: 4, pay: 5, reserve: 6, end: 7 } as const;

const writer = createWriter();

export function encodeChange(change: Change): Uint8Array {
  writer.u8(KINDS[change.kind]);
  if (change.kind === 'account') {
    writer.text(change.name);
    return writer.finish();
  }
  writer.u32(change.period);
  switch (change.kind) {
    case 'link':
      for (const value of [change.a, change.b, change.credit, change.creditBack]) writer.u32(value);
      break;
    case 'unlink':
      for (const value of [change.a, change.b]) writer.u32(value);
      break;
    case 'grow':
      for (const value of [change.a, change.b, change.units]) writer.u32(value);
      break;
    case 'pay':
      writeSteps(writer, change.steps);
      break;
    case 'reserve':
      writeHold(writer, change.hold);
      break;
    case 'end':
      writer.u53(change.token);
      writer.u8(OUTCOMES.indexOf(change.outcome));
      break;
  }
  return writer.finish();
}

/** The change in `bytes`, or null unless they are exactly what `encodeChange` writes. */
export function decodeChange(bytes: Uint8Array): Change | null {
  const reader = createReader(bytes);
  const change = readChange(reader);
  return change === null ? null : reader.finish(change);
}

function readChange(reader: Reader): Change | null {
  const kind = reader.u8();
  if (kind === KINDS.account) {
    const name = reader.text(3 * NAME_MAX);
    return isName(name) ? { kind: 'account', name } : null;
  }
  const period = reader.u32();
  switch (kind) {
    case KINDS.link: {
      const [a, b, credit, creditBack] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
      return { kind: 'link', period, a, b, credit, creditBack };
    }
    case KINDS.unlink:
      return { kind: 'unlink', period, a: reader.u32(), b: reader.u32() };
    case KINDS.grow:
      return { kind: 'grow', period, a: reader.u32(), b: reader.u32(), units: reader.u32() };
    case KINDS.pay:
      return { kind: 'pay', period, steps: readSteps(reader) };
    case KINDS.reserve:
      return { kind: 'reserve', period, hold: readHold(reader) };
    case KINDS.end: {
      const token = reader.u53();
      const outcome = OUTCOMES[reader.u8()];
      return outcome === undefined ? null : { kind: 'end', period, token, outcome };
    }
    default:
      return null;
  }
}

function writeSteps(to: Writer, steps: Steps): void {
  to.u32(steps.length / 3);
  for (const value of steps) to.u32(value);
}

function readSteps(reader: Reader): Steps {
  const count = reader.u32();
  if (count > STEPS_MAX || count * STEP_BYTES > reader.rest) reader.fail();
  const steps: number[] = [];
  for (let i = 0; i < 3 * count && !reader.failed; i += 1) steps.push(reader.u32());
  return steps;
}

export function writeHold(to: Writer, hold: Hold): void {
  to.u53(hold.token);
  for (const value of [hold.from, hold.to, hold.amount]) to.u32(value);
  to.u53(hold.expiresAtMs);
  writeSteps(to, hold.steps);
}

export function readHold(reader: Reader): Hold {
  const token = reader.u53();
  const [from, to, amount] = [reader.u32(), reader.u32(), reader.u32()];
  const expiresAtMs = reader.u53();
  return { token, from, to, amount, expiresAtMs, steps: readSteps(reader) };
}
