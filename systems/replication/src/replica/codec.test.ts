/** Bytes of messages and records: both directions, golden, and whatever a hostile peer or a damaged disk may supply. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import fc from 'fast-check';
import type { NextBatch } from '../executor/messages.ts';
import type { Configuration } from '../governance/configuration.ts';
import type { Link } from '../governance/link.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import type {
  Checkpoint,
  CommitCertificate,
  Message,
  NewView,
  PrePrepare,
  SlotClaim,
  ViewChange,
  Vouch,
} from './messages.ts';
import { decodeRecord, encodeRecord, type Record } from './records.ts';

/** Records as programs write them, with the ordinary prototype. */
const plain = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true });

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const digest = bytes(32);
const signature = bytes(64);
const u53 = fc.maxSafeNat();
const u16 = fc.nat(65_535);
const body = fc.uint8Array({ maxLength: 40 });

const ref = plain({ domain: u16, client: u53, seq: u53, digest });
const batch = plain({ time: u53, refs: fc.array(ref, { maxLength: 4 }) });
const request = plain({ domain: u16, client: u53, seq: u53, acked: u53, body, signature });
const vouch: fc.Arbitrary<Vouch> = plain({ view: u53, digest });

const ascending = <T>(items: fc.Arbitrary<T>, key: (item: T) => number, maxLength = 4): fc.Arbitrary<T[]> =>
  fc.uniqueArray(items, { selector: key, maxLength }).map((list) => list.sort((a, b) => key(a) - key(b)));

const checkpoint: fc.Arbitrary<Checkpoint> = plain({
  type: fc.constant('checkpoint'),
  slot: u53,
  history: digest,
  state: digest,
  sender: u16,
  incarnation: u53,
  epoch: u53,
  signature,
});
const certificate = ascending(checkpoint, (item) => item.sender);

const claim: fc.Arbitrary<SlotClaim> = plain({
  slot: u53,
  prepared: fc.option(vouch),
  accepted: ascending(vouch, (item) => -item.view),
});

const prePrepare: fc.Arbitrary<PrePrepare> = plain({
  type: fc.constant('pre-prepare'),
  view: u53,
  slot: u53,
  history: digest,
  incarnation: u53,
  batch,
  signature,
});

const commitCertificate: fc.Arbitrary<CommitCertificate> = plain({
  view: u53,
  digests: fc.array(digest, { maxLength: 4 }),
  acknowledgements: ascending(
    plain({ sender: u16, incarnation: u53, slot: u53, signature }),
    (item) => item.sender,
  ),
});

const viewChange: fc.Arbitrary<ViewChange> = plain({
  type: fc.constant('view-change'),
  view: u53,
  sender: u16,
  incarnation: u53,
  stable: certificate,
  claims: ascending(claim, (item) => item.slot),
  certificate: fc.option(commitCertificate),
  signature,
});

const newView: fc.Arbitrary<NewView> = plain({
  type: fc.constant('new-view'),
  view: u53,
  incarnation: u53,
  changes: ascending(viewChange, (item) => item.sender, 3),
  signature,
});

const roots = plain({ core: digest, service: digest, configuration: digest });

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const configuration: fc.Arbitrary<Configuration> = plain({
  epoch: u53,
  faults: plain({ u: u16, r: u16, spare: u16 }),
  order: fc.constantFrom('three-phase' as const, 'speculative' as const),
  speculates: fc.boolean(),
  fastCommit: fc.boolean(),
  commitOptimisation: fc.boolean(),
  admission: fc.constantFrom('signature' as const, 'request-quorum' as const),
  version: u53,
  members: fc.array(plain({ id: u16, key, admin: key, contact: body }), { maxLength: 3 }),
  retired: fc.array(u16, { maxLength: 3 }),
  associates: fc.array(plain({ id: u16, key, contact: body }), { maxLength: 2 }),
});
const link: fc.Arbitrary<Link> = plain({
  slot: u53,
  command: plain({
    next: configuration,
    approvals: ascending(plain({ member: u16, signature }), ({ member }) => member),
    proof: body,
  }),
  roots,
  certificate,
});
const digestLists = plain({
  core: fc.array(digest, { maxLength: 3 }),
  service: fc.array(digest, { maxLength: 3 }),
});

