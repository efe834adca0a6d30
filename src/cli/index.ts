export type {
  CommandContext,
  CommandServices,
  IssuerKeysFound,
  LocalIssuer,
  LocalIssuerOptions,
  ReadyFacts,
  ReadyPorts,
} from './context.ts';
export { runCli } from './run.ts';
