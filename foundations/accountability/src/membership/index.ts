export * from './admission.ts';
export * from './application.ts';
export * from './authority.ts';
export * from './eviction-updates.ts';
export * from './evictions.ts';
export * from './invite.ts';
export * from './members.ts';