/** Marks lie within what is named. */
const nextBatch: fc.Arbitrary<NextBatch> = plain({
  view: u53,
  after: fc.nat(),
  before: digest,
  digests: fc.array(digest, { maxLength: 3 }),
  marks: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
}).map(({ marks, ...named }) => {
  const mark = (i: number): number => (marks[i] ?? 0) % (named.after + named.digests.length + 1);
  return { type: 'next-batch', ...named, accepted: mark(0), tentative: mark(1), committed: mark(2) };
});

const message: fc.Arbitrary<Message> = fc.oneof(
  prePrepare,
  plain({ type: fc.constantFrom('prepare', 'commit'), view: u53, slot: u53, history: digest }),
  checkpoint,
  plain({ type: fc.constant('stable' as const), certificate }),
  viewChange,
  newView,
  plain({
    type: fc.constant('status' as const),
    view: u53,
    changingTo: u53,
    stable: u53,
    accepted: u53,
    prepared: u53,
    committed: u53,
    wishes: fc.boolean(),
  }),
  plain({
    type: fc.constant('acknowledge' as const),
    view: u53,
    slot: u53,
    history: digest,
    incarnation: u53,
    signature,
  }),
  plain({ type: fc.constant('request' as const), request }),
  plain({
    type: fc.constant('spec-response' as const),
    domain: u16,
    client: u53,
    seq: u53,
    view: u53,
    slot: u53,
    history: digest,
    result: digest,
    reply: fc.option(body),
    incarnation: u53,
    signature,
    order: fc.option(plain({ incarnation: u53, batch: digest, signature })),
  }),
  plain({
    type: fc.constant('commit-certificate' as const),
    view: u53,
    slot: u53,
    history: digest,
    acknowledgements: ascending(plain({ sender: u16, incarnation: u53, signature }), (item) => item.sender),
  }),
  plain({ type: fc.constant('local-commit' as const), view: u53, slot: u53, history: digest }),
  plain({ type: fc.constant('accusation' as const), proof: body }),
  plain({ type: fc.constant('read' as const), epoch: u53, id: u53, isWhole: fc.boolean(), query: body }),
  plain({ type: fc.constant('answer' as const), id: u53, result: digest, answer: fc.option(body) }),
  plain({ type: fc.constant('fetch-chain' as const), epoch: u53 }),
  plain({ type: fc.constant('chain' as const), links: fc.array(link, { maxLength: 2 }) }),
  plain({ type: fc.constant('fetch-batch' as const), slot: u53, digest }),
  plain({
    type: fc.constant('batch' as const),
    slot: u53,
    batch,
    requests: fc.array(request, { maxLength: 3 }),
  }),
  plain({ type: fc.constant('fetch-manifest' as const), slot: u53 }),
  plain({ type: fc.constant('manifest' as const), slot: u53, roots, parts: digestLists }),
  plain({ type: fc.constant('fetch-part' as const), slot: u53, part: fc.nat() }),
  plain({ type: fc.constant('part' as const), slot: u53, part: fc.nat(), bytes: body }),
  plain({
    type: fc.constant('reply' as const),
    domain: u16,
    client: u53,
    seq: u53,
    slot: u53,
    reply: body,
  }),
  nextBatch,
  plain({
    type: fc.constant('last-executed' as const),
    epoch: u53,
    executed: u53,
    known: u53,
    isSupplier: fc.boolean(),
  }),
  plain({ type: fc.constant('attach' as const), domain: u16, client: u53, executor: u16, signature }),
  plain({
    type: fc.constant('reply-digest' as const),
    domain: u16,
    client: u53,
    seq: u53,
    slot: u53,
    digest,
  }),
);

const record: fc.Arbitrary<Record> = fc.oneof(
  plain({ type: fc.constant('change' as const), view: u53 }),
  plain({ type: fc.constant('epoch' as const), link }),
  plain({ type: fc.constant('view' as const), view: u53, newView: fc.option(newView) }),
  plain({
    type: fc.constant('accept' as const),
    view: u53,
    slot: u53,
    digest,
    content: fc.option(plain({ batch, requests: fc.array(request, { maxLength: 3 }) })),
    proposal: fc.option(prePrepare),
  }),
  plain({ type: fc.constant('prepared' as const), view: u53, slot: u53 }),
  plain({ type: fc.constant('certificate' as const), certificate: commitCertificate }),
  plain({ type: fc.constantFrom('stable', 'delivered'), certificate }),
  plain({ type: fc.constant('snapshot' as const), certificate, roots, parts: digestLists }),
  plain({ type: fc.constant('part' as const), part: fc.nat(), bytes: body }),
  fc.constant<Record>({ type: 'snapshot-end' }),
  plain({ type: fc.constant('amnesia' as const), losses: u53 }),
  plain({ type: fc.constant('incarnation' as const), number: u53, mayVote: fc.boolean(), losses: u53 }),
);

