import { errorIssue, type Issue } from '../base/index.ts';
import { Detector } from '../leaks/index.ts';
import type { DescribedDocument } from './description-document.ts';
import type { ApiConfig } from './config.ts';
import { placeOf, type Work } from './gather-work.ts';

/** Larger descriptions are not looked through: nobody writes so many examples by hand. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Descriptions that hold what looks like a key. They are only told of, and only by whoever checks: nothing of a description
 * is taken for a secret, examples are made to look like some, and one that others publish must not keep a gateway from
 * starting. Tokens are left out, since most examples of them are of manuals.
 */
export function describedSecretWarnings(
  work: Work,
  described: ReadonlyMap<string, Pick<DescribedDocument, 'json'>>,
): readonly Issue[] {
  const detector = new Detector({ classes: new Set(['secrets', 'privateKeys'] as const), allowed: new Set() });
  const told = new Set<SharedArrayBuffer>();
  return work.parsed.config.apis.flatMap(({ name, path, party }: ApiConfig) => {
    const json = described.get(name)?.json;
    // What a third party publishes is theirs to mend.
    if (json === undefined || party !== null || told.has(json) || json.byteLength > LIMIT_BYTES) return [];
    told.add(json);
    const [first] = detector.find(new Uint8Array(json), 'backslash') ?? [];
    if (first === undefined) return [];
    const at = `${path}.openapi`;
    const message = `this description holds what looks like a secret (${first.form}), for all to see who may read it`;
    const fix = 'if it is one, replace it where it is in use, and take it out of the description';
    return [{ ...errorIssue(at, message, { place: placeOf(work, at), fix }), severity: 'warning' as const }];
  });
}
