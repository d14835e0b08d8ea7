/**
 * What makes a daemon obey `concordat attack`: its process is wrapped so that an attack can be chosen while it runs.
 * Only a daemon that was started with --demo is wrapped; no other has this code in its way.
 */

import { startInSteps, stepsOf } from '@concordat/kernel';
import type { DaemonOptions } from '../daemon/daemon.ts';
import { ATTACKS, type Attack, underAttack } from './attacks.ts';

const REQUEST = /^attack ([a-z-]+)$/;

/** Says loudly what it is, and then gives the daemon its wrapped process and the control requests that steer it. */
export function createDemonstration(): Required<Pick<DaemonOptions, 'wrap' | 'control'>> {
  process.stderr.write(
    'DEMONSTRATION: this domain obeys "concordat attack": whoever reaches its control socket can make it lie.\n',
  );
  let chosen: Attack | null = null;
  const strategy = underAttack(() => chosen);
  return {
    wrap: (honest) => {
      const wrapped = strategy(honest);
      return {
        ...wrapped,
        start: startInSteps((env, recovered) => {
          env.note({ kind: 'demonstration' });
          return stepsOf(wrapped, env, recovered);
        }),
      };
    },
    control: (request) => {
      const name = REQUEST.exec(request)?.[1];
      if (name === undefined) return undefined;
      const attack = ATTACKS[name] ?? null;
      if (attack === null && name !== 'stop') return { error: `there is no attack called ${name}` };
      chosen = attack;
      return { attack: name };
    },
  };
}
