/** What is asserted of each attack: the bound of a robust protocol. */

import { atLeast, type Finding } from '../../finding.ts';
import type { Attacker } from './attacks.ts';

export interface Row {
  readonly candidate: string;
  readonly attack: string;
  readonly by: Attacker;
  /** Served like honest ones: measured against a run with honest clients in the place of the hostile ones. */
  readonly isServed: boolean;
  readonly calmPerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly views: number;
  readonly p99Ms: number;
  /** Measured once the first primary, whom nobody could compare with another, is replaced. */
  readonly isAfterFirstView: boolean;
}

const LEAST: Readonly<Record<Attacker, number>> = { client: 0.9, primary: 0.8, backup: 0.8 };

/** Of Aardvark's table: throughput under the worst attack of this kind over the peak. */
const PUBLISHED: Readonly<Record<Attacker, string>> = {
  client: 'PBFT 0, Zyzzyva 0, Aardvark 1',
  primary: 'PBFT 0.02, Zyzzyva crash, Aardvark 0.96',
  backup: 'PBFT 0.004, Zyzzyva 0, Aardvark 0.3',
};

export const assertRows = (rows: readonly Row[]): Finding[] =>
  rows.map(({ candidate, by, attack, ratio, isServed, isAfterFirstView }) =>
    atLeast(`${candidate}, ${by} ${attack}: throughput over that without attack`, ratio, LEAST[by], {
      published: PUBLISHED[by],
      ...(isServed && { remark: 'over that with honest clients in the place of the hostile ones' }),
      ...(isAfterFirstView && {
        remark: 'after the first view, in which there is nobody to compare a primary with',
      }),
    }),
  );
