import { bearerKey, err, errorIssue, type Issue, ok, type Result, webhookKey } from '../base/index.ts';
import type { ApiDescription } from '../openapi/index.ts';
import { operationIssues } from './checks.ts';
import { unknownExceptions } from './zero-trust-checks.ts';
import { describedSecretWarnings } from './described-secrets.ts';
import type { ApiConfig } from './config.ts';
import { acmeWarnings } from './acme.ts';
import { apiKeyWarnings } from './api-key-warnings.ts';
import { caseWarnings } from './case-warnings.ts';
import { contentHash } from './content-hash.ts';
import { type DescribedDocument, readDescription, type TellInputs } from './description-document.ts';
import { readLocation } from './description-source.ts';
import { gatherDescriptors, withServices } from './gather-descriptors.ts';
import type { Gathered } from './gathered.ts';
import { grantWarnings } from './grant-warnings.ts';
import { conditionWarnings } from './lint-conditions.ts';
import { roleWarnings } from './lint-roles.ts';
import { checkGraphql } from './gather-graphql.ts';
import { gatherGraph } from './gather-graph.ts';
import { gatherLogins } from './gather-logins.ts';
import { gatherIntrospection } from './gather-introspection.ts';
import { gatherIssuers } from './gather-issuers.ts';
import { gatherLists } from './gather-lists.ts';
import { gatherCertificates, gatherChain } from './gather-certificates.ts';
import { gatherOwners } from './gather-owners.ts';
import { gatherValues } from './gather-values.ts';
import { gatherVault } from './gather-vault.ts';
import { gatherClients } from './gather-clients.ts';
import { checked, complain, gatherFile, gatherSecret, type GatherOptions, placeOf, type Work } from './gather-work.ts';
import { gatherParty, literalSecretWarnings, partyIssues, partyWarnings } from './gather-party.ts';
import { isAnywhereStrict, isStrict } from './reply-rules.ts';
import { scannerWarnings } from './scanner-warnings.ts';
import { maintenanceWarnings } from './maintenance-warnings.ts';
import { hostWarnings } from './https-hosts.ts';
import type { ParsedConfig } from './parse.ts';
import { corsWarnings } from './cors-checks.ts';
import { originWarnings } from './origin-warnings.ts';
import { placeholderWarnings } from './placeholder-warnings.ts';
import { accessRuleWarnings } from './access-rule-checks.ts';
import { objectWarnings } from './object-checks.ts';
import { ruleWarnings, slipWarnings } from './rule-checks.ts';
import { securityPlaces } from './security-places.ts';
import { proxyWarnings } from './trusted-proxies.ts';
import { checkKey, PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';
import { checkShown } from './upstream-tls.ts';
import { isClear } from './web-url.ts';
import { upstreamSaidAt } from './said-at.ts';

/** All documents together: more would not fit beside each other while they are read. */
const DOCUMENTS_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * Reads everything a configuration names: OpenAPI documents, certificates, keys, what policies ask for. Returns data
 * that can be sent to a thread, or every problem of all files at once. Live tables are not gathered: they change.
 */
export async function gather(
  parsed: ParsedConfig,
  options: GatherOptions,
): Promise<Result<Gathered, readonly Issue[]>> {
  const written: Work = {
    ...options,
    parsed,
    issues: [],
    warnings: [],
    described: new Map(),
    gatheredFiles: new Map(),
    gatheredSecrets: new Map(),
  };
  await gatherVault(written);
  await gatherCertificates(written);
  if (options.held === undefined) {
    await gatherDescriptions(written);
    await gatherDescriptors(written);
  } else holdDescriptions(written, options.held);
  const work = withServices(written);
  for (const api of work.parsed.config.apis) {
    await gatherUpstream(work, api);
    await gatherParty(work, api);
    await gatherPolicies(work, api);
    checkGraphql(work, api);
  }
  await gatherClients(work);
  await gatherIssuers(work);
  await gatherIntrospection(work);
  await gatherLists(work);
  await gatherValues(work);
  await gatherWebhook(work);
  await gatherDecisionKey(work);
  await gatherLogins(work);
  await gatherGraph(work);
  await gatherOwners(work);
  warn(work);
  return work.issues.length > 0 ? err([...work.issues, ...work.warnings]) : ok(finish(work));
}

function finish(work: Work): Gathered {
  const { parsed, revision, held } = work;
  const { file, text, config } = parsed;
  const places = { ...held?.places, ...securityPlaces(config.apis, work.described), ...parsed.places };
  // What documents are warned of was told when they were read.
  const warnings = held?.warnings ?? work.warnings;
  const documents = Object.fromEntries([...work.described].map(([name, { json }]) => [name, json]));
  const written = [...work.described].flatMap(([name, { file: from }]) =>
    from === null ? [] : [[name, from] as const],
  );
  const documentFiles = Object.fromEntries(written);
  const descriptions = Object.fromEntries([...work.described].map(([name, { description }]) => [name, description]));
  const files = Object.fromEntries(work.gatheredFiles);
  const secrets = Object.fromEntries(work.gatheredSecrets);
  const hash = contentHash([{ text: new TextEncoder().encode(text) }, documents, files, secrets]);
  return {
    ...{ revision, hash, file, text, config },
    ...{ descriptions, documents, documentFiles, files, secrets, places, warnings },
  };
}

/** Documents as they were understood before. Where lines of theirs stand is known among the places. */
function holdDescriptions({ described }: Work, { descriptions, documents, documentFiles }: Gathered): void {
  for (const [name, description] of Object.entries(descriptions)) {
    const json = documents[name];
    if (json === undefined) throw new Error('a description is held without its document');
    described.set(name, { description, json, file: documentFiles[name] ?? null, securityPlaces: new Map() });
  }
}

async function gatherDescriptions(work: Work): Promise<void> {
  const described = work.parsed.config.apis.filter((api) => api.source.kind === 'openapi');
  let bytes = 0;
  for (const [location, apis] of Map.groupBy(described, locationOf)) {
    const [first] = apis;
    if (first === undefined) continue;
    const path = `${first.path}.openapi`;
    if (bytes > DOCUMENTS_LIMIT_BYTES) {
      complain(work, path, `all OpenAPI documents together are larger than ${DOCUMENTS_LIMIT_BYTES / 1024} KiB`);
      return;
    }
    warnOfPlainHttp(work, path, location);
    const read = await readLocation(location, work);
    if (!read.ok) {
      complain(work, path, read.error);
      continue;
    }
    bytes += read.value.byteLength;
    describeFor(
      work,
      apis,
      readDescription(read.value, location, { tellInputs: tellerFor(work, apis), judgesReplies: replyTest(apis) }),
    );
  }
}

function describeFor(
  work: Work,
  apis: readonly ApiConfig[],
  result: Result<DescribedDocument, readonly Issue[]>,
): void {
  if (!result.ok) {
    work.issues.push(...result.error);
    return;
  }
  const { operations, warnings } = result.value.description;
  work.warnings.push(...warnings);
  const names = operations.map(({ id }) => id);
  for (const api of apis) {
    work.described.set(api.name, result.value);
    const { config, places } = work.parsed;
    work.issues.push(...operationIssues(api, names, places), ...unknownExceptions(api, names, config, places));
    work.issues.push(...partyIssues(api, operations, work.parsed.places));
  }
}

/** Whether the replies of an operation must be as described in any of these APIs; null where none must be in all of them. */
function replyTest(apis: readonly ApiConfig[]): ((operation: string) => boolean) | null {
  const strict = apis.filter(isAnywhereStrict);
  return strict.length === 0 ? null : (operation) => strict.some((api) => isStrict(api, operation));
}

function tellerFor({ tellInputs }: Work, apis: readonly ApiConfig[]): TellInputs | null {
  if (tellInputs === undefined) return null;
  return (inputs) => {
    for (const { name } of apis) tellInputs(name, inputs);
  };
}

function locationOf(api: ApiConfig): string {
  return api.source.kind === 'openapi' ? api.source.location : '';
}

/** Whoever can change the document on its way decides what the gateway protects. */
function warnOfPlainHttp(work: Work, path: string, location: string): void {
  if (!isClear(location)) return;
  const message = 'this description comes over plain http, where others can change it on its way';
  const issue = errorIssue(path, message, { place: placeOf(work, path), fix: 'use https, or a file' });
  work.warnings.push({ ...issue, severity: 'warning' });
}

async function gatherWebhook(work: Work): Promise<void> {
  const { webhook } = work.parsed.config.alerts;
  const path = 'alerts.webhook.secret';
  if (webhook === null) return;
  const secret = await gatherSecret(work, path, webhook.secret);
  if (secret !== null) checked(work, path, webhookKey(secret));
}

async function gatherDecisionKey(work: Work): Promise<void> {
  const { decisions } = work.parsed.config.admin;
  const path = 'admin.decisions.key';
  if (decisions === null) return;
  const secret = await gatherSecret(work, path, decisions.key);
  if (secret !== null) checked(work, path, bearerKey(secret));
}

/** Of what is sound and hardly meant. */
function warn(work: Work): void {
  const { config, places } = work.parsed;
  const descriptions = new Map([...work.described].map(([name, { description }]) => [name, description]));
  work.warnings.push(
    ...placeholderWarnings(config, places),
    ...acmeWarnings(config, places),
    ...apiKeyWarnings(config, places),
    ...proxyWarnings(config, places),
    ...hostWarnings(config, places),
    ...originWarnings(config, places),
    ...partyWarnings(config, places),
    ...literalSecretWarnings(config, places),
    // Who only starts does not wait for it.
    ...(work.tellInputs === undefined ? [] : lintWarnings(work, descriptions)),
    ...corsWarnings(config, places),
    ...maintenanceWarnings(config, places),
    ...scannerWarnings(config, places),
    ...ruleWarnings(config, descriptions, places),
    ...objectWarnings(config, places),
    ...accessRuleWarnings(config, places),
    ...slipWarnings(config, work.described, places),
    ...grantWarnings(config, descriptions, places),
    ...caseWarnings(config, work.described, places),
  );
}

/** What is looked for by whoever asks what is wrong with a configuration. */
function lintWarnings(work: Work, descriptions: ReadonlyMap<string, ApiDescription>): readonly Issue[] {
  const { config, places } = work.parsed;
  return [
    ...describedSecretWarnings(work, work.described),
    ...roleWarnings(config, descriptions, places),
    ...conditionWarnings(config, places),
  ];
}

async function gatherUpstream(work: Work, api: ApiConfig): Promise<void> {
  const { caFile, identity, discover } = api.upstream;
  const at = upstreamSaidAt(api);
  if (discover?.source.kind === 'consul' && discover.source.token !== null) {
    await gatherSecret(work, `${at}.discover.consul.token`, discover.source.token);
  }
  const bytes = caFile === null ? null : await gatherFile(work, `${at}.ca`, caFile, PEM_LIMIT_BYTES);
  if (bytes !== null) checked(work, `${at}.ca`, readCertificates(bytes));
  if (identity === null) return;
  const certificates = await gatherChain(work, `${at}.cert`, identity.certificate);
  const leaf = certificates?.[0];
  if (leaf !== undefined) checked(work, `${at}.cert`, checkShown(leaf, work.machine?.now() ?? null));
  const key = await gatherSecret(work, `${at}.key`, identity.key);
  if (key !== null) checked(work, `${at}.key`, checkKey(key, certificates));
}

async function gatherPolicies(work: Work, api: ApiConfig): Promise<void> {
  const kinds = new Map(work.parsed.kinds.map((kind) => [kind.kind, kind]));
  for (const use of api.policies) {
    for (const source of kinds.get(use.kind)?.sources(use.config) ?? []) {
      if (source.kind === 'secret') await gatherSecret(work, use.path, source.reference);
      if (source.kind === 'file') await gatherPolicyFile(work, use.path, source);
    }
  }
}

/** An issuer's keys are read once for all APIs that name it, and what is wrong with them is told at the issuer. */
async function gatherPolicyFile(
  work: Work,
  path: string,
  { path: file, limitBytes }: { readonly path: string; readonly limitBytes: number },
): Promise<void> {
  const issuer = work.parsed.config.issuers.find(({ keys }) => keys.kind === 'file' && keys.path === file);
  const at = issuer === undefined ? path : `${issuer.path}.jwks`;
  const isKnown = work.gatheredFiles.has(file) || work.issues.some((issue) => issue.path === at);
  if (issuer === undefined || !isKnown) await gatherFile(work, at, file, limitBytes);
}
