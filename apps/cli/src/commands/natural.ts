/** Natural numbers as arguments of commands. */

import { InvalidArgumentError } from 'commander';

export function natural(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Must be a natural number.');
  return Number(text);
}
