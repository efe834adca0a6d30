import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** Whether this may be a field of a schema, as `Type.field`. */
export function isCoordinate(name: string): boolean {
  return /^[A-Za-z_]\w*\.[A-Za-z_]\w*$/.test(name);
}

/** What an operation can have that is named in a document: the rest is decided before anybody has read it. */
const OWN_KEYS: readonly string[] = ['needs', 'limit', 'rules', 'when'];

/** What is wrong with an API that speaks GraphQL, as far as that can be told without its schema. */
export function graphqlIssues(api: ApiConfig, { roles }: Config, places: Places): Issue[] {
  if (api.graphql === null) return [];
  const tell = (path: string, message: string, fix: string): Issue =>
    errorIssue(path, message, { place: placeAt(places, path), fix });
  const at = `${api.path}.graphql`;
  const issues: Issue[] = [];
  if (api.source.kind !== 'routes') {
    const fix = "write routes: ['POST /graphql']";
    return [tell(at, 'GraphQL is spoken at routes that are written by hand', fix)];
  }
  for (const [index, { method }] of api.source.routes.entries()) {
    if (method === 'POST' || method === 'GET') continue;
    const fix = 'give other paths an API of their own';
    issues.push(tell(`${api.path}.routes[${index}]`, 'GraphQL is asked by POST and by GET', fix));
  }
  if (api.graphql.only === 'persisted' && api.graphql.operations === null)
    issues.push(tell(`${at}.only`, 'no document would be taken', 'name the file with the documents in `operations`'));
  const { introspection } = api.graphql;
  if (typeof introspection !== 'string') {
    const known = roles.map(({ name }) => name);
    for (const [index, role] of introspection.entries()) {
      if (known.includes(role)) continue;
      const fix = didYouMean(role, known) ?? 'name it below `roles`';
      issues.push(tell(`${at}.introspection[${index}]`, 'there is no role of this name', fix));
    }
  }
  return [...issues, ...operationKeyIssues(api, places, tell), ...socketIssues(api, tell), ...fieldIssues(api, tell)];
}

type Tell = (path: string, message: string, fix: string) => Issue;

function operationKeyIssues(api: ApiConfig, places: Places, tell: Tell): Issue[] {
  return Object.entries(api.operations).flatMap(([name, { path }]) => {
    if (!isCoordinate(name)) return [];
    const keys = Object.keys(places).flatMap((each) =>
      each.startsWith(`${path}.`) ? [each.slice(path.length + 1)] : [],
    );
    const others = keys.filter((key) => /^\w+$/.test(key) && !OWN_KEYS.includes(key));
    const fix = 'say it of the route, or of the API';
    return others.map((key) =>
      tell(`${path}.${key}`, 'a field has `needs`, `when`, `limit` and `rules` of its own', fix),
    );
  });
}

/** What a reply of GraphQL holds is named by the document that asks for it, and aliases call it what they like. */
function fieldIssues(api: ApiConfig, tell: Tell): Issue[] {
  return Object.entries(api.operations).flatMap(([name, { access }]) => {
    if (access.fields === null || isCoordinate(name)) return [];
    const fix = 'give the fields of the schema `needs` and `rules` of their own, such as below `Query.orders`';
    return [tell(access.fields.path, 'members of GraphQL replies are called what clients like', fix)];
  });
}

/** Messages over WebSocket are read by nobody here, so that none would be judged. */
function socketIssues(api: ApiConfig, tell: Tell): Issue[] {
  return Object.values(api.operations).flatMap(({ path, websocket }) => {
    if (websocket === null) return [];
    const fix = 'give WebSocket a route of another API';
    return [tell(`${path}.websocket`, 'what is asked of GraphQL over WebSocket is not judged', fix)];
  });
}
