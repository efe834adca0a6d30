import type { ApiConfig, Configured } from '../config/compiled.ts';
import { type IssuerConfig, issuerNames, type OwnPage, SIGNATURE_ALGORITHMS } from '../policy/index.ts';
import { scopesOf } from './needed-scopes.ts';
import { metadataPath, originOf, placeOf, type ResourceMetadata } from './resource-place.ts';
import type { CompiledOperation } from './snapshot.ts';

/** More than a client would ever ask for. */
const SCOPE_LIMIT = 1_000;

/** It changes with the configuration, and clients ask for it when they sign in. */
const CACHE_CONTROL = 'max-age=300';

/** APIs that are one resource for their clients: of one host and one path. */
interface Resource {
  readonly host: string | null;
  readonly path: string;
  readonly origin: string | null;
  readonly issuers: Set<IssuerConfig>;
  readonly scopes: Set<string>;
}

/**
 * The pages on which APIs say where tokens for them are had (RFC 9728), of those that take any. Two APIs under one host
 * and path are one resource, and have one page.
 */
export function metadataPages(configured: Configured, operations: readonly CompiledOperation[]): readonly OwnPage[] {
  const { config } = configured;
  const resources = new Map<string, Resource>();
  for (const {
    operation,
    api: { index },
  } of operations) {
    const api = config.apis[index];
    if (api === undefined || api.party !== null || api.metadata === null) continue;
    const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
    const auth = own?.auth ?? api.auth;
    const issuers = auth === 'public' ? [] : config.issuers.filter(({ name }) => auth.includes(name));
    if (issuers.length === 0) continue;
    const resource = resourceOf(api, api.metadata, resources);
    for (const issuer of issuers) resource.issuers.add(issuer);
    for (const scope of scopesOf(operation, api)) if (resource.scopes.size < SCOPE_LIMIT) resource.scopes.add(scope);
  }
  return [...resources.values()].map(pageOf);
}

function resourceOf(api: ApiConfig, metadata: ResourceMetadata, resources: Map<string, Resource>): Resource {
  const place = placeOf(api, metadata.resource);
  const key = JSON.stringify([api.host, place.path]);
  const known = resources.get(key);
  if (known !== undefined) return known;
  const made = { host: api.host, ...place, issuers: new Set<IssuerConfig>(), scopes: new Set<string>() };
  resources.set(key, made);
  return made;
}

function pageOf({ host, path, origin, issuers, scopes }: Resource): OwnPage {
  const told = {
    authorization_servers: [...issuers].flatMap(issuerNames),
    ...(scopes.size === 0 ? {} : { scopes_supported: [...scopes].toSorted() }),
    bearer_methods_supported: ['header'],
    ...proofsOf([...issuers]),
  };
  return {
    name: 'resource-metadata',
    host,
    path: metadataPath(path),
    calledBy: 'browsers',
    methods: ['GET'],
    body: null,
    answer({ request }) {
      const body = JSON.stringify({ resource: `${origin ?? originOf(request)}${path}`, ...told });
      const headers = [
        ['content-type', 'application/json'],
        ['cache-control', CACHE_CONTROL],
        // It is for whoever asks, also for scripts of pages that are clients.
        ['access-control-allow-origin', '*'],
      ] as const;
      return { kind: 'reply', response: { status: 200, headers, body } };
    },
  };
}

/** How tokens may be bound to their clients (RFC 9728 §2). */
function proofsOf(issuers: readonly IssuerConfig[]): object {
  return {
    dpop_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
    ...(issuers.every(({ proof }) => proof === 'dpop') ? { dpop_bound_access_tokens_required: true } : {}),
    ...(issuers.some(({ proof }) => proof === 'mtls' || proof === 'any')
      ? { tls_client_certificate_bound_access_tokens: true }
      : {}),
  };
}
