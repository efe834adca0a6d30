import { err, ok, type Result } from '../../base/index.ts';
import { isJsonObject, isName, type JwtClaims } from '../../credential/index.ts';
import type { ClaimPath } from './config.ts';

/** One role, scope, tenant or identifier; longer ones are no names. */
const NAME_LIMIT = 256;

/** Names in one list: a token of 16 KiB with more of them says nothing that anybody maintains. */
const NAMES_LIMIT = 500;

const NONE: readonly string[] = Object.freeze([]);

/** The claim at a path, own names only; undefined where it ends early, err where it leads through what is no object. */
export function claimAt(claims: JwtClaims, path: ClaimPath): Result<unknown, 'claims'> {
  let value: unknown = claims;
  for (const name of path) {
    if (!isJsonObject(value)) return err('claims');
    if (!Object.hasOwn(value, name)) return ok(undefined);
    value = value[name];
  }
  return ok(value);
}

/** A name, or null where the claim is not there. Anything else is malformed, and not guessed at. */
export function nameIn(value: unknown): Result<string | null, 'claims'> {
  if (value === undefined) return ok(null);
  return isName(value, NAME_LIMIT) ? ok(value) : err('claims');
}

/**
 * A list of names: an array of them, or one text with spaces between (RFC 8693 §4.2). Null where the claim is not
 * there; an empty text is an empty list.
 */
export function namesIn(value: unknown): Result<readonly string[] | null, 'claims'> {
  if (value === undefined) return ok(null);
  if (value === '') return ok(NONE);
  const names: unknown = typeof value === 'string' ? value.split(' ') : value;
  if (!Array.isArray(names) || names.length > NAMES_LIMIT) return err('claims');
  return names.every((name) => isName(name, NAME_LIMIT)) ? ok(Object.freeze([...names])) : err('claims');
}
