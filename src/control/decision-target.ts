import { err, ok, type Result } from '../base/index.ts';
import type { JsonObject, JsonValue } from '../body/index.ts';
import type { Config, GivenReply } from '../config/index.ts';
import type { CompiledOperation, Question, QuestionHeaders, Snapshot } from '../gateway/index.ts';
import { type Evaluation, isObject, member } from './decision-request.ts';

/** What a question asks for: the request that would do it, and the operation that it must lead to, where one is named. */
export interface AskedRequest {
  readonly question: Question;
  readonly headers: QuestionHeaders;
  readonly body: Uint8Array | null;
  /** What the upstream would answer; null where it is not told. */
  readonly reply: GivenReply | null;
  /** What an owner service would say; undefined where it is not told. */
  readonly owner: unknown;
  /** Null where method and path alone say it. */
  readonly operation: string | null;
  /** The API that it must be one of; null for any. */
  readonly api: string | null;
}

/** The type of a resource that is a path, whatever API it leads to. */
const ROUTE = 'route';
/** In the place of an id, where an operation has no object. */
const NO_OBJECT = '*';
const METHOD = /^[A-Z][A-Z-]{1,31}$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** What frames a request, or stands for the caller, is the gateway's to say. */
const NOT_TOLD: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'dpop',
  'host',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

type Asked = Pick<Evaluation, 'action' | 'resource'>;

/** What is in force: the configuration, and what was built of it. */
export interface InForce {
  readonly config: Config;
  readonly snapshot: Pick<Snapshot, 'operations'>;
}

/** Finds the request that action and resource stand for. The error says in words why there is none. */
export function requestOf({ action, resource }: Asked, { config, snapshot }: InForce): Result<AskedRequest, string> {
  const { properties } = resource;
  const api = resource.type === ROUTE ? null : resource.type;
  if (api !== null && !config.apis.some(({ name, party }) => party === null && name === api))
    return err(`resource.type is ${ROUTE}, or the name of an API`);
  const place = METHOD.test(action.name)
    ? placeByMethod(action.name, { api, resource, snapshot })
    : placeByOperation(action.name, { api, resource, snapshot });
  if (!place.ok) return place;
  const query = queryOf(properties, place.value.path);
  if (!query.ok) return query;
  const host = hostOf(properties, api, config);
  if (!host.ok) return host;
  const sent = sentOf(properties);
  if (!sent.ok) return sent;
  const { method, path, operation } = place.value;
  const question = { method, host: host.value, target: `${path}${query.value}` };
  const reply = replyOf(properties);
  const owner = member(properties, 'owner');
  return reply.ok ? ok({ question, ...sent.value, reply: reply.value, owner, operation, api }) : reply;
}

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: string | null;
}

interface Named {
  readonly api: string | null;
  readonly resource: Evaluation['resource'];
  readonly snapshot: InForce['snapshot'];
}

/** A path as it is sent, or a template whose parameters are told. */
function placeByMethod(method: string, { resource, snapshot, api }: Named): Result<Place, string> {
  const { id, properties } = resource;
  if (!id.startsWith('/')) return err('resource.id is a path where action.name is a method');
  if (!id.includes('{')) return ok({ method, path: id, operation: null });
  const told = member(properties, 'path');
  const isDescribed = ({ operation }: CompiledOperation): boolean =>
    operation.template === id && (operation.method === method || operation.method === '*' || isHead(operation, method));
  const found = snapshot.operations.find((each) => isDescribed(each) && (api === null || each.operation.api === api));
  if (found === undefined) return err('no operation has the template and the method that are asked for');
  if (typeof told === 'string') return ok({ method, path: told, operation: found.operation.id });
  const path = filled(id, { properties, only: null });
  return path.ok ? ok({ method, path: path.value, operation: found.operation.id }) : path;
}

function isHead(operation: { readonly method: string }, method: string): boolean {
  return method === 'HEAD' && operation.method === 'GET';
}

/** An operation by its own name, or by that of its API and its own. */
function placeByOperation(name: string, { api, resource, snapshot }: Named): Result<Place, string> {
  const { id, properties } = resource;
  const found = snapshot.operations.filter(
    ({ operation }) =>
      operation.inBody !== true &&
      (operation.id === name || operation.name === name) &&
      (api === null || operation.api === api),
  );
  const [only] = found;
  if (only === undefined) return err('action.name is a method, or names no operation of what is asked for');
  if (found.length > 1) return err('several operations have that name: write it as API/OPERATION');
  const { operation } = only;
  if (operation.method === '*') return err('the operation takes every method: write a method as action.name');
  if (id.startsWith('/') && !id.includes('{'))
    return ok({ method: operation.method, path: id, operation: operation.id });
  const path = filled(operation.template, { properties, only: id === operation.template ? null : id });
  return path.ok ? ok({ method: operation.method, path: path.value, operation: operation.id }) : path;
}

