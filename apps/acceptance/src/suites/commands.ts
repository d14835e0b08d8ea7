/** Programs run one after the other, for downloads and builds. */

import { type Running, start } from '../tools.ts';

export interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program in a folder, with variables besides those of this process. */
export function startIn(place: Place, command: readonly string[], signal: AbortSignal): Running {
  const variables = Object.entries(place.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return start('env', ['-C', place.cwd, ...variables, ...command], signal);
}

/** Runs commands until one fails; resolves with what that one said last, or null when all succeeded. */
export async function runAll(
  place: Place,
  commands: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<string | null> {
  for (const command of commands) {
    const step = startIn(place, command, signal);
    if ((await step.ended) !== 0) {
      const last = step.lines.findLast((line) => /error|cannot|not found|no such/i.test(line));
      return `${command[0]} ${command[1] ?? ''}: ${last ?? step.lines.at(-1) ?? 'it cannot be run'}`;
    }
  }
  return null;
}
