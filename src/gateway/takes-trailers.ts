import type { ServerExchange } from '../wire/index.ts';

/**
 * Whether the client gets the trailers of a reply: it says that it takes them, over HTTP/2, where it may say nothing else
 * of transfer codings (RFC 9113 §8.2.2). `stream` has the request as it came.
 */
export function takesTrailers({ request }: Pick<ServerExchange, 'request'>): boolean {
  const { headers, peer } = request;
  return headers.get('te') === 'trailers' && peer.tls !== null && peer.tls.applicationProtocol === 'h2';
}