interface Filling {
  readonly properties: JsonObject;
  /** The id of the object: the value of the only parameter, or of the one that nothing else is told of. */
  readonly only: string | null;
}

/** A template with its parameters in their places; nothing of a value leaves its segment. */
function filled(template: string, { properties, only }: Filling): Result<string, string> {
  const params = member(properties, 'params') ?? {};
  if (!isObject(params)) return err('resource.properties.params is an object');
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  const untold = names.filter((name) => member(params, bare(name)) === undefined);
  if (only !== null && only !== NO_OBJECT && untold.length !== 1) {
    return err(
      names.length === 0
        ? `the operation has no object: write ${NO_OBJECT} as resource.id`
        : 'resource.id is the value of one parameter: tell all others as resource.properties.params',
    );
  }
  if (untold.length > 0 && (only === null || only === NO_OBJECT))
    return err(`nothing is told of the parameter ${bare(untold[0] ?? '')}: resource.properties.params`);
  let fault: string | null = null;
  const path = template.replaceAll(/\{([^{}]*)\}/g, (_whole, name: string) => {
    const value = member(params, bare(name)) ?? only ?? '';
    const text = segmentOf(value, name.endsWith('...'));
    fault ??= text === null ? `the parameter ${bare(name)} can't stand in a path` : null;
    return text ?? '';
  });
  return fault === null ? ok(path) : err(fault);
}

function bare(name: string): string {
  return name.endsWith('...') ? name.slice(0, -3) : name;
}

/** Null for what no segment can say. A rest of a path has several. */
function segmentOf(value: JsonValue, isRest: boolean): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return segmentOf(String(value), isRest);
  if (typeof value !== 'string' || !value.isWellFormed()) return null;
  const parts = isRest ? value.split('/') : [value];
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return null;
  return parts.map((part) => encodeURIComponent(part)).join('/');
}

function queryOf(properties: JsonObject, path: string): Result<string, string> {
  const query = member(properties, 'query');
  if (query === undefined) return ok('');
  if (path.includes('?')) return err('a query stands in the path, or as resource.properties.query');
  if (typeof query === 'string') return ok(query === '' ? '' : `?${query}`);
  if (!isObject(query)) return err('resource.properties.query is a text or an object');
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    const values = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    const texts = values.map(scalarText);
    if (!name.isWellFormed() || texts.some((text) => text === null || !text.isWellFormed()))
      return err('resource.properties.query holds texts, numbers, truth values, and lists of such');
    parts.push(...texts.map((text) => `${encodeURIComponent(name)}=${encodeURIComponent(text ?? '')}`));
  }
  return ok(parts.length === 0 ? '' : `?${parts.join('&')}`);
}

function scalarText(value: JsonValue): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The host that is told, or the only one there is: which API is meant must not be guessed. */
function hostOf(properties: JsonObject, api: string | null, { apis }: Config): Result<string, string> {
  const told = member(properties, 'host') ?? member(properties, 'hostname');
  if (told !== undefined) return typeof told === 'string' ? ok(told) : err('resource.properties.host is a text');
  const hosts = new Set(
    apis.filter(({ party, name }) => party === null && (api === null || name === api)).map(({ host }) => host),
  );
  const [only] = hosts;
  return hosts.size === 1 ? ok(only ?? 'localhost') : err('there are several hosts: tell resource.properties.host');
}

/** The object as its upstream would give it. */
function replyOf(properties: JsonObject): Result<GivenReply | null, string> {
  const body = member(properties, 'response');
  const status = member(properties, 'responseStatus') ?? 200;
  if (body === undefined) return ok(null);
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599)
    return err('resource.properties.responseStatus is a status from 200 to 599');
  return ok({ status, headers: { 'content-type': 'application/json' }, body });
}

type Sent = Pick<AskedRequest, 'headers' | 'body'>;

/** Headers, and a body as JSON where nothing else is said. */
function sentOf(properties: JsonObject): Result<Sent, string> {
  const told = member(properties, 'headers') ?? {};
  if (!isObject(told)) return err('resource.properties.headers is an object');
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(told)) {
    if (!FIELD_NAME.test(name)) return err('a name in resource.properties.headers is none');
    if (NOT_TOLD.has(name.toLowerCase())) return err(`the header ${name.toLowerCase()} is not told, but sent`);
    const values = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    const texts = values.map(scalarText);
    if (texts.includes(null)) return err('resource.properties.headers holds texts, and lists of such');
    headers.push(...texts.map((text): [string, string] => [name, text ?? '']));
  }
  const body = member(properties, 'body');
  if (body === undefined) return ok({ headers, body: null });
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
  const type: [string, string][] = typed ? [] : [['content-type', 'application/json']];
  return ok({ headers: [...headers, ...type], body: Buffer.from(JSON.stringify(body)) });
}
