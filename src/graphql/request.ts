import { err, ok, type Result } from '../base/index.ts';
import type { FormFields, JsonObject, JsonValue } from '../body/index.ts';
import { fault, type GraphqlFault } from './fault.ts';

/** One operation as a client sends it (GraphQL over HTTP §5.1). */
export interface SentOperation {
  /** The document; null where only its hash was sent. */
  readonly query: string | null;
  readonly operationName: string | null;
  readonly variables: JsonObject;
  /** The SHA-256 of the document, in hexadecimal, lower case; null where none was sent. */
  readonly hash: string | null;
}

/** The members that servers read. Of any other some might read something, and it would not have been judged. */
const MEMBERS: ReadonlySet<string> = new Set(['query', 'operationName', 'variables', 'extensions']);
const NO_VARIABLES: JsonObject = Object.freeze(Object.create(null) as JsonObject);
const HASH = /^[0-9a-f]{64}$/;

/** Reads a body: one operation, or a list of at most `most`. */
export function readSent(value: JsonValue, most: number): Result<readonly SentOperation[], GraphqlFault> {
  if (!Array.isArray(value)) {
    const one = readOne(value);
    return one.ok ? ok([one.value]) : one;
  }
  const list = value as readonly JsonValue[];
  // A list of one is a list: a server that takes none would answer otherwise.
  if (most < 2) return err(fault('complex', 'batch', 'several operations can not be sent together'));
  if (list.length > most) return err(fault('complex', 'batch', `more than ${most} operations are sent together`));
  if (list.length === 0) return err(invalid('an empty list'));
  const sent: SentOperation[] = [];
  for (const each of list) {
    const one = readOne(each);
    if (!one.ok) return one;
    sent.push(one.value);
  }
  return ok(sent);
}

/** Reads the parameters of a URL (GraphQL over HTTP §6.2): variables and extensions are JSON, which `readJson` reads. */
export function readQuery(
  fields: FormFields,
  readJson: (text: string) => JsonValue | undefined,
): Result<SentOperation, GraphqlFault> {
  const members: Record<string, JsonValue> = {};
  for (const [name, values] of fields) {
    const [value] = values;
    if (!MEMBERS.has(name)) return err(invalid('a parameter that is not one of GraphQL'));
    if (value === undefined || values.length > 1) return err(invalid('a parameter twice'));
    const isJson = name === 'variables' || name === 'extensions';
    const read = isJson ? readJson(value) : value;
    if (read === undefined) return err(invalid(`${name} are no JSON`));
    members[name] = read;
  }
  return readOne(members);
}

function readOne(value: JsonValue | undefined): Result<SentOperation, GraphqlFault> {
  if (!isObject(value)) return err(invalid('no object'));
  for (const name of Object.keys(value)) {
    if (!MEMBERS.has(name)) return err(invalid('a member that is not one of GraphQL'));
  }
  const { query = null, operationName = null, variables = null, extensions = null } = value;
  if (query !== null && (typeof query !== 'string' || query === '')) return err(invalid('query is no document'));
  // An empty name is none to some servers.
  if (operationName !== null && (typeof operationName !== 'string' || operationName === ''))
    return err(invalid('operationName is no name'));
  if (variables !== null && !isObject(variables)) return err(invalid('variables are no object'));
  const hash = extensions === null ? ok(null) : readExtensions(extensions);
  if (!hash.ok) return hash;
  if (query === null && hash.value === null) return err(invalid('query is missing'));
  return ok({ query, operationName, variables: variables ?? NO_VARIABLES, hash: hash.value });
}

/** Those alone by which documents are called: `{ persistedQuery: { version: 1, sha256Hash } }`. */
function readExtensions(extensions: JsonValue): Result<string | null, GraphqlFault> {
  if (!isObject(extensions)) return err(invalid('extensions are no object'));
  const names = Object.keys(extensions);
  if (names.length === 0) return ok(null);
  const persisted = extensions['persistedQuery'];
  const isPlain = names.length === 1 && isObject(persisted) && Object.keys(persisted).length === 2;
  if (!isPlain || persisted['version'] !== 1) return err(invalid('an extension that is not read'));
  const hash = persisted['sha256Hash'];
  if (typeof hash !== 'string' || !HASH.test(hash)) return err(invalid('sha256Hash is no hash'));
  return ok(hash);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(detail: string): GraphqlFault {
  return fault('invalid', 'request', detail);
}
