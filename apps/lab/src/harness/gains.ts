/** What the audits of streams have in common: deviations at full strength, and which seeds are for what. */

import type { Deviation as Lever, Plan } from '@concordat/sim/audit';

/** At full strength. */
export const alone = ({ name, parameters }: Lever<unknown>): Plan => ({
  parts: [
    {
      deviation: name,
      values: Object.fromEntries(
        parameters.map((parameter) => [parameter.name, parameter.kind === 'range' ? parameter.max : 0]),
      ),
    },
  ],
});

/** Fresh seeds are odd; screens and searches see even ones. */
export const freshSeed = (index: number): number => 2 * index + 1;
export const screenSeed = (index: number): number => 2 * index;
