/** Options that may be given more than once. */

export const repeated = (text: string, before: readonly string[]): readonly string[] => [...before, text];
