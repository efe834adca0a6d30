import { err, errorIssue, type Issue, ok, type Result } from '../../../base/index.ts';
import { KEY_SET_LIMIT_BYTES, type KeyRow, keyTable, readKeySet } from '../../../credential/index.ts';
import type { Source, Sources } from '../../kind.ts';
import type { IssuerConfig } from './config.ts';
import type { KeysAtHand } from './issuer-tokens.ts';

/** Where an issuer's keys are gathered from. */
export function keySource({ name, issuer, keys }: IssuerConfig): Source {
  switch (keys.kind) {
    case 'discovery':
    case 'url':
      return { kind: 'table', declaration: keyTable({ name, issuer, origin: keys }) };
    case 'file':
      return { kind: 'file', path: keys.path, limitBytes: KEY_SET_LIMIT_BYTES };
    default:
      return keys satisfies never;
  }
}

/** An issuer's keys, as they are each time this is asked. */
export function keysOf(issuer: IssuerConfig, got: Sources): Result<() => KeysAtHand, readonly Issue[]> {
  const { keys: origin } = issuer;
  if (origin.kind !== 'file') return ok(got.table<KeyRow>(keyTable({ ...issuer, origin }).name));
  const read = readKeySet(got.file(origin.path));
  if (!read.ok) return err([errorIssue(`${issuer.path}.jwks`, `the file with this issuer’s keys: ${read.error}`)]);
  const rows = new Map(read.value.rows.map((row) => [row.thumbprint, row]));
  const keys: KeysAtHand = { rows, filledAtMs: Number.POSITIVE_INFINITY };
  return ok(() => keys);
}
