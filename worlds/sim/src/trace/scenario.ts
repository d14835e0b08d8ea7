/**
 * The text of a golden trace: what to build and what to do, a line of dashes, and what then happened.
 *
 *     # Castro & Liskov, section 4.2: three phases in the good case.
 *     cluster u=1 r=1
 *     at 10 call c0 put "two words"
 *     at 50 crash r3
 *     run 500
 *     ----
 *     t=10.5 c0→r0 REQUEST seq=1
 *
 * A line is `[at MS] VERB WORD... KEY=VALUE...`; without `at` it happens when the line before it does. `run` says how
 * long the recording goes on (default 1000 ms).
 */

import type { Millis } from '@concordat/kernel';

export interface Command {
  /** True time of the world. */
  readonly at: Millis;
  readonly verb: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** Counted from 1. */
  readonly line: number;
}

export interface Scenario {
  /** Everything up to and including the dashes, as it stands in the file. */
  readonly head: string;
  readonly commands: readonly Command[];
  readonly runMs: Millis;
  readonly expected: readonly string[];
  /** Line of the first expected line, counted from 1. */
  readonly expectedFrom: number;
}

const DASHES = /^-{4,}$/;
const TOKEN = /"([^"]*)"|(\S+)/g;
const OPTION = /^([a-zA-Z][\w-]*)=(.*)$/;

/** A finite number, or null. */
export function parseNumber(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function parseCommand(text: string, line: number, latest: Millis): Command | string {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const [token, quoted] of text.matchAll(TOKEN)) {
    const option = quoted === undefined ? OPTION.exec(token) : null;
    if (option === null) words.push(quoted ?? token);
    else options.set(option[1] ?? '', option[2] ?? '');
  }
  let at = latest;
  if (words[0] === 'at') {
    const time = parseNumber(words[1]);
    if (time === null || time < latest) return `line ${line}: times are numbers and do not decrease`;
    at = time;
    words.splice(0, 2);
  }
  const [verb, ...rest] = words;
  return verb === undefined ? `line ${line}: a command has a verb` : { at, verb, words: rest, options, line };
}

/** Parses a trace file; a string tells, with its line, what is wrong. */
export function parseScenario(text: string): Scenario | string {
  const lines = text.split('\n');
  const dashes = lines.findIndex((line) => DASHES.test(line.trim()));
  const headLines = dashes < 0 ? lines : lines.slice(0, dashes);
  const commands: Command[] = [];
  let runMs = 1000;
  let latest = 0;
  for (const [index, raw] of headLines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const command = parseCommand(line, index + 1, latest);
    if (typeof command === 'string') return command;
    latest = command.at;
    if (command.verb !== 'run') commands.push(command);
    else runMs = parseNumber(command.words[0]) ?? runMs;
  }
  const head = `${headLines.join('\n').trimEnd()}\n${dashes < 0 ? '----' : (lines[dashes] ?? '').trim()}\n`;
  const expected = dashes < 0 ? [] : lines.slice(dashes + 1).map((line) => line.trimEnd());
  while (expected.at(-1) === '') expected.pop();
  return { head, commands, runMs, expected, expectedFrom: headLines.length + 2 };
}
