/** What a ping reports, judged: whom it convicts. Evidence is whole by itself, so it does not matter who brings it. */

import { decodeEvidence } from '../evidence/evidence.ts';
import { type EvidenceContext, judgeEvidence } from '../evidence/judging.ts';
import type { Convict } from './state.ts';

/** For `TrackerOptions.convicts`. @param context what a judge has to know at this moment */
export const convictsBy =
  (context: () => EvidenceContext) =>
  (bytes: Uint8Array): Convict | null => {
    const evidence = decodeEvidence(bytes);
    if (evidence === null) return null;
    const verdict = judgeEvidence(evidence, context());
    return verdict.valid ? { member: verdict.accused, rule: evidence.rule } : null;
  };
