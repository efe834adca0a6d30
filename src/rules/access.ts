import type { Literal } from './expression.ts';
import { type Code, FAULT, fault, type Typed } from './frame.ts';
import { isObject, member, numberKind } from './value.ts';

/** A value as it is written. */
export function literalOf(literal: Literal): Typed {
  const value = literal.type === 'null' ? null : literal.value;
  return { type: literal.type, code: () => value };
}

/** What an object says under a name; a name that it does not have is a fault. */
export function fieldOf(of: Code, name: string): Code {
  const missing = `there is no \`${name}\``;
  const misplaced = `\`${name}\` is asked of what is no object`;
  return (frame) => {
    const object = of(frame);
    if (object === FAULT) return FAULT;
    if (!isObject(object)) return fault(frame, misplaced);
    const value = member(object, name);
    return value === undefined ? fault(frame, missing) : value;
  };
}

/** An element of a list by its number from 0, or a member of an object by its name. */
export function elementOf(of: Code, index: Code): Code {
  return (frame) => {
    const holder = of(frame);
    if (holder === FAULT) return FAULT;
    const at = index(frame);
    if (at === FAULT) return FAULT;
    const found = partAt(holder, at);
    return found === undefined ? fault(frame, 'there is no such part') : found;
  };
}

function partAt(holder: unknown, at: unknown): unknown {
  if (Array.isArray(holder)) {
    const isPlace = numberKind(at) === 'int' && (at as number) >= 0 && (at as number) < holder.length;
    return isPlace ? (holder as readonly unknown[])[at as number] : undefined;
  }
  return isObject(holder) && typeof at === 'string' ? member(holder, at) : undefined;
}
