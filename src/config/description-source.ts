import { err, ok, type Result } from '../base/index.ts';
import type { Egress, EgressFault, FileFault, Files } from '../ports/index.ts';
import { words } from './words.ts';

/** The largest OpenAPI document: twice the size of the largest public ones. */
const DOCUMENT_LIMIT_BYTES = 32 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 15_000;

/** Whether a location is a URL rather than a path. */
export function isUrl(location: string): boolean {
  return location.includes('://');
}

/** The bytes of an OpenAPI document from a file or a URL; an error is in `words`. */
export async function readLocation(
  location: string,
  ports: { readonly files: Files; readonly egress: Egress },
): Promise<Result<Uint8Array, string>> {
  if (isUrl(location)) return fetchDocument(location, ports.egress);
  const result = await ports.files.read(location, DOCUMENT_LIMIT_BYTES);
  return result.ok ? result : err(fileWords(location, result.error, DOCUMENT_LIMIT_BYTES));
}

async function fetchDocument(url: string, egress: Egress): Promise<Result<Uint8Array, string>> {
  const reply = await egress.call({
    url,
    method: 'GET',
    headers: { accept: 'application/json, application/yaml, */*;q=0.1' },
    timeoutMs: FETCH_TIMEOUT_MS,
    limitBytes: DOCUMENT_LIMIT_BYTES,
    reach: 'named',
  });
  if (!reply.ok) return err(egressWords(url, reply.error));
  const { status, body } = reply.value;
  if (status === 200) return ok(body);
  const fix = status >= 300 && status < 400 ? 'redirects are not followed: write the URL it leads to' : undefined;
  return err(words(`${withoutQuery(url)} answered with status ${status}`, fix));
}

/** Why a file could not be read, in words for the author of the configuration. */
export function fileWords(path: string, fault: FileFault, limitBytes: number): string {
  switch (fault.reason) {
    case 'missing':
      return words(`there is no file ${path}`, 'relative paths start at the configuration file');
    case 'forbidden':
      return words(`${path} may not be read`, 'let the user that the gateway runs as read it');
    case 'not-a-file':
      return words(`${path} is no file`);
    case 'too-large':
      return words(`${path} is larger than ${limitBytes / 1024} KiB`);
    case 'full':
    case 'exists':
    case 'other':
      return words(`${path} cannot be read: ${fault.detail.replaceAll(/\s+/g, ' ')}`);
  }
}

function egressWords(url: string, fault: EgressFault): string {
  const where = withoutQuery(url);
  switch (fault.reason) {
    case 'forbidden-address':
      return words(`${where} leads to an address that the gateway never calls`);
    case 'unresolved':
      return words(`the host of ${where} has no address`);
    case 'unreachable':
      return words(`${where} cannot be reached`);
    case 'untrusted':
      return words(`the certificate of ${where} is not trusted`);
    case 'timeout':
    case 'cancelled':
      return words(`${where} did not answer within ${FETCH_TIMEOUT_MS / 1000} s`);
    case 'too-large':
      return words(`${where} gives more than ${DOCUMENT_LIMIT_BYTES / 1024} KiB`);
    case 'malformed-url':
      return words(`${where} is no URL that can be called`);
    case 'malformed-reply':
      return words(`${where} did not answer with HTTP`);
  }
}

/** A query may hold an access key. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}
