export * from './events.ts';
export * from './gateway/index.ts';
export * from './jute/protocol.ts';
export * from './keeper.ts';
export * from './orders.ts';
export * from './query.ts';
export * from './service.ts';
export * from './sessions/session-id.ts';
