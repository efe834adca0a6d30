import { err, ok, type Result } from '../base/index.ts';
import type { Egress, EgressRequest } from '../ports/index.ts';
import { type AssertionKey, ASSERTION_TYPE, readAssertionKey, signAssertion } from './client-assertion.ts';
import { introspectionAddress } from './introspection-address.ts';
import type { ClientProof, IntrospectionServer } from './introspection-server.ts';

/** What an answer may have: claims of a user with hundreds of roles take a tenth of it. */
const ANSWER_LIMIT_BYTES = 64 * 1_024;

/** RFC 9701 §5. */
const SIGNED_TYPE = 'application/token-introspection+jwt';

/** What a call works with. `id` gives a text that nobody has had before. */
export interface IntrospectionCallPorts {
  readonly egress: Egress;
  readonly now: () => number;
  readonly id: () => string;
}

/**
 * Asks one server of a token; null where it does not take the request, which may be for the sake of the token. The words
 * of an error are for the operator and hold nothing of the token.
 */
export type AskServer = (url: string, token: string) => Promise<Result<Uint8Array | null, string>>;

/** What servers and what stands before them say of a request that they don't take as it is written. */
const NOT_TAKEN: readonly number[] = [400, 413, 414, 422, 431];

/** How a server is asked as this client; the error says why it can't be. */
export function createAskServer(server: IntrospectionServer, ports: IntrospectionCallPorts): Result<AskServer, string> {
  const proof = readProof(server.proof);
  if (!proof.ok) return proof;
  return ok(async (url, token) => {
    const shown = proof.value === null ? null : signedBy(proof.value, server, ports);
    const reply = await ports.egress.call(requestOf(server, { url, token, assertion: shown }));
    // What can't be sent is ours, and may be quoted by who could not send it.
    if (!reply.ok) {
      const { reason, detail } = reply.error;
      return err(reason === 'malformed-url' ? reason : `${reason}: ${detail}`);
    }
    const { status, headers, body } = reply.value;
    if (status >= 300 && status < 400) return err(`status ${status}; redirects are not followed`);
    // RFC 7662 §2.3: with 401 it does not take this client; nothing else than 200 says anything of a token.
    if (status === 401 || status === 403) return err(`status ${status}: it does not take this client`);
    if (NOT_TAKEN.includes(status)) return ok(null);
    if (status !== 200) return err(`status ${status}`);
    const wanted = server.signed ? /^application\/token-introspection\+jwt\s*(;|$)/i : /^application\/json\s*(;|$)/i;
    if (!wanted.test(headers.get('content-type') ?? '')) {
      return err(`its answer is not served as ${server.signed ? SIGNED_TYPE : 'JSON'}`);
    }
    return ok(body);
  });
}

/** Asks a server once, as this client, for somebody who tries it: what it answers, or in words what is wrong. */
export async function askOnce(
  server: IntrospectionServer,
  token: string,
  ports: IntrospectionCallPorts,
): Promise<Result<Uint8Array, string>> {
  const ask = createAskServer(server, ports);
  if (!ask.ok) return ask;
  const url = await introspectionAddress(server, ports.egress);
  const said = url.ok ? await ask.value(url.value, token) : url;
  return said.ok ? (said.value === null ? err('it does not take the question') : ok(said.value)) : said;
}

interface Question {
  readonly url: string;
  readonly token: string;
  readonly assertion: string | null;
}

function requestOf(server: IntrospectionServer, { url, token, assertion }: Question): EgressRequest {
  const { clientId, proof, signed, timeoutMs, ca } = server;
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
  const headers: Record<string, string> = {
    accept: signed ? SIGNED_TYPE : 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (proof.kind === 'secret' && proof.place === 'header') headers['authorization'] = basic(clientId, proof.secret);
  else form.set('client_id', clientId);
  if (proof.kind === 'secret' && proof.place === 'body') form.set('client_secret', proof.secret);
  if (assertion !== null) {
    form.set('client_assertion_type', ASSERTION_TYPE);
    form.set('client_assertion', assertion);
  }
  return {
    url,
    method: 'POST',
    headers,
    body: new TextEncoder().encode(form.toString()),
    timeoutMs,
    limitBytes: ANSWER_LIMIT_BYTES,
    reach: 'named',
    // A handshake for each token would cost more than the question, which may be asked twice (RFC 7662 §2.1).
    keeps: true,
    ...(ca === null ? {} : { ca }),
    ...(proof.kind === 'certificate' ? { shows: { certificate: proof.certificate, key: proof.key } } : {}),
  };
}

/** Name and secret are written as a form writes them, before they are joined (RFC 6749 §2.3.1). */
function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${formText(clientId)}:${formText(secret)}`).toString('base64')}`;
}

function formText(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}

function readProof(proof: ClientProof): Result<AssertionKey | null, string> {
  return proof.kind === 'key' ? readAssertionKey(proof.key) : ok(null);
}

function signedBy(key: AssertionKey, server: IntrospectionServer, { id, now }: IntrospectionCallPorts): string {
  const kid = server.proof.kind === 'key' ? server.proof.kid : null;
  return signAssertion(key, { clientId: server.clientId, audience: server.issuer, kid, id: id(), nowMs: now() });
}
