export type { SessionEvent } from './events.ts';
export {
  type SessionAnswer,
  Sessions,
  type SessionsOptions,
  type SessionsToEnd,
  type SessionSummary,
} from './sessions.ts';
export type { ProviderSettings, SessionLimits, SessionSettings } from './settings.ts';
export type { ProviderLogout } from './signing-out.ts';
export type { ProviderKeys } from './provider.ts';
export { tryProvider } from './provider-trial.ts';
