export {
  type Access,
  type AdminCommand,
  COMMANDS as ADMIN_COMMANDS,
  carryOut,
  findCommand,
  listCommands,
  refuse,
  tell,
} from './commands.ts';
export type { AdminContext, AdminFacts, Ensemble } from './context.ts';
export { type Json, renderJson } from './json.ts';
