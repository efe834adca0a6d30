import { err, ok, type Result } from '../../base/index.ts';
import type { Egress, EgressFault, EgressReply, Files, VaultSource } from '../../ports/index.ts';

/** A secret of Vault has a few KiB; the engine itself takes no more than 1 MiB. */
const REPLY_LIMIT_BYTES = 1024 * 1024;
const CA_LIMIT_BYTES = 1024 * 1024;
const TIMEOUT_MS = 5_000;

/** What calls go through. */
export interface VaultPorts {
  readonly egress: Egress;
  readonly files: Pick<Files, 'read'>;
}

/** One question. `path` stands behind `/v1/`, encoded; `token` is null before there is one. */
export interface VaultQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string | null;
  readonly body?: Readonly<Record<string, string>>;
}

/**
 * Why there is no answer: `absent` where nobody answered, or Vault is sealed; `failing` where this question has no answer
 * now, and another may have one; `forbidden` for 403; `missing` for 404; `refused` for all else. The words hold nothing that
 * Vault said, which may repeat what was sent.
 */
export interface VaultFault {
  readonly reason: 'absent' | 'failing' | 'forbidden' | 'missing' | 'refused';
  readonly words: string;
}

/** What every answer of Vault is, as far as it is read here. */
export type VaultAnswer = Readonly<Record<string, unknown>>;

/**
 * Asks Vault, over a connection of its own whose certificate is verified. Redirects are refused: a token must not follow
 * where a stranger points. The answer is an object of JSON, of which nothing is believed yet.
 */
export async function askVault(
  { egress, files }: VaultPorts,
  { address, namespace, caFile }: VaultSource,
  { method, path, token, body }: VaultQuestion,
): Promise<Result<VaultAnswer, VaultFault>> {
  const ca = caFile === null ? null : await files.read(caFile, CA_LIMIT_BYTES);
  if (ca !== null && !ca.ok) return fault('absent', 'the file of its CAs can not be read');
  const reply = await egress.call({
    url: `${address}/v1/${path}`,
    method,
    headers: {
      accept: 'application/json',
      // An agent of Vault may demand it, since no page of a browser can send it.
      'x-vault-request': 'true',
      ...(token === null ? {} : { 'x-vault-token': token }),
      ...(namespace === null ? {} : { 'x-vault-namespace': namespace }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    ...(ca === null ? {} : { ca: new TextDecoder().decode(ca.value) }),
    timeoutMs: TIMEOUT_MS,
    limitBytes: REPLY_LIMIT_BYTES,
    reach: 'named',
  });
  if (reply.ok) return answerOf(reply.value);
  const [reason, words] = UNREACHED[reply.error.reason];
  return fault(reason, words);
}

const UNREACHED = {
  'forbidden-address': ['refused', 'its address is one where clouds keep credentials'],
  unresolved: ['absent', 'its name has no address'],
  unreachable: ['absent', 'it can not be reached'],
  untrusted: ['absent', 'it does not prove who it is'],
  timeout: ['absent', `it did not answer within ${TIMEOUT_MS / 1_000} s`],
  cancelled: ['absent', 'nobody waited for its answer'],
  'too-large': ['failing', 'its answer is too large'],
  'malformed-url': ['refused', 'it can not be asked so'],
  'malformed-reply': ['failing', 'its answer can not be read'],
} as const satisfies Record<EgressFault['reason'], readonly [VaultFault['reason'], string]>;

function answerOf({ status, body }: EgressReply): Result<VaultAnswer, VaultFault> {
  if (status === 403) return fault('forbidden', 'it refuses this token');
  if (status === 404) return fault('missing', 'it has nothing there');
  if (status >= 300 && status < 400) return fault('refused', 'it redirects; name the address that answers itself');
  if (status === 503) return fault('absent', 'it is sealed, or in maintenance');
  if (status === 429 || status >= 472) return fault('failing', `it answers with status ${status}`);
  if (status !== 200) return fault('refused', `it answers with status ${status}`);
  const answer = readObject(body);
  return answer === null ? fault('failing', 'its answer is no object of JSON') : ok(answer);
}

function readObject(body: Uint8Array): VaultAnswer | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether a value of an answer is an object. */
function isObject(value: unknown): value is VaultAnswer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of an object, by its own name; undefined where it has none. */
export function memberOf(object: unknown, name: string): unknown {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

function fault(reason: VaultFault['reason'], words: string): Result<never, VaultFault> {
  return err({ reason, words });
}
