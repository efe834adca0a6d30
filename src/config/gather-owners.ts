import { errorIssue, secretLine } from '../base/index.ts';
import { checked, complain, gatherFile, gatherSecret, placeOf, type Work } from './gather-work.ts';
import { PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';
import { isClear } from './web-url.ts';

/** Reads what the gateway shows to services that it asks whose objects are, and by what they are verified. */
export async function gatherOwners(work: Work): Promise<void> {
  const all = work.parsed.config.apis.flatMap(({ operations }) =>
    Object.values(operations).flatMap(({ access: { object } }) => object?.lookup ?? []),
  );
  for (const { path, url, secret, caFile } of all) {
    if (isClear(url)) {
      const message = 'who owns what is asked over plain http, where others can answer in its place';
      const issue = errorIssue(`${path}.url`, message, { place: placeOf(work, `${path}.url`), fix: 'use https' });
      work.warnings.push({ ...issue, severity: 'warning' });
    }
    const ca = caFile === null ? null : await gatherFile(work, `${path}.ca`, caFile, PEM_LIMIT_BYTES);
    if (ca !== null) checked(work, `${path}.ca`, readCertificates(ca));
    const at = `${path}.secret.value`;
    const bytes = secret === null ? null : await gatherSecret(work, at, secret.reference);
    if (bytes !== null && !/^[\x21-\x7e]{1,8192}$/.test(secretLine(bytes)))
      complain(work, at, 'this secret is not one line of plain ASCII without blanks');
  }
}
