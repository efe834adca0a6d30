import type { Problem } from '../base/index.ts';
import type { UpstreamFailure } from '../wire/index.ts';
import type { GatewayPorts } from './runtime.ts';
import { tellUntrusted } from './untrusted.ts';
import type { Walk } from './walk.ts';

/** Stands for the verdict of a step that threw: nothing that a step can return. */
export const THREW: unique symbol = Symbol('threw');

/** Where a policy failed. */
export interface FaultPlace {
  readonly policy: string;
  readonly operation: string;
  readonly request: string;
}

/** Tells that a policy threw or broke its word. Gives the words for the log. */
export function raiseFault(ports: GatewayPorts, place: FaultPlace, what: unknown): string {
  const detail = what instanceof Error ? `${what.name}: ${what.message}` : 'a value that is no error was thrown';
  const { policy, operation } = place;
  ports.log.write('error', 'gateway.fault', 'a policy failed', { ...place, detail });
  ports.alerts({
    kind: 'gateway.fault',
    key: policy,
    severity: 'critical',
    message: `the policy ${policy} failed`,
    fields: { operation, detail },
  });
  return detail;
}

/** A place may be free as soon as anybody's reply is over. */
const RETRY_SOON = [['retry-after', '1']] as const;

/** Tells that an upstream gave no whole reply, and gives the problem that this is. */
export function reportFailure({ context, id, operation }: Walk, failure: UpstreamFailure): Problem {
  const { code, detail, retryAfterS } = failure;
  const { alerts, log } = context.ports;
  const { api } = operation;
  // A breaker that is open has told so once, and refuses all there are.
  const level = code === 'upstream-circuit-open' ? 'debug' : 'warn';
  log.write(level, 'upstream.failed', detail, { api, operation: operation.id, request: id, code });
  tellUntrusted(alerts, api, failure);
  if (retryAfterS !== undefined) return { code, internal: detail, headers: [['retry-after', String(retryAfterS)]] };
  return { code, internal: detail, headers: code === 'upstream-overloaded' ? RETRY_SOON : [] };
}
