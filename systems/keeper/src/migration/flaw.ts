/** What is wrong with a file, for whoever has to find out why: never an exception, since files come from anywhere. */

export interface Flaw {
  readonly flaw: string;
  /** Bytes from the beginning of the file. */
  readonly offset: number;
}

export const isFlaw = <T extends object>(found: T | Flaw): found is Flaw => 'flaw' in found;

export const flawWords = ({ flaw, offset }: Flaw): string => `${flaw}, at byte ${offset}`;
