export { judgeNode, type NodeStanding } from './checks/node-version.ts';
export type { CommandContext, CommandServices, ReadyPorts } from './context.ts';
export { runCli } from './run.ts';
