export type {
  CommandContext,
  CommandServices,
  IssuerKeysFound,
  IssuerTrial,
  KeptRevisions,
  LocalIssuer,
  LocalIssuerOptions,
  ReadyFacts,
  ReadyPorts,
  TlsFindings,
  TlsTarget,
} from './context.ts';
export { runCli } from './run.ts';
