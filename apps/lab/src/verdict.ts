/** How a finding is told in one word: terminal, page and table say the same. */

import { type Finding, isSurprise } from './finding.ts';

export type Verdict = 'holds' | 'missed' | 'BROKEN' | 'HOLDS NOW';

export function verdictOf(finding: Finding): Verdict {
  if (isSurprise(finding)) return finding.holds ? 'HOLDS NOW' : 'BROKEN';
  return finding.holds ? 'holds' : 'missed';
}
