export type {
  CommandContext,
  CommandServices,
  IssuerKeysFound,
  IssuerTrial,
  LocalIssuer,
  LocalIssuerOptions,
  ReadyFacts,
  ReadyPorts,
  TlsFindings,
  TlsTarget,
} from './context.ts';
export { runCli } from './run.ts';
