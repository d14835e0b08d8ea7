/**
 * Who can log in with SASL: a file with `name:password` a line, read anew on request. Only what a login is checked against
 * is kept in memory, which is not the password but as good as one for this purpose.
 */

import { createHash } from 'node:crypto';
import { isSaslName, loginSecret, type SaslUsers } from '@concordat/keeper';
import { CommandError } from '../../errors.ts';
import { readSecretFile } from './secret-files.ts';

const OPTION = '--sasl-users';

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('md5').update(bytes).digest());

export interface SaslFile {
  readonly users: Pick<SaslUsers, 'md5' | 'secretOf'>;
  /** Reads the file again and returns what puts it in force; throws a `CommandError` if it cannot be used. */
  read(): () => void;
}

/** Throws a `CommandError` for a file that cannot be read, is for others to read, or has a line that is no user's. */
export function openSaslUsers(file: string): SaslFile {
  let secrets = secretsIn(file);
  return {
    users: { md5, secretOf: (user) => secrets.get(user) ?? null },
    read: () => {
      const next = secretsIn(file);
      return () => {
        secrets = next;
      };
    },
  };
}

/** Empty lines and those that begin with `#` are for people. */
function secretsIn(file: string): ReadonlyMap<string, Uint8Array> {
  const secrets = new Map<string, Uint8Array>();
  for (const [index, line] of readSecretFile(OPTION, file).toString('utf8').split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const at = line.indexOf(':');
    const user = line.slice(0, Math.max(0, at));
    const isUser = user !== '' && user.trim() === user && !user.includes('@') && isSaslName(user);
    if (!isUser || at + 1 === line.length || secrets.has(user)) {
      // Not the line itself, which may hold a password.
      const why = secrets.has(user) ? 'names a user again' : 'is not NAME:PASSWORD';
      throw new CommandError(
        'bad-users',
        `${OPTION}: line ${index + 1} of ${file} ${why}`,
        'Names have no @ and no colon.',
      );
    }
    secrets.set(user, loginSecret(md5, user, line.slice(at + 1)));
  }
  return secrets;
}
