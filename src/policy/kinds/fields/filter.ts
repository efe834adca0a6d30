import {
  type JsonValue,
  keepFields,
  type KeptJson,
  type MediaType,
  parseBody,
  parseJson,
} from '../../../body/index.ts';
import { err, ok, type Result } from '../../../base/index.ts';
import { ALL_FIELDS, eitherNode, type FieldNode } from '../../field-access/index.ts';
import { JSON_LINES } from '../../json-lines.ts';
import { REPLY_BODY_LIMITS } from '../../reply-limits.ts';

/** How a body is read: one value of JSON, or one a line. */
export type FieldFormat = 'json' | 'lines';

const PROBLEM = 'application/problem+json';
const CLIENT_ERROR = 400;
const NEWLINE = 0x0a;
/** As many as a body of JSON may have members: reading and cutting so many keeps a thread for a few tenths of a second. */
const LINES_LIMIT = 250_000;

/** How bodies of a type are filtered; null where they can't be. */
export function fieldFormatOf({ essence, suffix }: MediaType): FieldFormat | null {
  if (JSON_LINES.has(essence)) return 'lines';
  return suffix === 'json' || essence === 'application/json' || essence === 'text/json' ? 'json' : null;
}

/** The members that RFC 9457 §3.1 gives a problem: what they say is said to whoever asked. */
const OF_PROBLEMS = ['type', 'title', 'status', 'detail', 'instance'];
const NODE_OF_PROBLEMS: FieldNode = {
  rest: false,
  members: new Map(OF_PROBLEMS.map((name) => [name, ALL_FIELDS])),
};
const withProblems = new WeakMap<FieldNode, FieldNode>();

/** Whether a reply says that it is such a problem. */
export function isProblem(status: number, { essence }: MediaType): boolean {
  return status >= CLIENT_ERROR && essence === PROBLEM;
}

/** What passes of a problem: its own members besides, as long as they are the words and numbers that they are defined as. */
function nodeForProblem(node: FieldNode, value: JsonValue): FieldNode {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return node;
  const object = value as Readonly<Record<string, JsonValue>>;
  if (OF_PROBLEMS.some((name) => typeof object[name] === 'object' && object[name] !== null)) return node;
  const before = withProblems.get(node);
  if (before !== undefined) return before;
  const made = eitherNode(node, NODE_OF_PROBLEMS);
  withProblems.set(node, made);
  return made;
}

/** A body that is to be filtered, and by what. */
export interface GivenFields {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly format: FieldFormat;
  readonly node: FieldNode;
  readonly isProblem: boolean;
  /** Hears the names that lead to each of what is taken out; null where nobody asks. */
  readonly tell: ((names: readonly string[]) => void) | null;
}

/** What stays of a body. The text says why one can't be read, and quotes nothing of it. */
export function filterBody(given: GivenFields): Result<KeptJson, string> {
  const { bytes, contentType, format, node, tell } = given;
  if (format === 'lines') return filterLines(bytes, node, tell);
  const body = parseBody(contentType, bytes, REPLY_BODY_LIMITS);
  if (!body.ok) return err(body.error.internal);
  if (body.value.kind !== 'json') return err(`it is no JSON, but ${body.value.kind}`);
  const passing = given.isProblem ? nodeForProblem(node, body.value.value) : node;
  const kept = keepFields(bytes, passing, tell);
  return kept === null ? err(SCALAR) : ok(kept);
}

const SCALAR = 'it is one value without fields, and not all of the reply may pass';

/** Lines that hold nothing stay where they are. */
function filterLines(bytes: Uint8Array, node: FieldNode, tell: GivenFields['tell']): Result<KeptJson, string> {
  const left: Uint8Array[] = [];
  let taken = 0;
  let lines = 0;
  for (let start = 0; start < bytes.length; ) {
    if (++lines > LINES_LIMIT) return err('it has more lines than are read');
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    const line = bytes.subarray(start, end);
    start = end;
    const kept = isBlank(line) ? { bytes: line, taken: 0 } : filterLine(line, node, tell);
    if (typeof kept === 'string') return err(kept);
    taken += kept.taken;
    left.push(kept.bytes);
  }
  return ok(taken === 0 ? { bytes, taken } : { bytes: Buffer.concat(left), taken });
}

function filterLine(line: Uint8Array, node: FieldNode, tell: GivenFields['tell']): KeptJson | string {
  const read = parseJson(line, REPLY_BODY_LIMITS.json);
  if (!read.ok) return `a line of it is no JSON: ${read.error.code}`;
  return keepFields(line, node, tell) ?? SCALAR;
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}
