import { isJsonObject, type JsonBounds, type JsonReader, readJwt } from '../credential/index.ts';
import type { Egress, EgressReply } from '../ports/index.ts';
import { ProviderUnavailable, ProviderUnreadable } from './provider-fault.ts';

/** What openid-client asks for: a call as `fetch` has it. */
export interface CallOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** The way of openid-client to a provider. */
export type ProviderFetch = (url: string, options: CallOptions) => Promise<Response>;

/** One call gets so long; whoever signs in waits for it. */
const TIMEOUT_MS = 10_000;
/** The largest replies are key sets, and userinfo of people with hundreds of groups. */
const LIMIT_BYTES = 256 * 1_024;
/** Beginning and finishing to sign in costs strangers nothing, and each call holds a socket. */
const CALLS_AT_ONCE = 64;
/** As for tokens: what is read of a provider has one reading. */
const BOUNDS: JsonBounds = { depth: 32, keys: 2_000, elements: 4_000, numberBytes: 40 };

/**
 * The way of openid-client to a provider: through our egress, within bounds, without redirects, and what says that it is
 * JSON, or a JWT, must have one reading. What can't be had throws a ProviderUnavailable.
 */
export function createProviderFetch(egress: Egress, readJson: JsonReader, ca: string | null): ProviderFetch {
  let running = 0;
  return async (url, { method, headers, body, signal }) => {
    if (method !== 'GET' && method !== 'POST') throw new ProviderUnreadable(`nobody is asked with ${method}`);
    if (running >= CALLS_AT_ONCE) throw new ProviderUnavailable('too many calls to it are under way');
    running++;
    try {
      const reply = await egress.call({
        url,
        method,
        headers,
        ...(body === undefined || body === null ? {} : { body: Buffer.from(textOf(body)) }),
        timeoutMs: TIMEOUT_MS,
        limitBytes: LIMIT_BYTES,
        reach: 'named',
        ...(ca === null ? {} : { ca }),
        ...(signal === undefined ? {} : { signal }),
      });
      if (!reply.ok) throw new ProviderUnavailable(`${reply.error.reason}: ${reply.error.detail}`);
      return responseOf(reply.value, readJson);
    } finally {
      running--;
    }
  };
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new ProviderUnreadable('a body that is no form');
}

function responseOf({ status, headers, body }: EgressReply, readJson: JsonReader): Response {
  // A proxy in between answers so too, and a session must not end for it.
  if (status >= 500 || status === 429) throw new ProviderUnavailable(`status ${status}`);
  if (status < 200 || (status >= 300 && status < 400)) {
    throw new ProviderUnreadable(`status ${status}; redirects are not followed`);
  }
  const type = headers.get('content-type') ?? '';
  if (/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    const read = readJson(body, BOUNDS);
    if (!read.ok) throw new ProviderUnreadable('it sent JSON that has no one reading, or is too large');
    checkIdToken(read.value, readJson);
  }
  // Userinfo that is signed (OpenID Connect Core §5.3.2) is no less JSON for it.
  if (/^application\/jwt\s*(;|$)/i.test(type) && !readJwt(Buffer.from(body).toString('latin1'), readJson).ok) {
    throw new ProviderUnreadable('it sent a JWT that has no one reading, or is too large');
  }
  const isEmpty = status === 204 || status === 205;
  return new Response(isEmpty ? null : new Uint8Array(body), { status, headers: [...headers] });
}

/** An ID token is read as strictly as any token before others read it in their way (OpenID Connect Core §3.1.3.3). */
function checkIdToken(answer: unknown, readJson: JsonReader): void {
  const text = isJsonObject(answer) && Object.hasOwn(answer, 'id_token') ? answer['id_token'] : undefined;
  if (typeof text !== 'string') return;
  const read = readJwt(text, readJson);
  if (!read.ok) throw new ProviderUnreadable(`its ID token is refused: ${read.error}`);
}
