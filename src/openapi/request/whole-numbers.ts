import { isObject, own } from '../pointer.ts';
import { referencesOf, type ShapeSource } from './value-shape.ts';

/** The whole numbers from `least` to `most`, none where that is less than `least`. */
export interface WholeNumbers {
  readonly least: number;
  readonly most: number;
}

/** What a schema of numbers may say beside its type: bounds, and what asks nothing of a number. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['type', 'format', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['title', 'description', 'default', 'example', 'examples', 'deprecated'],
]);

const FORMATS: ReadonlyMap<unknown, WholeNumbers> = new Map([
  ['int32', { least: -(2 ** 31), most: 2 ** 31 - 1 }],
  ['int64', { least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER }],
]);

/** References that lead to references. */
const DEPTH_LIMIT = 8;

/**
 * Whole numbers, no larger than a double holds exactly, that a schema is certain to take; null where that is more than
 * its type and its bounds say. It says nothing of other values: those are for the validator.
 */
export function wholeNumbersOf(source: ShapeSource, schema: unknown): WholeNumbers | null {
  const meant = behindReferences(source, schema);
  if (!isObject(meant) || !Object.keys(meant).every((keyword) => KNOWN.has(keyword))) return null;
  const type = own(meant, 'type');
  const format = own(meant, 'format');
  const whole = format === undefined ? FORMATS.get('int64') : FORMATS.get(format);
  if (whole === undefined || (type !== 'integer' && type !== 'number')) return null;
  // In 3.0 an exclusive bound is true or false.
  const bounds = BOUNDS.map((keyword) => own(meant, keyword));
  if (!bounds.every((bound) => bound === undefined || Number.isSafeInteger(bound))) return null;
  const [minimum = whole.least, above = whole.least - 1, maximum = whole.most, below = whole.most + 1] =
    bounds as readonly (number | undefined)[];
  return {
    least: Math.max(whole.least, minimum, above + 1),
    most: Math.min(whole.most, maximum, below - 1),
  };
}

const BOUNDS = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const;

/** The schema that one refers to, where it says nothing else. */
function behindReferences({ document }: ShapeSource, schema: unknown): unknown {
  let meant = schema;
  for (let depth = 0; depth < DEPTH_LIMIT && isObject(meant); depth++) {
    const reference = own(meant, '$ref');
    if (typeof reference !== 'string' || Object.keys(meant).length > 1) break;
    meant = referencesOf(document).target(reference)?.value;
  }
  return meant;
}
