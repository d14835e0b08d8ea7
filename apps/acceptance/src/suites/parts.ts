/**
 * A suite that takes an hour runs in parts, one after the other. What each part came to can be kept in a folder, so that a run
 * that was cut short goes on where it stopped.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './outcomes.ts';
import type { Ground, Suite } from './suite.ts';

export interface Kept {
  /** Null keeps nothing. */
  readonly folder: string | null;
  /** How many parts may run that have not run before. */
  readonly most: number;
}

export interface Whole {
  readonly outcomes: readonly Outcome[];
  /** Parts that were not run. */
  readonly left: readonly string[];
}

/** Runs what is asked for, or all parts that are not kept yet. `between` is called after each that ran. */
export async function runParts(
  ground: Ground,
  suite: Suite,
  kept: Kept,
  between: () => void,
): Promise<Whole> {
  if (ground.only !== null || suite.parts === undefined) {
    return { outcomes: await suite.run(ground), left: [] };
  }
  const outcomes: Outcome[] = [];
  const left: string[] = [];
  const { target } = ground.trial;
  const folder = kept.folder === null ? null : join(kept.folder, `${suite.name}-${suite.version}-${target}`);
  if (folder !== null) mkdirSync(folder, { recursive: true });
  let ran = 0;
  for (const part of await suite.parts(ground)) {
    const file = folder === null ? null : join(folder, `${part}.json`);
    if (file !== null && existsSync(file)) {
      outcomes.push(...readOutcomes(file));
      continue;
    }
    if (ran === kept.most) {
      left.push(part);
      continue;
    }
    const came = await suite.run({ ...ground, only: part });
    between();
    ran++;
    outcomes.push(...came);
    if (file !== null) write(file, came);
    const failed = came.filter(({ result }) => result === 'failed').length;
    ground.trial.note(`${suite.name}: ${part}: ${came.length} tests, ${failed} failed`);
  }
  return { outcomes, left };
}

const readOutcomes = (file: string): readonly Outcome[] => JSON.parse(readFileSync(file, 'utf8'));

/** All of it or nothing, whenever this process ends. */
function write(file: string, outcomes: readonly Outcome[]): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(outcomes, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
