/** Credit in the outside world: durable ledgers. */
export { CreditError, type CreditErrorCode } from './errors.ts';
export type { ChangeLog, LogListener } from './store/change-log.ts';
export { type DirectoryLogOptions, openDirectoryLog } from './store/directory-log.ts';
export { createMemoryLog } from './store/memory-log.ts';
export { openPostgresLog, type PostgresLogOptions } from './store/postgres-log.ts';
export { type CreditStore, openCreditStore, type StoreOptions } from './store/store.ts';
