/**
 * What replaces it, in any order, at any time: `node member-2.js DIRECTORY CONFIGURATION`, with the same directory and the
 * same configuration. It runs version 1 until the federation switches, because `bank2` names `bank1` as its former version.
 */

import { bank2 } from './bank-2.ts';
import { runMember } from './run-member.ts';

await runMember(bank2, (replica) => ({
  deposit: ({ to, cents }) => replica.call('deposit', { to, cents }),
  statements: () => replica.peek('statements', {}),
}));
