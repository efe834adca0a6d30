export { ConnectionGate } from './connection-gate.ts';
export { PRESENCE } from './field-names.ts';
export { isGrpcType } from './grpc/content-type.ts';
export { HeldMessages, type MessageTaker } from './grpc/held-messages.ts';
export { type MessageFault, MessageGate } from './grpc/message-gate.ts';
export { readTimeout, writeTimeout } from './grpc/timeout.ts';
export { HeaderFields, NO_FIELDS } from './header-fields.ts';
export { HTTP2_BOUNDS, type Http2Fault } from './http2/protocol.ts';
export { HTTP2_POOL_BOUNDS } from './http2/upstream-pool.ts';
export { listedFields } from './listed-fields.ts';
export { type Ended, listen, type Listener, type ListenFault, type ListenOptions } from './listener.ts';
export {
  type BodyFraming,
  type BodySink,
  type CanonicalRequest,
  type ClientCertificate,
  DIRECT,
  type HeaderMap,
  type MemoryShare,
  type Peer,
  type TlsPeer,
  type WholeBody,
} from './message.ts';
export { type CallClient, mostToHold, networkOfClient } from './network-shares.ts';
export { ADDRESS_REFUSED } from './upstream-lookup.ts';
export { openUpstream } from './open-upstream.ts';
export { readReplyHead, type ReplyHead } from './reply-head.ts';
export { readAuthority } from './host.ts';
export { newAuthorityMemory, readRequestHead } from './request-head.ts';
export {
  type ExchangeEvents,
  type Http2Offer,
  NO_LINES,
  type OutgoingHead,
  SERVER_BOUNDS,
  type ServerBounds,
  type ServerExchange,
  type ServerHandler,
} from './server.ts';
export { canonicalizeTarget } from './target.ts';
export {
  checkAuthorities,
  type ClientAuthorities,
  createServerContext,
  replaceTicketKeys,
  type ServerContext,
} from './tls-settings.ts';
export { passedTrailers } from './trailers.ts';
export { sendPutOff } from './turn-end.ts';
export type { TunnelEnds, TunnelSide } from './tunnel.ts';
export { readUpgrade, type UpgradeFault, type UpgradeOffer, upgradeLines } from './upgrade.ts';
export { isIdempotent, type UpstreamCall, type UpstreamEvents, type UpstreamFailure } from './upstream-call.ts';
export type { UpstreamBounds } from './upstream-connection.ts';
export type { UpstreamIdentity } from './upstream-context.ts';
export { UpstreamDialer, type UpstreamTarget } from './upstream-dialer.ts';
export { POOL_BOUNDS, type PoolCounts, type Upstream } from './upstream-pool.ts';
export { CloseCode, closeFrame } from './websocket/close-code.ts';
export { FrameGate, type GateReading } from './websocket/frame-gate.ts';
export type { OutgoingRequest } from './write-head.ts';
