/**
 * What a process says about itself. Notes never change behaviour: the host turns them into trace lines, counters,
 * log lines and dashboard lanes. Protocols do not log.
 */

export type NoteValue = string | number | boolean;

export interface Note {
  /** A stable kebab-case name, e.g. `view-change`, `drop`, `committed`. It becomes a counter of that name. */
  readonly kind: string;
  readonly [field: string]: NoteValue;
}
