import type { Builder } from './builder.ts';
import type { Expression } from './expression.ts';
import { type Code, FAULT, fault, type Frame, overspent, TOO_MUCH, type Typed } from './frame.ts';
import { namesOf } from './object-names.ts';
import { isTruth } from './operators.ts';
import { isList, type Type, typeWords } from './type.ts';
import { isObject } from './value.ts';
import { weightOf } from './parts.ts';

type Each = Extract<Expression, { readonly kind: 'macro' }>;

/** Builds what a macro gives: a list, or the answer to a question about one. */
export function buildMacro(expression: Each, builder: Builder): Typed {
  const { at, macro, variable } = expression;
  const range = builder.build(expression.of);
  const element = elementOf(range.type);
  if (element === null) return builder.wrong(at, `\`${macro}\` goes over a list, not ${typeWords(range.type)}`);
  const weight = 1 + weightOf(expression.body) + (expression.where === null ? 0 : weightOf(expression.where));
  return builder.within(variable, element, (slot) => {
    const where = expression.where === null ? null : builder.build(expression.where);
    const body = builder.build(expression.body);
    const asked = macro === 'map' ? where : body;
    if (asked !== null && !isTruth(asked.type))
      return builder.wrong(at, `\`${macro}\` asks for true or false, not ${typeWords(asked.type)}`);
    const loop: Loop = { range: range.code, slot, weight };
    switch (macro) {
      case 'map':
        return { type: { list: body.type }, code: mapping(loop, where?.code ?? null, body.code) };
      case 'filter':
        return { type: { list: element }, code: filtering(loop, body.code) };
      case 'exists_one':
        return { type: 'bool', code: counting(loop, body.code) };
      case 'all':
        return { type: 'bool', code: quantifying(loop, body.code, false) };
      case 'exists':
        return { type: 'bool', code: quantifying(loop, body.code, true) };
    }
  });
}

/** What a loop goes over, where its element is put, and what each turn costs. */
interface Loop {
  readonly range: Code;
  readonly slot: number;
  readonly weight: number;
}

/** Of an object its names are gone over, as CEL has it; whether it is one is known when it is there. */
function elementOf(type: Type): Type | null {
  if (isList(type)) return type.list;
  return type === 'any' ? 'any' : null;
}

function elementsOf(value: unknown, frame: Frame): readonly unknown[] | typeof FAULT {
  if (value === FAULT) return FAULT;
  if (Array.isArray(value)) return value as readonly unknown[];
  return isObject(value) ? namesOf(value, frame) : fault(frame, 'a macro goes over a list or an object');
}

/** `decides` is the answer of one element that settles it; faults of others do not count then (CEL, "Macros"). */
function quantifying({ range, slot, weight }: Loop, body: Code, decides: boolean): Code {
  return (frame) => {
    const elements = elementsOf(range(frame), frame);
    if (elements === FAULT) return FAULT;
    let answer: boolean | typeof FAULT = !decides;
    for (const element of elements) {
      if (overspent(frame, weight)) return fault(frame, TOO_MUCH);
      frame.slots[slot] = element;
      const said = body(frame);
      if (said === decides) return decides;
      if (said !== !decides) answer = said === FAULT ? FAULT : fault(frame, NO_TRUTH);
    }
    return answer;
  };
}

const NO_TRUTH = 'a macro asks for true or false';

function counting({ range, slot, weight }: Loop, body: Code): Code {
  return (frame) => {
    const elements = elementsOf(range(frame), frame);
    if (elements === FAULT) return FAULT;
    let count = 0;
    for (const element of elements) {
      if (overspent(frame, weight)) return fault(frame, TOO_MUCH);
      frame.slots[slot] = element;
      const said = body(frame);
      if (typeof said !== 'boolean') return said === FAULT ? FAULT : fault(frame, NO_TRUTH);
      if (said) count += 1;
    }
    return count === 1;
  };
}

function filtering({ range, slot, weight }: Loop, body: Code): Code {
  return (frame) => {
    const elements = elementsOf(range(frame), frame);
    if (elements === FAULT) return FAULT;
    const kept: unknown[] = [];
    for (const element of elements) {
      if (overspent(frame, weight)) return fault(frame, TOO_MUCH);
      frame.slots[slot] = element;
      const said = body(frame);
      if (typeof said !== 'boolean') return said === FAULT ? FAULT : fault(frame, NO_TRUTH);
      if (said) kept.push(element);
    }
    return kept;
  };
}

function mapping({ range, slot, weight }: Loop, where: Code | null, body: Code): Code {
  return (frame) => {
    const elements = elementsOf(range(frame), frame);
    if (elements === FAULT) return FAULT;
    const made: unknown[] = [];
    for (const element of elements) {
      if (overspent(frame, weight)) return fault(frame, TOO_MUCH);
      frame.slots[slot] = element;
      const wanted = where === null ? true : where(frame);
      if (typeof wanted !== 'boolean') return wanted === FAULT ? FAULT : fault(frame, NO_TRUTH);
      if (!wanted) continue;
      const value = body(frame);
      if (value === FAULT) return FAULT;
      made.push(value);
    }
    return made;
  };
}
