export type { CommandContext, CommandServices, ReadyPorts } from './context.ts';
export { runCli } from './run.ts';
