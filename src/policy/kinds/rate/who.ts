import type { Principal } from '../../principal.ts';
import type { LimitRule } from './config.ts';

/**
 * Whom a limit counts, as part of a key. A caller without a client, or without a tenant, counts as the user it is, so
 * that it is counted in any case. No two callers have the same text: the issuer's name holds no NUL, and what follows
 * it is the rest of the text, whatever it holds.
 */
export function callerKey(per: Exclude<LimitRule['per'], 'address'>, principal: Principal): string {
  const { issuer, subject, clientId, tenant } = principal;
  if (per === 'app' && clientId !== null) return `app\0${issuer}\0${clientId}`;
  if (per === 'tenant' && tenant !== null) return `tenant\0${issuer}\0${tenant}`;
  return `user\0${issuer}\0${subject}`;
}
