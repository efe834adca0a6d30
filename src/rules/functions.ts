import type { Builder } from './builder.ts';
import { asAny, toDouble, toInt, toText } from './conversion.ts';
import type { Expression } from './expression.ts';
import { type Code, FAULT, fault, type Frame, overspent, TOO_MUCH, type Typed } from './frame.ts';
import { CHARACTERS_PER_STEP } from './limits.ts';
import { buildInNetwork } from './networks.ts';
import { namesOf } from './object-names.ts';
import { both } from './operators.ts';
import { toEcmaPattern } from './pattern.ts';
import { DURATION_PARTS, readDuration, readTimestamp, secondsOf, TIMESTAMP_PARTS } from './time.ts';
import { isList, type Type, typeWords } from './type.ts';
import { isObject } from './value.ts';

type Call = Extract<Expression, { readonly kind: 'call' }>;

/** Builds what a function, or a method of a value, gives. */
export function buildCall(call: Call, builder: Builder): Typed {
  const { name, of, args, at } = call;
  if (of === null) {
    if (name === 'inNetwork') return buildInNetwork(call, builder);
    const [argument] = args;
    if (!Object.hasOwn(FUNCTIONS, name)) return builder.wrong(at, `there is no function \`${name}\``, KNOWN_FUNCTIONS);
    if (argument === undefined || args.length !== 1) return builder.wrong(at, `\`${name}\` takes one value`);
    const given = builder.build(argument);
    if (isTimeName(name) && argument.kind === 'literal' && argument.value.type === 'string')
      return constantTime(name, argument.value.value, { at: argument.at, builder });
    return FUNCTIONS[name]?.(given) ?? builder.wrong(at, `\`${name}\` can't be asked of ${typeWords(given.type)}`);
  }
  const receiver = builder.build(of);
  if (name === 'matches') return matching(receiver, call, builder);
  const parts = partsOf(name, receiver.type);
  if (parts !== null && args.length === 0) return mapped(receiver, 'int', parts);
  if (Object.hasOwn(ALONE, name) && args.length === 0) {
    return ALONE[name]?.(receiver) ?? builder.wrong(at, `\`${name}\` can't be asked of ${typeWords(receiver.type)}`);
  }
  const compare = Object.hasOwn(COMPARES, name) ? COMPARES[name] : undefined;
  const [argument] = args;
  if (compare === undefined || argument === undefined || args.length !== 1) return unknown(call, receiver, builder);
  const other = builder.build(argument);
  if (isText(receiver.type) && isText(other.type)) return comparing(name, compare, [receiver, other]);
  return builder.wrong(at, `\`${name}\` is asked of a text, with a text`);
}

function unknown({ name, at, args }: Call, { type }: Typed, builder: Builder): Typed {
  const counted =
    args.length === 0 ? 'without a value' : args.length === 1 ? 'with one value' : `with ${args.length} values`;
  return builder.wrong(at, `${typeWords(type)} has no method \`${name}\` ${counted}`, KNOWN_METHODS);
}

const KNOWN_FUNCTIONS = 'there is: size, int, double, string, timestamp, duration, inNetwork, has';
const KNOWN_METHODS =
  'there is: size, startsWith, endsWith, contains, matches, lowerAscii, upperAscii, and the parts of a timestamp or duration';

/** What a function gives for a value; null where it does not take one of that type. */
const FUNCTIONS: Readonly<Record<string, (given: Typed) => Typed | null>> = {
  size: sizeOf,
  int: (given) => {
    if (given.type === 'timestamp') return mapped(given, 'int', secondsOf);
    return isScalar(given.type, ['int', 'double', 'string', 'any']) ? converted(given, 'int', toInt) : null;
  },
  double: (given) =>
    isScalar(given.type, ['int', 'double', 'string', 'any']) ? converted(given, 'double', toDouble) : null,
  string: (given) =>
    isScalar(given.type, ['int', 'bool', 'string', 'any']) ? converted(given, 'string', toText) : null,
  timestamp: (given) => timed(given, 'timestamp', readTimestamp),
  duration: (given) => timed(given, 'duration', readDuration),
};

