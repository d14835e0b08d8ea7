export { type AsyncComplianceCase, type ComplianceCase, ComplianceError } from './cases.ts';
export { type JournalDriver, journalSuite } from './journal-suite.ts';
export type { ServiceDriver } from './service-play.ts';
export { serviceSuite } from './service-suite.ts';
