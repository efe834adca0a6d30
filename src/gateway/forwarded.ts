import { usedCredential } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { identityFields } from './identity-fields.ts';
import { continueTrace } from './trace-context.ts';
import type { Walk } from './walk.ts';

/**
 * What the gateway itself says to an upstream: whom it stands for, as the connection showed it and never as a client
 * claimed it, which request and which trace this is (RFC 9110 §7.6.3 for Via), and who is calling. What steps added
 * follows. `fields` are the client's: what is said anew is taken out of them.
 */
export function upstreamFields(walk: Walk, fields: HeaderFields): readonly string[] {
  const { request, id, addedFields, principal, context } = walk;
  const { peer, host, port } = request;
  const own = [
    'x-forwarded-for',
    peer.address,
    'x-forwarded-host',
    port === null ? host : `${host}:${port}`,
    'x-forwarded-proto',
    peer.tls === null ? 'http' : 'https',
    'x-request-id',
    id,
    'via',
    '1.1 portcullis',
    'traceparent',
    continueTrace(fields, context.ports.nextSpan),
  ];
  if (principal !== null) own.push(...identityFields(principal));
  if (addedFields !== null) own.push(...addedFields);
  return own;
}

/** Takes the credential that identified the caller out of what goes upstream, unless the API is to have it. */
export function dropUsedCredential(walk: Walk, fields: HeaderFields): void {
  if (walk.principal === null || walk.compiled.api.credentials === 'pass') return;
  const { header } = walk.slot(usedCredential);
  if (header !== null) fields.drop(header);
}
