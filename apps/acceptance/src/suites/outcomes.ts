/** What tests of clients came to, read from the reports of the programs that ran them. */

export interface Outcome {
  /** Unique in its suite. */
  readonly test: string;
  readonly result: 'passed' | 'skipped' | 'failed';
  /** The reason of a skip, or the line that tells best why it failed. */
  readonly detail: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|(lt|gt|quot|apos|amp));/g, (_, code, name) =>
    name === undefined ? String.fromCodePoint(Number(code)) : (ENTITIES[name] ?? ''),
  );
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300);
const attribute = (attributes: string, name: string): string =>
  unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');

/** JUnit's XML, as pytest and Maven write it. A test that ran several times came to the worst. */
export function fromJunit(xml: string): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const [, attributes = '', body = ''] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const test = `${attribute(attributes, 'classname')}.${attribute(attributes, 'name')}`;
    const bad = /<(failure|error|skipped)\b((?:[^>"]|"[^"]*")*)/.exec(body);
    const result = bad === null ? 'passed' : bad[1] === 'skipped' ? 'skipped' : 'failed';
    outcomes.push({ test, result, detail: oneLine(attribute(bad?.[2] ?? '', 'message')) });
  }
  return once(outcomes);
}

/** Lines of `go test -json`. Tests that hold others are left out: they are as good as those. */
export function fromGo(lines: readonly string[]): Outcome[] {
  const outcomes = new Map<string, Outcome>();
  const said = new Map<string, string>();
  for (const line of lines) {
    const event = readGoEvent(line);
    if (event?.Test === undefined) continue;
    const { Test: test, Action: action, Output: output = '' } = event;
    // Logs of servers, which the tests repeat, have a mark.
    if (action === 'output' && /^\s+\S+\.go:\d+: (?!\[ZK)/.test(output)) said.set(test, oneLine(output));
    if (action === 'run') outcomes.set(test, { test, result: 'failed', detail: 'it did not end' });
    if (action === 'pass') outcomes.set(test, { test, result: 'passed', detail: '' });
    if (action === 'skip') outcomes.set(test, { test, result: 'skipped', detail: said.get(test) ?? '' });
    if (action === 'fail') outcomes.set(test, { test, result: 'failed', detail: said.get(test) ?? '' });
  }
  const all = [...outcomes.values()];
  return all.filter(({ test }) => !all.some((other) => other.test.startsWith(`${test}/`)));
}

interface GoEvent {
  readonly Action?: string;
  readonly Test?: string;
  readonly Output?: string;
}

function readGoEvent(line: string): GoEvent | null {
  try {
    const event: GoEvent | null = JSON.parse(line);
    return event;
  } catch {
    return null;
  }
}

/** One outcome for each name: the worst. */
function once(outcomes: readonly Outcome[]): Outcome[] {
  const badness = { passed: 0, skipped: 1, failed: 2 };
  const worst = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const before = worst.get(outcome.test);
    if (before === undefined || badness[outcome.result] > badness[before.result])
      worst.set(outcome.test, outcome);
  }
  return [...worst.values()];
}

/** What CppUnit's brief progress shows, amid what the tests print themselves: a test that has begun must end with OK. */
export function fromCppUnit(lines: readonly string[]): Outcome[] {
  const text = lines.join('\n');
  // Tests of the single-threaded client are asked for, and are not there.
  const starts = [...text.matchAll(/(?<!No test named <)\b(Zookeeper_\w+::\w+)/g)];
  return once(
    starts.flatMap((start, i): Outcome[] => {
      const said = text.slice(start.index + start[0].length, starts[i + 1]?.index);
      const test = start[1] ?? '';
      if (/: elapsed \d+ : OK/.test(said)) return [{ test, result: 'passed', detail: '' }];
      return [{ test, result: 'failed', detail: oneLine(said) }];
    }),
  );
}

/** Lines `ok NAME` and `not ok NAME: WHY` of our own programs. */
export function fromLines(lines: readonly string[]): Outcome[] {
  return lines.flatMap((line): Outcome[] => {
    const bad = /^not ok (.*?): (.*)$/.exec(line);
    if (bad !== null) return [{ test: bad[1] ?? '', result: 'failed', detail: oneLine(bad[2] ?? '') }];
    return line.startsWith('ok ') ? [{ test: line.slice(3), result: 'passed', detail: '' }] : [];
  });
}
