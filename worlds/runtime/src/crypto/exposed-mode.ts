/** Who may use a file of secrets: only its owner, because whoever can read it can pass for the one whose secrets they are. */

import { fstatSync } from 'node:fs';

const GROUP_AND_OTHERS = 0o077;

/** The mode, as `0644`, of an open file that the group or others may use; null if they may not. Throws the system's error. */
export function exposedMode(descriptor: number): string | null {
  // Of the file that is open, which nobody can exchange any more.
  const { mode } = fstatSync(descriptor);
  if ((mode & GROUP_AND_OTHERS) === 0) return null;
  return (mode & 0o777).toString(8).padStart(4, '0');
}
