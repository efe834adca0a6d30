import { err, ok, type Result } from '../base/index.ts';
import type { ClaimPath } from '../policy/index.ts';
import { words } from './words.ts';

const LENGTH_LIMIT = 512;
const DEPTH_LIMIT = 8;

/**
 * Reads the path to a claim: names with dots between them (`realm_access.roles`), or a JSON Pointer (RFC 6901) where it
 * begins with `/`, for names that hold dots themselves (`/https:~1~1acme.example~1roles`).
 */
export function parseClaimPath(text: string): Result<ClaimPath, string> {
  if (text === '') return err(words('a claim has a name', 'write it like realm_access.roles'));
  if (text.length > LENGTH_LIMIT) return err(`a path to a claim has at most ${LENGTH_LIMIT} characters`);
  if (/[\x00-\x1f\x7f]/.test(text)) return err('a path to a claim holds no control characters');
  const names = text.startsWith('/') ? pointerNames(text) : text.split('.');
  if (names === null) {
    return err(words('a JSON Pointer has `~` only in ~0 and ~1', 'write ~0 for `~` and ~1 for `/`'));
  }
  if (names.includes('')) return err(words('a name in this path is empty', 'write it like realm_access.roles'));
  return names.length > DEPTH_LIMIT ? err(`a path to a claim has at most ${DEPTH_LIMIT} names`) : ok(names);
}

function pointerNames(text: string): string[] | null {
  if (/~(?![01])/.test(text)) return null;
  const tokens = text.slice(1).split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
