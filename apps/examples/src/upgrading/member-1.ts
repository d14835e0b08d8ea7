/** What each organisation runs until the second version comes: `node member-1.js DIRECTORY CONFIGURATION`. */

import { bank1 } from './bank-1.ts';
import { runMember } from './run-member.ts';

await runMember(bank1, (replica) => ({
  deposit: ({ to, cents }) => replica.call('deposit', { to, cents }),
  statements: () => replica.peek('statements', {}),
}));
