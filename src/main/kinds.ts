import { createSystemClock, createSystemRandom } from '../adapters/threads.ts';
import { createUnspentLimiter, type KindTable, kindTable } from '../gateway/index.ts';
import {
  createAcceptsKind,
  createAccessRulesKind,
  createAssuranceKind,
  createApiKeyKind,
  createCallersKind,
  createConditionsKind,
  createCorsKind,
  createCredentialsKind,
  createGraphqlKind,
  createIntrospectionKind,
  createGroupsKind,
  createFieldsKind,
  createFilesKind,
  createFileScans,
  createGrpcKind,
  createGrpcMessagesKind,
  createJwtKind,
  createLeaksKind,
  createListsKind,
  createMaintenanceKind,
  createMtlsKind,
  createObjectKind,
  createOpenapiRequestKind,
  createOpenapiResponseKind,
  createOutputEncodingKind,
  createOverlayKind,
  createPermissionKind,
  createPossessionKind,
  createRateKind,
  createRedirectKind,
  createRespondKind,
  createRevocationKind,
  createRewriteKind,
  createSanitizeKind,
  createSessionKind,
  createZeroTrustKind,
  createUpstreamErrorsKind,
  EMPTY_DESK,
  type KindPorts,
  type PolicyKind,
} from '../policy/index.ts';
import { canonicalizeTarget, isGrpcType, readAuthority, readTimeout } from '../wire/index.ts';
import { unusedProofs } from './proof-memory.ts';

/** The kinds of policy this version has, by name, as they run in a thread with these ports. */
export function createKinds(ports: KindPorts): KindTable {
  return kindTable([
    createCredentialsKind(),
    createMtlsKind(),
    createApiKeyKind(ports),
    createSessionKind(ports),
    createJwtKind(ports),
    createPossessionKind(ports, { readAuthority, canonicalizeTarget }),
    createRevocationKind(),
    createIntrospectionKind(ports),
    createPermissionKind(),
    createGroupsKind(ports),
    createOverlayKind(),
    createAssuranceKind(),
    createAccessRulesKind(),
    createObjectKind(ports),
    createAcceptsKind(),
    createFieldsKind(ports),
    createZeroTrustKind(),
    createRateKind(ports),
    createOpenapiRequestKind(),
    createOpenapiResponseKind(ports),
    createGraphqlKind(),
    createGrpcKind({ isGrpcType, readTimeout }),
    createGrpcMessagesKind(ports),
    createListsKind(),
    createMaintenanceKind(),
    createConditionsKind(),
    createRedirectKind(),
    createRespondKind(),
    createOutputEncodingKind(),
    createRewriteKind(),
    createSanitizeKind(),
    createCorsKind(),
    createUpstreamErrorsKind(ports),
    createLeaksKind(ports),
    createCallersKind(),
    createFilesKind({ clock: ports.clock, scans: createFileScans(ports) }),
  ]);
}

/**
 * The same kinds for whoever only reads and builds configurations, or rehearses requests: they spend no limits,
 * fetch nothing, and say nothing.
 */
export function createOfflineKinds(): KindTable {
  return createKinds({
    clock: createSystemClock(),
    limiter: createUnspentLimiter(),
    keys: { want: () => null },
    desk: EMPTY_DESK,
    proofs: unusedProofs(),
    tagKey: new Uint8Array(32),
    random: createSystemRandom(),
    log: { write() {} },
    originals: { keep: () => null },
    scanner: { scan: async () => await Promise.resolve({ kind: 'clean' }) },
    alerts() {},
  });
}

/** The kinds as a list, which is how configurations are read. */
export function listKinds(table: KindTable): readonly PolicyKind<unknown>[] {
  return [...table.values()];
}
