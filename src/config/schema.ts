import { z } from 'zod';
import type { PolicyKind } from '../policy/index.ts';
import { apiName, apiSchema, toApiConfig } from './api.ts';
import { apiKeysSchema, toApiKeys } from './api-keys.ts';
import { cacheSchema } from './cache.ts';
import { clientsSchema, toCertificateClients } from './clients.ts';
import type { Config } from './config.ts';
import { egressSchema, toEgress, toParties } from './egress.ts';
import { issuersSchema, toIssuers } from './issuers.ts';
import { absolute } from './path.ts';
import { alertsSchema, auditSchema, toAlerts } from './recording.ts';
import { presetSchema, toPreset } from './preset.ts';
import { testsSchema, toTests } from './request-tests.ts';
import { rolesSchema, toRoles } from './roles.ts';
import { denialsOf, geoSchema, listKeys, toGeo, toLists } from './lists.ts';
import { path } from './scalars.ts';
import { secretsSchema, toSecrets } from './secrets.ts';
import { joinSites } from './session-sign-in.ts';
import { sessionsSchema, toSessions } from './sessions.ts';
import { scannersSchema, toScanners } from './scanners.ts';
import { adminSchema, serverSchema, toAdminConfig, toServerConfig } from './server.ts';
import { toTrustedProxies, trustedProxiesSchema } from './trusted-proxies.ts';
import { toValues, valuesSchema } from './values.ts';
import { words } from './words.ts';

const API_LIMIT = 1000;

/**
 * The schema of `portcullis.yaml`, from which validation, the JSON Schema and the reference page are made.
 * It holds only keys that something enforces; a part that brings keys adds a section beside `serverSchema` and one
 * line here and in `toConfig`. `kinds` are the policies that APIs may use.
 */
export function configSchema(kinds: readonly PolicyKind<unknown>[]) {
  return z.strictObject({
    version: z
      .literal(1, {
        error: ({ input }) =>
          input === undefined
            ? words('a configuration says which version of its format it has', 'begin it with `version: 1`')
            : words('the only version of the format is 1', 'write `version: 1`'),
      })
      .meta({ description: 'The version of this format.' }),
    server: serverSchema,
    preset: presetSchema,
    admin: adminSchema,
    data: path('The folder for what is kept: keys, certificates, records.', 'FOLDER').prefault('./.portcullis'),
    trustedProxies: trustedProxiesSchema,
    ...listKeys,
    geo: geoSchema,
    secrets: secretsSchema,
    issuers: issuersSchema,
    roles: rolesSchema,
    clients: clientsSchema,
    apiKeys: apiKeysSchema,
    sessions: sessionsSchema,
    audit: auditSchema,
    alerts: alertsSchema,
    cache: cacheSchema,
    values: valuesSchema,
    scanners: scannersSchema,
    apis: z
      .record(apiName, apiSchema(kinds))
      .refine((apis) => Object.keys(apis).length > 0, { error: 'at least one API is needed' })
      .refine((apis) => Object.keys(apis).length <= API_LIMIT, { error: `at most ${API_LIMIT} APIs are read` })
      .meta({ description: 'The APIs behind the gateway, by name.' }),
    egress: egressSchema,
    tests: testsSchema,
  });
}

/** A configuration as the schema leaves it. */
type RawConfig = z.output<ReturnType<typeof configSchema>>;

/** Fills in what depends on where the configuration file lies. */
export function toConfig(raw: RawConfig, file: string): Config {
  const issuers = toIssuers(raw.issuers, file);
  const lists = toLists(raw, { file, path: '' });
  const denials = denialsOf(raw.deny, 'deny');
  const geo = toGeo(raw.geo, file);
  const values = toValues(raw.values, file);
  const scanners = toScanners(raw.scanners);
  const apiKeys = toApiKeys(raw.apiKeys, file);
  const clients = toCertificateClients(raw.clients);
  const sessions = toSessions(raw.sessions, issuers, raw.issuers);
  const preset = toPreset(raw.preset);
  const place = { preset, file, issuers, lists, denials, geo, values, scanners, apiKeys, clients, sessions };
  return {
    version: 1,
    preset,
    server: toServerConfig(raw.server, file),
    admin: toAdminConfig(raw.admin),
    dataFolder: absolute(raw.data, file),
    trustedProxies: toTrustedProxies(raw.trustedProxies),
    lists,
    denials,
    geo,
    secrets: toSecrets(raw.secrets, file),
    issuers,
    roles: toRoles(raw.roles),
    clients,
    apiKeys,
    sessions,
    audit: raw.audit,
    alerts: toAlerts(raw.alerts),
    cache: { memoryBytes: raw.cache.memory },
    values,
    scanners,
    tests: toTests(raw.tests),
    egress: toEgress(raw.egress),
    apis: joinSites([
      ...Object.entries(raw.apis).map(([name, api]) => toApiConfig(name, api, place)),
      ...toParties(raw.egress, place),
    ]),
  };
}

/** The JSON Schema (draft 2020-12) of the configuration as people write it, for editors and for the reference page. */
export function jsonSchema(kinds: readonly PolicyKind<unknown>[]): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(configSchema(kinds), { target: 'draft-2020-12', io: 'input' }),
    title: 'Portcullis configuration',
  };
}
