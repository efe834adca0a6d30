import type { Walk } from './walk.ts';

/**
 * What the gateway itself says to an upstream: whom it stands for, as the connection showed it and never as a client
 * claimed it, and which request this is (RFC 9110 §7.6.3 for Via). What steps added follows.
 */
export function upstreamFields({ request, id, addedFields }: Walk): readonly string[] {
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
  ];
  return addedFields === null ? own : [...own, ...addedFields];
}
