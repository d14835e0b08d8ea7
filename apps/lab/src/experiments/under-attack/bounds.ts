/** What is asserted of each attack: the bound of a robust protocol, or, where that is missed, that it is, and why. */

import { atLeast, type Finding } from '../../finding.ts';
import type { Attacker } from './attacks.ts';

export interface Row {
  readonly candidate: string;
  readonly attack: string;
  readonly by: Attacker;
  readonly calmPerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly views: number;
  readonly p99Ms: number;
}

const LEAST: Readonly<Record<Attacker, number>> = { client: 0.9, primary: 0.8, backup: 0.8 };

/** Of Aardvark's table: throughput under the worst attack of this kind over the peak. */
const PUBLISHED: Readonly<Record<Attacker, string>> = {
  client: 'PBFT 0, Zyzzyva 0, Aardvark 1',
  primary: 'PBFT 0.02, Zyzzyva crash, Aardvark 0.96',
  backup: 'PBFT 0.004, Zyzzyva 0, Aardvark 0.3',
};

/** What is known to be missed without the policies of a robust preset. */
const MISSED: Readonly<Record<string, string>> = {
  'false names':
    'a request that its connection does not vouch for has its signature checked by every replica, however many of this connection were false before',
  'ignores one domain':
    'it is replaced, but goes on ignoring that domain as a backup: it has to fetch what it ignored, and everybody waits for it (see slow-backup)',
  'delays by 10 ms': 'nobody expects a throughput of the primary: only silence ends its view',
  'tiny batches': 'nobody expects a throughput of the primary: only silence ends its view',
};

export const assertRows = (rows: readonly Row[]): Finding[] =>
  rows.map(({ candidate, by, attack, ratio }) => {
    const missedBecause = MISSED[attack];
    return atLeast(`${candidate}, ${by} ${attack}: throughput over that without attack`, ratio, LEAST[by], {
      published: PUBLISHED[by],
      ...(missedBecause !== undefined && { missedBecause }),
    });
  });
