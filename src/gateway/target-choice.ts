import { hashText } from '../balance/index.ts';
import type { HashSource } from '../config/compiled.ts';
import { claimAt } from '../policy/index.ts';
import { networkOfClient } from '../wire/index.ts';
import type { Walk } from './walk.ts';

/** Keeps the hash that chooses a canary apart from the one that chooses a target. */
const CANARY_SEED = 0x63616e61;

/** The hash of a request by the rule of its upstream; by chance where it has nothing that could be hashed. */
export function hashFor(walk: Walk): number {
  const { balance } = walk.compiled.api.upstream;
  if (balance.rule !== 'hash') return 0;
  const text = hashedText(walk, balance.by);
  return text === null || text === '' ? (walk.context.ports.chance() * 2 ** 32) >>> 0 : hashText(text);
}

function hashedText(walk: Walk, by: HashSource): string | null {
  switch (by.kind) {
    case 'header':
      return walk.request.headers.get(by.name);
    case 'cookie':
      return cookieNamed(by.name, walk.request.headers.all('cookie'));
    case 'claim':
      return walk.principal === null ? null : claimText(walk.principal.claims, by.path);
    case 'address':
      return networkOfClient(walk.request.peer);
  }
}

function claimText(claims: Readonly<Record<string, unknown>>, path: readonly string[]): string | null {
  const claim = claimAt(claims, path);
  if (!claim.ok) return null;
  const { value } = claim;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The value of the first cookie of this name (RFC 6265 §4.2.1), or null. */
function cookieNamed(name: string, fields: readonly string[]): string | null {
  const opening = `${name}=`;
  for (const field of fields) {
    const pair = field
      .split(';')
      .map((each) => each.trim())
      .find((each) => each.startsWith(opening));
    if (pair !== undefined) return pair.slice(opening.length);
  }
  return null;
}

/** Whether a request goes to the canary of its upstream: its sender says so, or is among those whose part that is. */
export function goesToCanary(walk: Walk): boolean {
  const { canary } = walk.compiled.api.upstream;
  if (canary === null) return false;
  const { when, percent, by } = canary;
  if (when !== null && walk.request.headers.get(when.header) === when.value) return true;
  if (by === 'request') return walk.context.ports.chance() * 100 < percent;
  // The API's name is in it, so that not the same callers try out the new versions of all.
  const text = `${walk.compiled.api.name}\n${callerText(walk, by)}`;
  return hashText(text, CANARY_SEED) * 100 < percent * 2 ** 32;
}

function callerText({ principal, request }: Walk, by: 'user' | 'address'): string {
  if (by === 'user' && principal !== null) return `${principal.issuer}\n${principal.subject}`;
  return networkOfClient(request.peer);
}
