export type { CommandContext, CommandServices, ReadyPorts } from './context.ts';
