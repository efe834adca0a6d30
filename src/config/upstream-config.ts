import type { ClaimPath } from '../policy/index.ts';
import type { TargetSource } from '../ports/index.ts';
import type { BreakerConfig, RetryConfig } from './failing-config.ts';
import type { HealthConfig } from './health-config.ts';

/** One target of an upstream. `host` is as `net.connect` takes it: an IPv6 address has no brackets. `weight` is 1 to 1,000. */
export interface TargetConfig {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

/** How the next target is chosen. */
export type BalanceConfig =
  | { readonly rule: 'p2c' | 'round-robin' | 'least-requests' }
  | { readonly rule: 'hash'; readonly by: HashSource };

/** What of a request is hashed. Names of header fields are in lower case. */
export type HashSource =
  | { readonly kind: 'header' | 'cookie'; readonly name: string }
  | { readonly kind: 'claim'; readonly path: ClaimPath }
  | { readonly kind: 'address' };

/** Targets that a part of the requests goes to. */
export interface CanaryConfig {
  /** At least one, each once, and none of those of the upstream. */
  readonly targets: readonly TargetConfig[];
  /** From 0 to 100. */
  readonly percent: number;
  /** What a share is a share of. */
  readonly by: 'user' | 'address' | 'request';
  /** Requests that have this field with this value go there in every case. */
  readonly when: { readonly header: string; readonly value: string } | null;
}

/** Where copies of requests go. */
export interface MirrorConfig {
  readonly target: TargetConfig;
  /** From 0 to 100. */
  readonly percent: number;
  readonly methods: readonly string[];
}

/** Where targets are found, and how all of them are called. */
export interface DiscoverConfig {
  readonly source: TargetSource;
  /** The name that their certificates have; null where that is each one's own. */
  readonly name: string | null;
  /** What a Host field says to all of them; null where that is each one's own. */
  readonly authority: string | null;
}

/** Where an API's requests go. All of its targets are spoken to alike. `pathPrefix` is empty or like `/internal`. */
export interface UpstreamConfig {
  /** What it is spoken to in: HTTP/1.1, or HTTP/2. */
  readonly protocol: 'http1' | 'h2';
  readonly scheme: 'http' | 'https';
  readonly pathPrefix: string;
  /** At least one, each once; none where they are found. */
  readonly targets: readonly TargetConfig[];
  /** Where they are found while the gateway runs; null where they are written down. */
  readonly discover: DiscoverConfig | null;
  /** Blocks of addresses that names may stand for although no upstream has any there as a rule, such as loopback. */
  readonly allowedAddresses: readonly string[];
  readonly balance: BalanceConfig;
  readonly canary: CanaryConfig | null;
  readonly mirror: MirrorConfig | null;
  readonly health: HealthConfig;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The same for a reply that stays open, such as a stream of events. */
  readonly streamTimeoutMs: number;
  /** From the head of a request to the head of its reply, over all tries; null for no such bound. */
  readonly deadlineMs: number | null;
  /** The field that says what is left of it, in lower case; null where nothing says so. */
  readonly deadlineField: string | null;
  readonly retries: RetryConfig;
  /** Null where there is none. */
  readonly breaker: BreakerConfig | null;
  readonly caFile: string | null;
  /** What it is shown of us where it asks; `key` is a secret reference in every case. */
  readonly identity: { readonly certificate: string; readonly key: string } | null;
  /** The name that its certificate must have and that it hears (RFC 6066 §3); null where that is its host. */
  readonly serverName: string | null;
  /** SHA-256 of the public keys (SPKI) that its certificate may have, base64; none for any. */
  readonly pins: readonly string[];
  /** In which fields it hears of the client and of what was asked for. */
  readonly forwarded: 'x-forwarded' | 'forwarded' | 'both';
}
