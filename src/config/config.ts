import type { Route } from './routes.ts';

/** The whole configuration, with every default filled in, paths absolute, durations in milliseconds and sizes in bytes. */
export interface Config {
  readonly version: 1;
  readonly server: ServerConfig;
  readonly admin: { readonly host: string; readonly port: number };
  readonly dataFolder: string;
  /** In the order of the file. */
  readonly apis: readonly ApiConfig[];
}

/** Where the certificate of the https port comes from. `key` is a secret reference in every case, `${file:…}` for a plain path. */
export type CertificateConfig =
  | { readonly kind: 'local' }
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string };

/** What the gateway listens on for clients. A port of 0 is any free one; `http` is null where it is off. */
export interface ServerConfig {
  readonly host: string;
  readonly threads: number;
  readonly https: { readonly port: number; readonly certificate: CertificateConfig };
  readonly http: { readonly port: number; readonly mode: 'redirect' | 'refuse' } | null;
}

/** Where an API's operations come from: a description (an absolute path or a URL), or routes written by hand. */
export type ApiSource =
  | { readonly kind: 'openapi'; readonly location: string }
  | { readonly kind: 'routes'; readonly routes: readonly Route[] };

/** One API. `basePath` is empty or like `/v1`; `path` is its key path (`apis.orders`). */
export interface ApiConfig {
  readonly name: string;
  readonly host: string | null;
  readonly basePath: string;
  readonly upstream: UpstreamConfig;
  readonly auth: 'public';
  readonly bodyLimitBytes: number;
  readonly source: ApiSource;
  /** By operation name. Names are the author's: look them up with `Object.hasOwn`. */
  readonly operations: Readonly<Record<string, OperationConfig>>;
  readonly policies: readonly PolicyUse[];
  readonly path: string;
}

/** What one operation has of its own; null means as the API says. */
export interface OperationConfig {
  readonly auth: 'public' | null;
  readonly bodyLimitBytes: number | null;
  readonly path: string;
}

/** A policy as an API uses it: `name` is `API/KIND`, `config` is what the kind's own schema made of it. */
export interface PolicyUse {
  readonly kind: string;
  readonly name: string;
  readonly config: unknown;
  readonly path: string;
}

/** Where an API's requests go. `host` is as `net.connect` takes it: an IPv6 address has no brackets. `pathPrefix` is empty or like `/internal`. */
export interface UpstreamConfig {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly pathPrefix: string;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly caFile: string | null;
}
