/** What a ping reports, judged: whom it convicts. Evidence is whole by itself, so it does not matter who brings it. */

import type { NodeId } from '@concordat/kernel';
import { decodeEvidence } from '../evidence/evidence.ts';
import { type EvidenceContext, judgeEvidence } from '../evidence/judging.ts';

/** For `TrackerOptions.convicts`. @param context what a judge has to know at this moment */
export const convictsBy =
  (context: () => EvidenceContext) =>
  (bytes: Uint8Array): NodeId | null => {
    const evidence = decodeEvidence(bytes);
    if (evidence === null) return null;
    const verdict = judgeEvidence(evidence, context());
    return verdict.valid ? verdict.accused : null;
  };