const ALONE: Readonly<Record<string, (given: Typed) => Typed | null>> = {
  size: sizeOf,
  lowerAscii: (given) => cased(given, (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: (given) => cased(given, (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
};

const COMPARES: Readonly<Record<string, (text: string, other: string) => boolean>> = {
  startsWith: (text, other) => text.startsWith(other),
  endsWith: (text, other) => text.endsWith(other),
  contains: (text, other) => text.includes(other),
};

function isScalar(type: Type, taken: readonly Type[]): boolean {
  return taken.includes(type);
}

function isText(type: Type): boolean {
  return type === 'string' || type === 'any';
}

function mapped(given: Typed, type: Type, part: (value: bigint) => number): Typed {
  const { code } = given;
  return {
    type,
    code(frame) {
      const value = code(frame);
      if (value === FAULT) return FAULT;
      return overspent(frame, PART_STEPS) ? fault(frame, TOO_MUCH) : part(value as bigint);
    },
  };
}

/** A double among values of JSON stays one, so that a text is not made of it as of a whole number. */
function converted(given: Typed, type: Type, convert: (value: unknown, frame: Frame) => unknown): Typed {
  const code = given.type === 'double' ? given.code : asAny(given);
  return {
    type,
    code(frame) {
      const value = code(frame);
      return value === FAULT ? FAULT : convert(value, frame);
    },
  };
}

function timed(given: Typed, type: 'timestamp' | 'duration', read: (text: string) => bigint | null): Typed | null {
  if (given.type === type) return given;
  if (!isText(given.type)) return null;
  const words = `\`${type}\` can make none of this`;
  return converted(given, type, (value, frame) => {
    if (overspent(frame, TIME_STEPS)) return fault(frame, TOO_MUCH);
    const point = typeof value === 'string' && value.length <= TIME_LENGTH ? read(value) : null;
    return point ?? fault(frame, words);
  });
}

const TIME_LENGTH = 200;

/** Reading a time takes as long as so many other steps, and working with one as long as some. */
const TIME_STEPS = 20;
const PART_STEPS = 4;

const READERS = { timestamp: readTimestamp, duration: readDuration } as const;

function isTimeName(name: string): name is keyof typeof READERS {
  return Object.hasOwn(READERS, name);
}

/** A time that is written out is read once, and is an issue where it is none. */
function constantTime(
  type: keyof typeof READERS,
  text: string,
  { at, builder }: { readonly at: number; readonly builder: Builder },
): Typed {
  const point = text.length <= TIME_LENGTH ? READERS[type](text) : null;
  if (point === null) return builder.wrong(at, `this is no ${type}`, TIME_FORMS[type]);
  return { type, code: () => point };
}

const TIME_FORMS = { timestamp: "such as '2026-01-31T12:00:00Z'", duration: "such as '1h30m', or '90s'" } as const;

/** Where every other letter is of the other case each is changed by itself, in the time of several that are looked at. */
const CASED_PER_STEP = 8;

function cased(given: Typed, change: (text: string) => string): Typed | null {
  if (!isText(given.type)) return null;
  return converted(given, 'string', (value, frame) => {
    if (typeof value !== 'string') return fault(frame, 'this method wants a text');
    return overspent(frame, value.length / CASED_PER_STEP) ? fault(frame, TOO_MUCH) : change(value);
  });
}

function sizeOf(given: Typed): Typed | null {
  if (!isText(given.type) && !isList(given.type)) return null;
  const { code } = given;
  return {
    type: 'int',
    code(frame) {
      const value = code(frame);
      if (value === FAULT) return FAULT;
      if (typeof value === 'string') return charactersOf(value, frame);
      if (Array.isArray(value)) return value.length;
      if (!isObject(value)) return fault(frame, '`size` wants a text, a list or an object');
      const names = namesOf(value, frame);
      return names === FAULT ? FAULT : names.length;
    },
  };
}

/** Code points, as CEL counts; two units that make one are one. */
function charactersOf(text: string, frame: Frame): number | typeof FAULT {
  const { length } = text;
  if (overspent(frame, length / CHARACTERS_PER_STEP)) return fault(frame, TOO_MUCH);
  let pairs = 0;
  for (let at = 1; at < length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00 || (text.charCodeAt(at - 1) & 0xfc00) !== 0xd800) continue;
    pairs += 1;
    at += 1;
  }
  return length - pairs;
}

function partsOf(name: string, type: Type): ((value: bigint) => number) | null {
  if (type === 'timestamp') return TIMESTAMP_PARTS.get(name) ?? null;
  return type === 'duration' ? (DURATION_PARTS.get(name) ?? null) : null;
}

function comparing(
  name: string,
  compare: (text: string, other: string) => boolean,
  [receiver, other]: readonly [Typed, Typed],
): Typed {
  const words = `\`${name}\` wants two texts`;
  const code = both(receiver.code, other.code, (one, two, frame) => {
    if (typeof one !== 'string' || typeof two !== 'string') return fault(frame, words);
    // Searching looks at each place of the one for each character of the other, at worst.
    const work = name === 'contains' ? one.length * Math.max(1, two.length / SEARCHED) : two.length;
    if (overspent(frame, work / CHARACTERS_PER_STEP)) return fault(frame, TOO_MUCH);
    return compare(one, two);
  });
  return { type: 'bool', code };
}

/** Texts as short are looked for at each place in the time that the place takes. */
const SEARCHED = 8;

function matching(receiver: Typed, { args, at }: Call, builder: Builder): Typed {
  const [argument] = args;
  if (args.length !== 1 || argument?.kind !== 'literal' || argument.value.type !== 'string')
    return builder.wrong(at, '`matches` takes one pattern, which is written out', "such as x.matches('^[A-Z]{3}$')");
  if (!isText(receiver.type)) return builder.wrong(at, `\`matches\` can't be asked of ${typeWords(receiver.type)}`);
  const written = toEcmaPattern(argument.value.value);
  if (!written.ok) return builder.wrong(argument.at, `this pattern ${written.error}`);
  const pattern = builder.compilePattern(written.value);
  if (!pattern.ok)
    return builder.wrong(argument.at, `this pattern ${pattern.error.message}`, pattern.error.fix ?? null);
  const { workOn, matches } = pattern.value;
  const { code: text } = receiver;
  const code: Code = (frame) => {
    const value = text(frame);
    if (value === FAULT) return FAULT;
    if (typeof value !== 'string') return fault(frame, '`matches` wants a text');
    if (overspent(frame, workOn(value.length) + value.length / MATCHED_PER_STEP)) return fault(frame, TOO_MUCH);
    return matches(value);
  };
  return { type: 'bool', code };
}

/** Characters that a pattern goes over in the time of one step. */
const MATCHED_PER_STEP = 4;