/** Damages bytes as a liar would: flips, cuts, grows, and overwrites with extreme values. */
function damage(random: Prng, honest: Uint8Array): Uint8Array {
  const changed = honest.slice();
  const at = random.below(changed.length);
  switch (random.below(5)) {
    case 0:
      return changed.subarray(0, at);
    case 1:
      return Uint8Array.from([...changed, random.below(256)]);
    case 2:
      return changed.fill(0xff, at, at + 4);
    case 3:
      return changed.fill(0, at, at + 8);
    default:
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
  }
}

interface Codec<T> {
  readonly items: fc.Arbitrary<T>;
  encode(item: T): Uint8Array;
  decode(bytes: Uint8Array): T | null;
}

function judge<T>({ items, encode, decode }: Codec<T>): void {
  it('come back as they were', () =>
    fc.assert(
      fc.property(items, (item) => assert.deepEqual(decode(encode(item).slice()), item)),
      { numRuns: 300, seed: 1 },
    ));

  it('are refused when cut short or followed by anything', () =>
    fc.assert(
      fc.property(items, fc.nat(), (item, cut) => {
        const whole = encode(item).slice();
        assert.equal(decode(whole.subarray(0, cut % whole.length)), null);
        assert.equal(decode(Uint8Array.from([...whole, 0])), null);
      }),
      { numRuns: 200, seed: 2 },
    ));

  it('are refused when damaged, or are exactly what another message encodes to', () =>
    fc.assert(
      fc.property(items, fc.nat(), (item, seed) => {
        const hostile = damage(createPrng(seed), encode(item).slice());
        const decoded = decode(hostile);
        if (decoded !== null) assert.ok(equalBytes(encode(decoded), hostile), 'canonical');
      }),
      { numRuns: 1500, seed: 3 },
    ));

  it('survive noise', () =>
    fc.assert(
      fc.property(fc.nat(24), fc.uint8Array({ maxLength: 300 }), (tag, noise) => {
        const hostile = Uint8Array.from([tag, ...noise]);
        const decoded = decode(hostile);
        if (decoded !== null) assert.ok(equalBytes(encode(decoded), hostile), 'canonical');
      }),
      { numRuns: 1500, seed: 4 },
    ));
}

describe('messages', () => judge({ items: message, encode: encodeMessage, decode: decodeMessage }));
describe('records', () => judge({ items: record, encode: encodeRecord, decode: decodeRecord }));

const vote: Message = { type: 'prepare', view: 1, slot: 2, history: new Uint8Array(32).fill(7) };
const proof = new Uint8Array(64).fill(9);

test('sets are written in one order only', () => {
  const at = (sender: number): Checkpoint => ({
    type: 'checkpoint',
    slot: 8,
    history: new Uint8Array(32),
    state: new Uint8Array(32),
    sender,
    incarnation: 0,
    epoch: 0,
    signature: proof,
  });
  const decodes = (certificate: Checkpoint[]): boolean =>
    decodeMessage(encodeMessage({ type: 'stable', certificate }).slice()) !== null;
  assert.equal(decodes([at(0), at(2)]), true);
  assert.equal(decodes([at(2), at(0)]), false);
  assert.equal(decodes([at(2), at(2)]), false);
});

test('a length that promises more than there is costs nothing', () => {
  const promise = Uint8Array.from([5, 0xff, 0xff, 0xff, 0xff]);
  assert.equal(decodeMessage(promise), null);
});

test('a NEXT-BATCH claims nothing of batches that it does not name', () => {
  const decodes = (accepted: number): boolean => {
    const [before, digests] = [new Uint8Array(32), [new Uint8Array(32)]];
    const marks = { accepted, tentative: 0, committed: 0 };
    const bytes = encodeMessage({ type: 'next-batch', view: 0, after: 7, before, digests, ...marks });
    return decodeMessage(bytes.slice()) !== null;
  };
  assert.equal(decodes(8), true);
  assert.equal(decodes(9), false);
});

