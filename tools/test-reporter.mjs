/** A reporter for node:test that hands the few facts our summary needs to the parent process, as they happen. */

import { inspect } from 'node:util';

/** The error as a reader wants it: the cause that a test threw, with its stack. */
function describe(error) {
  const cause = error?.cause ?? error;
  const text = inspect(cause, { depth: 6, maxStringLength: 4000 });
  return text.replace(/^ +at .*\(?node:internal.*\n?/gm, '').trimEnd();
}

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (!['test:enqueue', 'test:dequeue', 'test:pass', 'test:fail'].includes(type)) continue;
    process.send?.({
      type,
      name: data.name,
      file: data.file ?? '',
      nesting: data.nesting,
      isSuite: data.details?.type === 'suite',
      durationMs: data.details?.duration_ms ?? 0,
      skipped: data.skip !== undefined || data.todo !== undefined,
      why: typeof data.skip === 'string' ? data.skip : '',
      error: type === 'test:fail' ? describe(data.details.error) : '',
      fromChild: data.details?.error?.failureType === 'subtestsFailed',
    });
  }
  yield '';
}
