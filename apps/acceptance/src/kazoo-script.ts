/** Scripts for kazoo in `python/`, which print one PASS or FAIL line for each claim. */

import { startPython } from './tools.ts';
import type { Trial } from './trial.ts';

export async function runKazoo(trial: Trial, name: string, args: readonly string[]): Promise<void> {
  const script = startPython(name, args, trial.signal);
  const code = await script.ended;
  for (const line of script.lines) {
    if (line.startsWith('PASS ')) trial.check(true, line.slice(5));
    else if (line.startsWith('FAIL ')) trial.check(false, line.slice(5));
    else trial.note(line);
  }
  trial.check(code === 0, 'the kazoo script ran to its end');
}
