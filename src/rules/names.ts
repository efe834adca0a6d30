import { didYouMean } from '../base/index.ts';
import { INEXACT, isExact } from './equality.ts';
import type { Builder } from './builder.ts';
import { asAny } from './conversion.ts';
import type { Declaration, Missing } from './declaration.ts';
import type { Expression } from './expression.ts';
import { FAULT, fault, type Typed } from './frame.ts';
import { isNamed, type NamedValues } from './named-values.ts';
import { memberOf } from './parts.ts';
import { isNumber, mayEqual, type Type, typeWords } from './type.ts';
import { numberOf } from './value.ts';

/** What was found under a name, with the name as it is written; or why nothing was. */
export type Found<Input> = (Declaration<Input> & { readonly words: string }) | Missing;

interface Where<Input> {
  readonly root: Declaration<Input>;
  /** Whether a macro uses the name for its elements. */
  readonly isHidden: (name: string) => boolean;
}

/** What an expression names, if it is a name, or a field of something that is declared; null for anything else. */
export function findDeclared<Input>(expression: Expression, where: Where<Input>): Found<Input> | null {
  if (expression.kind === 'name') {
    if (where.root.kind !== 'group' || where.isHidden(expression.name)) return null;
    const found = where.root.find(expression.name);
    return found.kind === 'missing' ? null : { ...found, words: expression.name };
  }
  if (expression.kind !== 'field' && expression.kind !== 'index') return null;
  const holder = findDeclared(expression.of, where);
  if (holder === null || holder.kind === 'missing' || holder.kind === 'value')
    return holder?.kind === 'missing' ? holder : null;
  const name = memberOf(expression);
  if (holder.kind === 'named') return partOfRange(holder.values, name, holder.words);
  if (name === null)
    return {
      kind: 'missing',
      message: `a name in \`${holder.words}\` is written out`,
      fix: `such as ${holder.words}["name"]`,
    };
  const words = expression.kind === 'field' ? `${holder.words}.${name}` : `${holder.words}[${JSON.stringify(name)}]`;
  const found = holder.find(name);
  if (found.kind !== 'missing') return { ...found, words };
  return { kind: 'missing', message: `\`${words}\`: ${found.message}`, fix: found.fix ?? fixFor(name, holder.names) };
}

const TOLD = 10;

function fixFor(name: string, names: readonly string[]): string | null {
  const near = didYouMean(name, names);
  if (near !== undefined) return near;
  return names.length === 0
    ? null
    : `there is: ${names.slice(0, TOLD).join(', ')}${names.length > TOLD ? ' and more' : ''}`;
}

/** The ends of a range are numbers like any others. */
function partOfRange<Input>(values: NamedValues, name: string | null, words: string): Found<Input> | null {
  if (values.kind !== 'range' || (name !== 'from' && name !== 'to')) return null;
  const end = values[name];
  return {
    kind: 'value',
    type: Number.isSafeInteger(end) ? 'int' : 'double',
    read: () => end,
    words: `${words}.${name}`,
  };
}

/** Builds what a name stands for. */
export function buildNamed<Input>(
  found: Exclude<Found<Input>, { readonly kind: 'missing' }>,
  at: number,
  builder: Builder,
): Typed {
  switch (found.kind) {
    case 'value': {
      const { read, type, words } = found;
      const missing = `there is no \`${words}\``;
      const unreadable = `\`${words}\` has no single reading`;
      return {
        type,
        code(frame) {
          const value = read(frame.input as Input);
          if (value === FAULT) return fault(frame, unreadable);
          return value === undefined ? fault(frame, missing) : value;
        },
      };
    }
    case 'group':
      return builder.wrong(at, `\`${found.words}\` is no value itself`, fixFor('', found.names));
    case 'named': {
      if (found.values.kind === 'range')
        return builder.wrong(at, `\`${found.words}\` is a range`, `write x in ${found.words}`);
      const { list } = found.values;
      return { type: { list: typeOf(list) }, code: () => list };
    }
  }
}

function typeOf(list: readonly (string | number)[]): Type {
  if (list.every((value) => typeof value === 'string')) return 'string';
  return list.every((value) => Number.isSafeInteger(value)) ? 'int' : 'any';
}

/** Builds whether what a name stands for is there. */
export function buildHas<Input>(
  found: Exclude<Found<Input>, { readonly kind: 'missing' }>,
  at: number,
  builder: Builder,
): Typed {
  if (found.kind !== 'value')
    return builder.wrong(at, `\`has\` asks for a value, and \`${found.words}\` is always there`);
  const { read, words } = found;
  const unreadable = `\`${words}\` has no single reading`;
  return {
    type: 'bool',
    code(frame) {
      const value = read(frame.input as Input);
      return value === FAULT ? fault(frame, unreadable) : value !== undefined;
    },
  };
}

/**
 * Builds whether a value is one of those that the configuration names: by looking up, however many there are. What is
 * no number is not in a range and not beside it either: that is a fault.
 */
export function memberOfNamed(
  values: NamedValues,
  { type, code }: Typed,
  { at, builder }: { readonly at: number; readonly builder: Builder },
): Typed {
  if (values.kind === 'range') {
    if (!isNumber(type) && type !== 'any')
      return builder.wrong(at, `a range holds numbers, and this is ${typeWords(type)}`);
    const { from, to } = values;
    return {
      type: 'bool',
      code(frame) {
        const value = code(frame);
        if (value === FAULT) return FAULT;
        const number = numberOf(value);
        return number === undefined ? fault(frame, 'a range holds numbers alone') : from <= number && number <= to;
      },
    };
  }
  if (!mayEqual(type, typeOf(values.list)))
    return builder.wrong(at, `the list holds ${typeWords(typeOf(values.list))}, and this is ${typeWords(type)}`);
  const { known } = values;
  const ask = asAny({ type, code });
  return {
    type: 'bool',
    code(frame) {
      const value = ask(frame);
      if (value === FAULT) return FAULT;
      if (!isNamed(known, value)) return false;
      const number = numberOf(value);
      return number === undefined || isExact(number) ? true : fault(frame, INEXACT);
    },
  };
}
