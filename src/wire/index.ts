export { sendPutOff } from './direct-writer.ts';
export { PRESENCE } from './field-names.ts';
export { HeaderFields, NO_FIELDS } from './header-fields.ts';
export { listen, type Listener, type ListenFault, type ListenOptions } from './listener.ts';
export type { BodyFraming, BodySink, CanonicalRequest, HeaderMap, Peer, TlsPeer, WholeBody } from './message.ts';
export type { ReplyHead } from './reply-head.ts';
export { newAuthorityMemory, readRequestHead } from './request-head.ts';
export {
  type ExchangeEvents,
  type OutgoingHead,
  SERVER_BOUNDS,
  type ServerBounds,
  type ServerExchange,
  type ServerHandler,
} from './server.ts';
export { canonicalizeTarget } from './target.ts';
export { type ContextMaterial, createServerContext } from './tls-settings.ts';
export type { UpstreamCall, UpstreamEvents, UpstreamFailure } from './upstream-call.ts';
export type { UpstreamBounds } from './upstream-connection.ts';
export { POOL_BOUNDS, type PoolCounts, UpstreamPool, type UpstreamTarget } from './upstream-pool.ts';
export type { OutgoingRequest } from './write-head.ts';
