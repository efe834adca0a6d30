import type { ListPair } from '../lists/index.ts';
import type { OperationAccess } from './access-config.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import { member } from './configured.ts';
import { accessPolicies } from './policy-uses.ts';
import type { ParsedConfig } from './parse.ts';
import type { DescribedOperation } from '../openapi/index.ts';
import type { DescribedDocument } from './description-document.ts';

/** Behind the name of a service: all of its methods. */
const ALL = '/*';

/** What a key below `operations` may be called for these methods: each by its name, and each service as a whole. */
export function methodKeys(methods: readonly string[]): readonly string[] {
  return [...methods, ...new Set(methods.map(serviceKey))];
}

/**
 * The configuration with what is said of whole gRPC services said of each of their methods, and the policies that come of
 * it; the same one where nothing is. What a method says itself takes the place of what its service says, key by key; limits hold together.
 * Times of a service are those of its methods that do not stream.
 */
export function spreadServices(
  parsed: ParsedConfig,
  described: ReadonlyMap<string, Pick<DescribedDocument, 'description'>>,
): ParsedConfig {
  const { config } = parsed;
  if (!config.apis.some(speaksOfServices)) return parsed;
  const apis = config.apis.map((api) => {
    const document = described.get(api.name);
    if (!speaksOfServices(api) || document === undefined) return api;
    const spread = { ...api, operations: spreadOver(api, document.description.operations) };
    // Those of its own keys come first, and are made anew.
    const others = api.policies.slice(accessPolicies(api, config).length);
    return { ...spread, policies: [...accessPolicies(spread, config), ...others] };
  });
  return { ...parsed, config: { ...config, apis } };
}

function speaksOfServices({ source, operations }: ApiConfig): boolean {
  return source.kind === 'descriptors' && Object.keys(operations).some((key) => key.endsWith(ALL));
}

function spreadOver(
  { operations }: ApiConfig,
  methods: readonly Pick<DescribedOperation, 'id' | 'grpc'>[],
): Record<string, OperationConfig> {
  const entries = methods.flatMap(({ id, grpc }) => {
    const shared = member(operations, serviceKey(id));
    const isTimed = shared === undefined || grpc === 'neither';
    const merged = merge(member(operations, id), isTimed ? shared : { ...shared, timeoutMs: null, deadlineMs: null });
    return merged === undefined ? [] : [[id, merged] as const];
  });
  return Object.fromEntries(entries);
}

function merge(own: OperationConfig | undefined, shared: OperationConfig | undefined): OperationConfig | undefined {
  if (own === undefined || shared === undefined) return own ?? shared;
  return {
    auth: own.auth ?? shared.auth,
    bodyLimitBytes: own.bodyLimitBytes ?? shared.bodyLimitBytes,
    assurance: own.assurance ?? shared.assurance,
    needs: own.needs ?? shared.needs,
    access: mergeAccess(own, shared),
    limits: [...own.limits, ...shared.limits],
    lists: mergeLists(own.lists, shared.lists),
    validate: own.validate ?? shared.validate,
    sanitize: own.sanitize ?? shared.sanitize,
    replies: {
      undescribed: own.replies.undescribed ?? shared.replies.undescribed,
      responseHeaders: own.replies.responseHeaders ?? shared.replies.responseHeaders,
    },
    rules: [...own.rules, ...shared.rules],
    upstreamErrors: own.upstreamErrors,
    leaks: own.leaks,
    files: own.files ?? shared.files,
    priority: own.priority ?? shared.priority,
    websocket: own.websocket ?? shared.websocket,
    timeoutMs: own.timeoutMs ?? shared.timeoutMs,
    deadlineMs: own.deadlineMs ?? shared.deadlineMs,
    rewrite: own.rewrite ?? shared.rewrite,
    redirect: own.redirect ?? shared.redirect,
    respond: own.respond ?? shared.respond,
    maintenance: own.maintenance ?? shared.maintenance,
    cache: own.cache ?? shared.cache,
    path: own.path,
  };
}

/** What is denied and what must hold is so of both; of the rest the method's own word counts, and is what is observed. */
function mergeAccess(own: OperationConfig, shared: OperationConfig): OperationAccess {
  const said = { needs: own.needs, assurance: own.assurance, ...own.access };
  const inherited = shared.access.observe.filter((key) => said[key] === null && !said.observe.includes(key));
  return {
    deny: [...said.deny, ...shared.access.deny],
    when: [...said.when, ...shared.access.when],
    object: said.object ?? shared.access.object,
    fields: said.fields ?? shared.access.fields,
    accepts: said.accepts ?? shared.access.accepts,
    observe: [...said.observe, ...inherited],
  };
}

function mergeLists(own: ListPair | null, shared: ListPair | null): ListPair | null {
  if (own === null || shared === null) return own ?? shared;
  return { deny: own.deny ?? shared.deny, allow: own.allow ?? shared.allow };
}

function serviceKey(method: string): string {
  return method.slice(0, method.lastIndexOf('/')) + ALL;
}
