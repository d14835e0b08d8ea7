/** Tests of lists, tickets, logs and the roster made of them: what the tracker did not sign does not enter. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProof, type ProofContext, verifyProof } from '@concordat/accountability';
import { modelHash } from '@concordat/crypto';
import { createReader, createWriter } from '@concordat/wire';
import fc from 'fast-check';
import { signedBytes, statementName } from '../statement.ts';
import { sampleKeys, sampleMember } from '../testing/sample-members.ts';
import { nextPages } from '../tracker/next-pages.ts';
import { MEMBERSHIP_RULES } from './contradictions.ts';
import { type DeltaHead, deltaBody, emptyDelta, extendDelta, isDeltaSigned, signDelta } from './delta.ts';
import {
  createEpochHead,
  decodeHeadBody,
  headBody,
  indexInPage,
  isEpochHeadSigned,
  type MemberPage,
  readEpochHead,
  signEpochHead,
  writeEpochHead,
} from './epoch-list.ts';
import {
  countKnown,
  createRoster,
  enterPage,
  enterTicket,
  extendLog,
  inheritPages,
  knownMembers,
  memberAt,
  placeOf,
  takenPlaces,
} from './roster.ts';
import { isTicketSigned, type PlacedMember, signTicket, type Ticket, ticketBody } from './ticket.ts';

const stream = new Uint8Array(32).fill(9);
const tracker = sampleKeys(1000);
const trackerKey = { id: 1000, publicKey: sampleMember(1000).publicKey };
const membersFrom = (first: number, count: number): PlacedMember[] =>
  Array.from({ length: count }, (_, i) => sampleMember(first + i));
const pagesOf = (members: readonly PlacedMember[]): readonly MemberPage[] =>
  nextPages([], members, () => true);
const rosterOf = (members: readonly PlacedMember[], epoch = 3) =>
  createRoster(
    modelHash,
    signEpochHead(tracker, stream, createEpochHead(modelHash, epoch, 120, pagesOf(members))),
  );
const ticketAt = (place: number, id: number, epoch = 3): Ticket => ({
  epoch,
  place,
  startRound: 130,
  member: sampleMember(id),
});

describe('an epoch list', () => {
  const members = membersFrom(0, 150);
  const pages = pagesOf(members);

  it('is known by its pages, in any order, from anyone', () => {
    const roster = rosterOf(members);
    assert.equal(roster.pagesMissing, 3);
    for (const page of [2, 0, 1]) assert.ok(enterPage(roster, modelHash, page, pages[page]!));
    assert.equal(roster.pagesMissing, 0);
    assert.deepEqual([...knownMembers(roster)], members);
    assert.equal(countKnown(roster), 150);
    assert.ok(!enterPage(roster, modelHash, 1, pages[1]!));
    for (const [place, { id }] of members.entries()) {
      assert.equal(memberAt(roster, place)?.id, id);
      assert.equal(placeOf(roster, id), place);
    }
    assert.equal(memberAt(roster, 150), undefined);
    assert.equal(placeOf(roster, 150), undefined);
  });

  it('takes no page that is not of it: changed, short, or of another place', () => {
    const roster = rosterOf(members);
    const page = pages[0]!;
    const [first, ...rest] = page as [PlacedMember, ...PlacedMember[]];
    const wrong: [number, readonly PlacedMember[]][] = [
      [1, page],
      [3, page],
      [0, rest],
      [0, [...page, sampleMember(500)]],
      [0, [{ ...first, address: 'elsewhere' }, ...rest]],
      [0, [{ ...first, id: 9999 }, ...rest]],
    ];
    for (const [number, each] of wrong) assert.ok(!enterPage(roster, modelHash, number, each));
    assert.ok(!enterPage(roster, modelHash, 0, []));
    assert.equal(roster.pagesMissing, 3);
  });

  it('keeps what stayed the same since the former epoch', () => {
    const former = rosterOf(members);
    for (const page of [0, 1]) assert.ok(enterPage(former, modelHash, page, pages[page]!));
    const isGone = (id: number): boolean => id === 70;
    const next = nextPages(pages, membersFrom(700, 100), (id) => !isGone(id));
    const roster = createRoster(
      modelHash,
      signEpochHead(tracker, stream, createEpochHead(modelHash, 4, 160, next)),
    );
    inheritPages(roster, former);
    assert.deepEqual(
      roster.pages.map((page) => page !== null),
      [true, false, false, false],
    );
    assert.equal(memberAt(roster, 63)?.id, 63);
    for (const [page, each] of next.entries()) enterPage(roster, modelHash, page, each);
    assert.deepEqual(
      [...knownMembers(roster)].map(({ id }) => id),
      [...members, ...membersFrom(700, 100)].map(({ id }) => id).filter((id) => !isGone(id)),
    );
    assert.equal(memberAt(roster, 70)?.id, 71);
    assert.equal(placeOf(roster, 70), undefined);
  });

  it('has one spelling, and holds under the tracker key alone', () => {
    const signed = signEpochHead(tracker, stream, createEpochHead(modelHash, 3, 120, pages));
    const writer = createWriter();
    writeEpochHead(writer, signed);
    const bytes = writer.finish();
    const reader = createReader(bytes);
    assert.deepEqual(reader.finish(readEpochHead(reader)), signed);
    assert.ok(isEpochHeadSigned(tracker, stream, trackerKey, signed));
    assert.ok(
      !isEpochHeadSigned(tracker, stream, { ...trackerKey, publicKey: sampleMember(1).publicKey }, signed),
    );
    const twice = createEpochHead(modelHash, 3, 120, [pages[1]!, pages[0]!]);
    assert.equal(decodeHeadBody(headBody(twice)), null, 'ids ascend');
    assert.notEqual(decodeHeadBody(headBody(signed.head)), null);
    const moved = { ...signed, head: { ...signed.head, startRound: 121 } };
    assert.ok(!isEpochHeadSigned(tracker, stream, trackerKey, moved));
  });
});

describe('tickets and their log', () => {
  const list = membersFrom(0, 10);

  it('enter at their place if it is free, and each member once', () => {
    const roster = rosterOf(list);
    assert.ok(enterTicket(roster, ticketAt(12, 40)));
    assert.ok(enterTicket(roster, ticketAt(12, 40)));
    assert.ok(!enterTicket(roster, ticketAt(12, 41)));
    assert.ok(!enterTicket(roster, ticketAt(13, 40)));
    assert.ok(!enterTicket(roster, ticketAt(3, 50)), 'a place of the list');
    assert.ok(!enterTicket(roster, ticketAt(13, 50, 4)), 'another epoch');
    assert.equal(takenPlaces(roster), 10);
  });

  it('extend the log in order and only to the head that was signed', () => {
    const roster = rosterOf(list);
    const signed = [10, 11, 12].map((place) => signTicket(tracker, stream, ticketAt(place, place + 30)));
    const heads: DeltaHead[] = [emptyDelta(modelHash, 3)];
    for (const { ticket } of signed)
      heads.push(extendDelta(modelHash, heads[heads.length - 1] as DeltaHead, ticket));
    assert.ok(!extendLog(roster, modelHash, heads[2] as DeltaHead, signed.slice(0, 1)));
    assert.ok(!extendLog(roster, modelHash, heads[1] as DeltaHead, signed.slice(1, 2)));
    assert.ok(extendLog(roster, modelHash, heads[2] as DeltaHead, signed.slice(0, 2)));
    assert.equal(takenPlaces(roster), 12);
    assert.ok(!extendLog(roster, modelHash, heads[3] as DeltaHead, [signed[1]!]));
    assert.ok(extendLog(roster, modelHash, heads[3] as DeltaHead, signed.slice(2)));
    assert.deepEqual(
      [10, 11, 12].map((place) => memberAt(roster, place)?.id),
      [40, 41, 42],
    );
    assert.ok(signed.every((one) => isTicketSigned(tracker, stream, trackerKey, one)));
    assert.ok(isDeltaSigned(tracker, stream, trackerKey, signDelta(tracker, stream, heads[3] as DeltaHead)));
  });
});

describe('a tracker that lies to one peer', () => {
  const context: ProofContext = {
    cluster: stream,
    verify: (signer, bytes, signature) =>
      signer === trackerKey.id && tracker.verify(trackerKey, bytes, signature),
    rules: MEMBERSHIP_RULES,
  };
  const convicts = (
    rule: string,
    kind: 'members' | 'delta' | 'ticket',
    a: Uint8Array,
    b: Uint8Array,
  ): boolean => {
    const sign = (body: Uint8Array) => ({
      kind: statementName(kind),
      body,
      signature: tracker.sign(signedBytes(stream, kind, body)),
    });
    const proof = createProof(stream, trackerKey.id, rule, sign(a), sign(b));
    return proof !== null && verifyProof(proof, context).valid;
  };
  const head = (epoch: number, members: readonly PlacedMember[]): Uint8Array =>
    headBody(createEpochHead(modelHash, epoch, 40 * epoch, [members]));
  const [some, others] = [membersFrom(0, 5), membersFrom(1, 5)];

  it('is convicted by two lists of an epoch, two logs of one length, two tickets for one place or id', () => {
    assert.ok(convicts('two-lists-of-one-epoch', 'members', head(3, some), head(3, others)));
    const log = (id: number): Uint8Array =>
      deltaBody(extendDelta(modelHash, emptyDelta(modelHash, 3), ticketAt(10, id)));
    assert.ok(convicts('two-delta-logs', 'delta', log(40), log(41)));
    assert.ok(convicts('two-tickets', 'ticket', ticketBody(ticketAt(10, 40)), ticketBody(ticketAt(10, 41))));
    assert.ok(convicts('two-tickets', 'ticket', ticketBody(ticketAt(10, 40)), ticketBody(ticketAt(11, 40))));
  });

  it('is not convicted by what an honest one says', () => {
    assert.ok(!convicts('two-lists-of-one-epoch', 'members', head(3, some), head(4, others)));
    const first = extendDelta(modelHash, emptyDelta(modelHash, 3), ticketAt(10, 40));
    const second = extendDelta(modelHash, first, ticketAt(11, 41));
    assert.ok(!convicts('two-delta-logs', 'delta', deltaBody(first), deltaBody(second)));
    assert.ok(!convicts('two-tickets', 'ticket', ticketBody(ticketAt(10, 40)), ticketBody(ticketAt(11, 41))));
    assert.ok(
      !convicts('two-tickets', 'ticket', ticketBody(ticketAt(10, 40)), ticketBody(ticketAt(10, 40, 4))),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 80 }), (a, b) => {
        for (const rule of MEMBERSHIP_RULES)
          assert.ok(!rule.convicts(a, b), 'what does not decode convicts nobody');
      }),
    );
  });
});

describe('a member of a page', () => {
  it('is found wherever others have left', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 }), fc.nat(60), (ids, first) => {
        const page = ids.toSorted((a, b) => a - b).map((id) => sampleMember(first + id));
        for (let id = 0; id < 130; id++)
          assert.equal(
            indexInPage(page, id),
            page.findIndex((member) => member.id === id),
          );
      }),
      { numRuns: 30 },
    );
  });
});
