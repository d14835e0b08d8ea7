/**
 * Aardvark's catalogue of attacks (NSDI'09), for this protocol: who attacks, with what, and what was published for the
 * systems of its table. A signature stands where the paper has MACs of clients: it is what a request convinces by.
 */

import type { MessageCodec, NodeId } from '@concordat/kernel';
import { encodeMessage, type Message } from '@concordat/replication';
import { type ClientStrategy, clientAttacks, type Flood } from '@concordat/replication/compliance';
import { flood } from '@concordat/sim';
import { behaving, ignoring, late, lying, silent } from '../../harness/adversaries.ts';
import { FIRST_VIEW_MS } from '../../harness/candidate.ts';
import type { Adversary, Crowd } from '../../harness/federation.ts';

export type Attacker = 'client' | 'primary' | 'backup';

export interface Attack {
  readonly name: string;
  readonly by: Attacker;
  /** What each of the hostile clients is, if clients attack. */
  readonly client?: Pick<Crowd, 'outstanding' | 'codec'> & { readonly strategy: ClientStrategy };
  /** Hostile clients whose requests hold are served like honest ones: their share is no harm done. */
  readonly isServed?: boolean;
  /** What the hostile member is, if one attacks. */
  readonly member?: Adversary;
  /** How long it takes until the attack, or what is done about it, shows; if that is longer than loads take to warm. */
  readonly showsAfterMs?: number;
}

export const LIAR_OF: Readonly<Record<'primary' | 'backup', NodeId>> = { primary: 0, backup: 3 };

/** Bytes that are no message, as many as a real one has. */
const junk: MessageCodec<Message> = {
  encode: (message) => encodeMessage(message).map((byte) => byte ^ 0xff),
  decode: () => null,
};

/** The domain that the primary ignores. */
const VICTIM = 1;

/** Of each hostile client, honest or not. So large ones come one at a time. */
export const OUTSTANDING = 16;

/** What these ask for holds in the end, and is executed. */
const SERVED = new Set(['genuine for the primary only', 'replay flood']);

const byClients = (rate: Flood): Attack[] => [
  ...Object.entries(clientAttacks).map(
    ([name, make]): Attack => ({
      name,
      by: 'client',
      client: { strategy: make(rate), outstanding: name === 'oversized' ? 1 : OUTSTANDING },
      isServed: SERVED.has(name),
    }),
  ),
  { name: 'junk flood', by: 'client', client: { strategy: flood(rate.perTick, rate.everyMs), codec: junk } },
];

const byPrimary = (): Attack[] => [
  { name: 'delays by 10 ms', by: 'primary', member: late(10), showsAfterMs: FIRST_VIEW_MS },
  { name: 'ignores one domain', by: 'primary', member: ignoring(VICTIM), showsAfterMs: 1500 },
  { name: 'equivocates', by: 'primary', member: lying('equivocate') },
  {
    name: 'tiny batches',
    by: 'primary',
    member: { settings: { batchRequests: 1, pipeline: 1 } },
    showsAfterMs: FIRST_VIEW_MS,
  },
];

const byBackup = (rate: Flood): Attack[] => [
  { name: 'floods', by: 'backup', member: behaving(() => flood(rate.perTick, rate.everyMs)) },
  { name: 'votes for nonsense', by: 'backup', member: lying('arbitrary-votes') },
  { name: 'begs for everything', by: 'backup', member: lying('beg') },
  {
    name: 'false signatures on its requests',
    by: 'backup',
    member: { ...lying('unprovable-requests'), asks: 8 },
    // It holds the primary for unfair and stops voting: others wait 50 ms for it, then not for 500 ms, then 1000.
    showsAfterMs: 500,
  },
  { name: 'says nothing', by: 'backup', member: silent() },
];

/** `rate` is that of floods, to each member. */
export const attacks = (rate: Flood): readonly Attack[] => [
  ...byClients(rate),
  ...byPrimary(),
  ...byBackup(rate),
];
