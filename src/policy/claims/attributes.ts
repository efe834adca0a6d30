import { err, ok, type Result } from '../../base/index.ts';
import type { JwtClaims } from '../../credential/index.ts';
import type { AttributeValue } from '../principal.ts';
import { claimAt, nameIn, namesIn } from './claim-texts.ts';
import type { ClaimPath } from './config.ts';

/** What is told of a caller by names of the configuration: a claim that is not there is left out, one of another type is malformed. */
export function attributesOf(
  claims: JwtClaims,
  paths: Readonly<Record<string, ClaimPath>>,
): Result<Readonly<Record<string, AttributeValue>>, 'claims'> {
  const attributes: [string, AttributeValue][] = [];
  for (const [name, path] of Object.entries(paths)) {
    const found = claimAt(claims, path);
    const value = found.ok ? plainValue(found.value) : found;
    if (!value.ok) return value;
    if (value.value !== null) attributes.push([name, value.value]);
  }
  return ok(Object.freeze(Object.fromEntries(attributes)));
}

/** A text, a number, a truth value, or a list of texts. */
function plainValue(value: unknown): Result<AttributeValue | null, 'claims'> {
  if (typeof value === 'boolean') return ok(value);
  if (typeof value === 'number') return Number.isFinite(value) ? ok(value) : err('claims');
  return Array.isArray(value) ? namesIn(value) : nameIn(value);
}

/**
 * Who it is, by several claims together: all must be there. They are put together with slashes, so none may hold one, or
 * two callers could have one name.
 */
export function subjectOf(claims: JwtClaims, paths: readonly ClaimPath[]): Result<string, 'claims'> {
  const parts: string[] = [];
  for (const path of paths) {
    const found = claimAt(claims, path);
    const part = found.ok ? nameIn(found.value) : found;
    if (!part.ok || part.value === null) return err('claims');
    if (paths.length > 1 && part.value.includes('/')) return err('claims');
    parts.push(part.value);
  }
  return ok(parts.join('/'));
}
