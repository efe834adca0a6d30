import { HTTP2_POOL_BOUNDS, Http2Pool } from './http2/upstream-pool.ts';
import type { UpstreamTarget } from './upstream-dialer.ts';
import { POOL_BOUNDS, type PoolBounds, type Upstream, UpstreamPool } from './upstream-pool.ts';

/** What an upstream is spoken to in: `h2` over TLS is agreed by ALPN, and without TLS known beforehand (RFC 9113 §3.3). */
export type UpstreamProtocol = 'http1' | 'h2';

/**
 * What carries requests to one upstream. `bounds` are those of HTTP/1.1; over HTTP/2 fewer connections do, and as many
 * requests may wait.
 */
export function openUpstream(
  protocol: UpstreamProtocol,
  target: UpstreamTarget,
  monotonic: () => number,
  bounds: PoolBounds = POOL_BOUNDS,
): Upstream {
  switch (protocol) {
    case 'http1':
      return new UpstreamPool(target, monotonic, bounds);
    case 'h2': {
      const connections = Math.min(HTTP2_POOL_BOUNDS.connections, bounds.connections);
      return new Http2Pool(target, monotonic, { connections, waiting: bounds.waiting });
    }
  }
}
