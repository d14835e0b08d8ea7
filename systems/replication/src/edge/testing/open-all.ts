/** Several of what a test opens. */

/** Opens all, or none: where one fails the others are closed, or they would keep the test's process alive. */
export async function openAll<T extends { close(): Promise<void> }>(
  opening: readonly Promise<T>[],
): Promise<T[]> {
  const outcomes = await Promise.allSettled(opening);
  const open = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return open;
  await Promise.all(open.map((each) => each.close()));
  throw failed.reason;
}