test('golden bytes of messages around executors', () => {
  const number = (value: number): string => value.toString(16).padStart(16, '0');
  const hex = (item: Message): string => toHex(encodeMessage(item));
  const [before, digests] = [new Uint8Array(32).fill(3), [new Uint8Array(32).fill(4)]];
  assert.equal(
    hex({ type: 'next-batch', view: 1, after: 2, before, digests, accepted: 3, tentative: 2, committed: 1 }),
    `30${number(1)}${number(2)}${'03'.repeat(32)}00000001${'04'.repeat(32)}${number(3)}${number(2)}${number(1)}`,
  );
  assert.equal(
    hex({ type: 'last-executed', epoch: 4, executed: 5, known: 6, isSupplier: true }),
    `31${number(4)}${number(5)}${number(6)}01`,
  );
  assert.equal(
    hex({ type: 'attach', domain: 1, client: 2, executor: 31, signature: proof }),
    `320001${number(2)}001f${'09'.repeat(64)}`,
  );
  assert.equal(
    hex({ type: 'reply-digest', domain: 1, client: 2, seq: 3, slot: 4, digest: before }),
    `330001${number(2)}${number(3)}${number(4)}${'03'.repeat(32)}`,
  );
});

test('golden bytes of messages: what one version wrote, all later ones read', () => {
  const hex = (item: Message): string => toHex(encodeMessage(item));
  assert.equal(hex(vote), `02${'0000000000000001'}${'0000000000000002'}${'07'.repeat(32)}`);
  assert.equal(
    hex({ ...vote, type: 'commit' }),
    `03${'0000000000000001'}${'0000000000000002'}${'07'.repeat(32)}`,
  );
  assert.equal(
    hex({
      type: 'pre-prepare',
      view: 1,
      slot: 2,
      history: new Uint8Array(32).fill(3),
      incarnation: 4,
      batch: { time: 5, refs: [{ domain: 6, client: 7, seq: 8, digest: new Uint8Array(32).fill(9) }] },
      signature: new Uint8Array(64).fill(10),
    }),
    [
      '01',
      '0000000000000001',
      '0000000000000002',
      '03'.repeat(32),
      '0000000000000004',
      '0000000000000005',
      '00000001',
      '0006',
      '0000000000000007',
      '0000000000000008',
      '09'.repeat(32),
      '0a'.repeat(64),
    ].join(''),
  );
});

test('golden bytes of a VIEW-CHANGE', () => {
  const hex = (item: Message): string => toHex(encodeMessage(item));
  assert.equal(
    hex({
      type: 'view-change',
      view: 1,
      sender: 2,
      incarnation: 3,
      stable: [],
      claims: [
        {
          slot: 4,
          prepared: { view: 0, digest: new Uint8Array(32).fill(5) },
          accepted: [{ view: 0, digest: new Uint8Array(32).fill(5) }],
        },
      ],
      certificate: {
        view: 0,
        digests: [new Uint8Array(32).fill(5)],
        acknowledgements: [{ sender: 1, incarnation: 0, slot: 4, signature: new Uint8Array(64).fill(7) }],
      },
      signature: new Uint8Array(64).fill(6),
    }),
    [
      '06',
      '0000000000000001',
      '0002',
      '0000000000000003',
      '00000000',
      '00000001',
      '0000000000000004',
      '00000001',
      '0000000000000000',
      '05'.repeat(32),
      '00000001',
      '0000000000000000',
      '05'.repeat(32),
      '00000001',
      '0000000000000000',
      '00000001',
      '05'.repeat(32),
      '00000001',
      '0001',
      '0000000000000000',
      '0000000000000004',
      '07'.repeat(64),
      '06'.repeat(64),
    ].join(''),
  );
});

test('golden bytes of records: what one version wrote, all later ones recover', () => {
  assert.equal(
    toHex(
      encodeRecord({
        type: 'accept',
        view: 1,
        slot: 2,
        digest: new Uint8Array(32).fill(3),
        content: null,
        proposal: null,
      }),
    ),
    `02${'0000000000000001'}${'0000000000000002'}${'03'.repeat(32)}0000000000`,
  );
  assert.equal(
    toHex(encodeRecord({ type: 'prepared', view: 1, slot: 2 })),
    '0300000000000000010000000000000002',
  );
  assert.equal(toHex(encodeRecord({ type: 'change', view: 1 })), '0a0000000000000001');
});
