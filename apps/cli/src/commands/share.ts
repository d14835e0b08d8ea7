/** Shares as arguments of commands. */

import { InvalidArgumentError } from 'commander';

/** Above 0, at most 1. */
export function share(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value <= 0 || value > 1)
    throw new InvalidArgumentError('Must be above 0 and at most 1.');
  return value;
}
