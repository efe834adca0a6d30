import { parseAddress } from '../../../base/index.ts';
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

/**
 * The address that a limit counts: of IPv6 the first 64 bits, since whoever has one address there has all of them
 * (RFC 6177, RFC 7934 §4). Text that is no address counts as it stands.
 */
export function addressKey(address: string): string {
  const [plain = address] = address.split('%', 1);
  const parsed = parseAddress(plain);
  if (!parsed.ok) return address;
  const bytes = parsed.value;
  return bytes.length === 4 ? bytes.join('.') : `${Buffer.from(bytes.subarray(0, 8)).toString('hex')}/64`;
}
