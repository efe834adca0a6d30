import { err, ok, type Result } from '../base/index.ts';
import { type JsonObject, type JsonValue, parseJson } from '../body/index.ts';

/** Who asks, or what is asked for, as a question of the AuthZEN Authorization API 1.0 names it. */
export interface AskedEntity {
  readonly type: string;
  readonly id: string;
  readonly properties: JsonObject;
}

/** One question: may this subject do that to this resource? `context` is what is known besides. */
export interface Evaluation {
  readonly subject: AskedEntity;
  readonly action: { readonly name: string; readonly properties: JsonObject };
  readonly resource: AskedEntity;
  readonly context: JsonObject;
}

/** When the answers to several questions end. */
export type Semantic = (typeof SEMANTICS)[number];

/** What a body asks: one question, whose answer stands alone, or several. */
export type AskedEvaluations =
  | { readonly kind: 'one'; readonly evaluation: Evaluation }
  | { readonly kind: 'several'; readonly semantic: Semantic; readonly evaluations: readonly Evaluation[] };

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;

/** So many are answered in some tens of milliseconds, beside all else that the control side does. */
const EVALUATION_LIMIT = 100;
const NAME_LIMIT = 256;
/** As long as a request target may be. */
const ID_LIMIT = 8_192;
/** A hundred questions with a small body each, or a few with large ones. */
export const QUESTION_LIMIT_BYTES = 1024 * 1024;

/** Reads one question. The error says in words what is wrong; what is not known is ignored, as the specification demands. */
export function readEvaluation(body: Uint8Array): Result<Evaluation, string> {
  const read = readObject(body);
  return read.ok ? evaluationOf(read.value, NO_MEMBERS) : read;
}

/** Reads several, with defaults for what they leave out; without any it is one question. */
export function readEvaluations(body: Uint8Array): Result<AskedEvaluations, string> {
  const read = readObject(body);
  if (!read.ok) return read;
  const whole = read.value;
  const semantic = semanticOf(member(whole, 'options'));
  if (!semantic.ok) return semantic;
  const items = member(whole, 'evaluations') ?? [];
  if (!isList(items)) return err('evaluations is a list');
  if (items.length > EVALUATION_LIMIT) return err(`at most ${EVALUATION_LIMIT} evaluations are read`);
  if (items.length === 0) {
    const single = evaluationOf(whole, NO_MEMBERS);
    return single.ok ? ok({ kind: 'one', evaluation: single.value }) : single;
  }
  const evaluations: Evaluation[] = [];
  for (const [index, item] of items.entries()) {
    const evaluation = isObject(item) ? evaluationOf(item, whole) : err('is an object');
    if (!evaluation.ok) return err(`evaluations[${index}]: ${evaluation.error}`);
    evaluations.push(evaluation.value);
  }
  return ok({ kind: 'several', semantic: semantic.value, evaluations });
}

const NO_MEMBERS: JsonObject = {};

function readObject(body: Uint8Array): Result<JsonObject, string> {
  const read = parseJson(body);
  if (!read.ok) return err(`the body is no JSON that is read: ${read.error.code} at byte ${read.error.offset}`);
  return isObject(read.value) ? ok(read.value) : err('the body is an object');
}

/** What a question says itself takes the place of a default as a whole. */
function evaluationOf(said: JsonObject, defaults: JsonObject): Result<Evaluation, string> {
  // Null is said too: it must not be taken for the default.
  const told = (name: string): JsonValue | undefined => member(Object.hasOwn(said, name) ? said : defaults, name);
  const subject = entityOf('subject', told('subject'));
  if (!subject.ok) return subject;
  const action = actionOf(told('action'));
  if (!action.ok) return action;
  const resource = entityOf('resource', told('resource'));
  if (!resource.ok) return resource;
  const context = told('context') === undefined ? NO_MEMBERS : told('context');
  if (!isObject(context)) return err('context is an object');
  return ok({ subject: subject.value, action: action.value, resource: resource.value, context });
}

function entityOf(name: string, value: JsonValue | undefined): Result<AskedEntity, string> {
  if (value === undefined) return err(`${name} is missing`);
  if (!isObject(value)) return err(`${name} is an object`);
  const [type, id, properties] = [member(value, 'type'), member(value, 'id'), propertiesOf(value)];
  if (!isText(type, NAME_LIMIT)) return err(`${name}.type is a text of ${NAME_LIMIT} characters at most`);
  if (!isText(id, ID_LIMIT)) return err(`${name}.id is a text of ${ID_LIMIT} characters at most`);
  return properties === null ? err(`${name}.properties is an object`) : ok({ type, id, properties });
}

function actionOf(value: JsonValue | undefined): Result<Evaluation['action'], string> {
  if (value === undefined) return err('action is missing');
  if (!isObject(value)) return err('action is an object');
  const [name, properties] = [member(value, 'name'), propertiesOf(value)];
  if (!isText(name, NAME_LIMIT)) return err(`action.name is a text of ${NAME_LIMIT} characters at most`);
  return properties === null ? err('action.properties is an object') : ok({ name, properties });
}

/** Null where they are none. */
function propertiesOf(value: JsonObject): JsonObject | null {
  const properties = member(value, 'properties') ?? NO_MEMBERS;
  return isObject(properties) ? properties : null;
}

function semanticOf(options: JsonValue | undefined): Result<Semantic, string> {
  if (options === undefined) return ok('execute_all');
  if (!isObject(options)) return err('options is an object');
  const said = member(options, 'evaluations_semantic') ?? 'execute_all';
  const semantic = SEMANTICS.find((each) => each === said);
  return semantic === undefined ? err(`options.evaluations_semantic is one of ${SEMANTICS.join(', ')}`) : ok(semantic);
}

/** What an object holds itself under a name; undefined for nothing. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether a value is an object, and no list. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isText(value: JsonValue | undefined, limit: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= limit;
}
