import { type Arithmetic, joined, onAny, onDoubles, onInts, together } from './arithmetic.ts';
import type { Builder } from './builder.ts';
import { asAny, fromAny, withType } from './conversion.ts';
import { equal, isIn } from './equality.ts';
import type { BinaryOperator, Expression } from './expression.ts';
import { type Code, FAULT, fault, type Frame, type Typed } from './frame.ts';
import { type Order, ordered, ORDERED, orderedTexts } from './order.ts';
import { asDuration, asTimestamp } from './time.ts';
import { commonType, isList, isNumber, mayEqual, type Type, typeWords } from './type.ts';

type Binary = Extract<Expression, { readonly kind: 'binary' }>;

/** Builds what an operator of two operands gives. */
export function buildBinary(expression: Binary, builder: Builder): Typed {
  const { operator, at } = expression;
  const [left, right] = [builder.build(expression.left), builder.build(expression.right)];
  const made = binaryOf(operator, left, right);
  if (made !== null) return made;
  return builder.wrong(
    at,
    `\`${operator}\` can't be asked of ${typeWords(left.type)} and ${typeWords(right.type)}`,
    fixOf(left.type, right.type),
  );
}

function fixOf(one: Type, other: Type): string | null {
  if (one !== other && isNumber(one) && isNumber(other)) return 'write double(…) around the whole number';
  return null;
}

function binaryOf(operator: BinaryOperator, left: Typed, right: Typed): Typed | null {
  switch (operator) {
    case '&&':
      return logical(left, right, false);
    case '||':
      return logical(left, right, true);
    case '==':
    case '!=':
      return mayEqual(left.type, right.type) ? equality(left, right, operator === '==') : null;
    case 'in':
      return membership(left, right);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordering(operator, left, right);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, left, right);
  }
}

/** What two values give together; a fault of either is the answer. */
export function both(left: Code, right: Code, answer: (one: unknown, other: unknown, frame: Frame) => unknown): Code {
  return (frame) => {
    const one = left(frame);
    if (one === FAULT) return FAULT;
    const other = right(frame);
    return other === FAULT ? FAULT : answer(one, other, frame);
  };
}

/** Whether it is true or false, as far as is known. */
export function isTruth(type: Type): boolean {
  return type === 'bool' || type === 'any';
}

/** `decides` is the value that is the answer whatever the other operand is, be it a fault (CEL, "Logical Operators"). */
function logical(left: Typed, right: Typed, decides: boolean): Typed | null {
  if (!isTruth(left.type) || !isTruth(right.type)) return null;
  const [ask, askNext] = [left.code, right.code];
  const words = `\`${decides ? '||' : '&&'}\` wants true or false`;
  const code: Code = (frame) => {
    const one = ask(frame);
    if (one === decides) return decides;
    const other = askNext(frame);
    if (other === decides) return decides;
    if (typeof one === 'boolean' && typeof other === 'boolean') return !decides;
    return one === FAULT || other === FAULT ? FAULT : fault(frame, words);
  };
  return { type: 'bool', code };
}

const IDENTICAL: ReadonlySet<Type> = new Set<Type>(['int', 'double', 'bool', 'timestamp', 'duration']);

function equality(left: Typed, right: Typed, wanted: boolean): Typed {
  if (IDENTICAL.has(left.type) && IDENTICAL.has(right.type))
    return { type: 'bool', code: both(left.code, right.code, (one, other) => (one === other) === wanted) };
  const code = both(asAny(left), asAny(right), (one, other, frame) => {
    const same = equal(one, other, frame);
    return same === FAULT ? FAULT : same === wanted;
  });
  return { type: 'bool', code };
}

function membership(left: Typed, right: Typed): Typed | null {
  const fits = isList(right.type)
    ? mayEqual(left.type, right.type.list)
    : right.type === 'any' && mayEqual(left.type, 'any');
  return fits ? { type: 'bool', code: both(asAny(left), asAny(right), isIn) } : null;
}

function ordering(order: Order, left: Typed, right: Typed): Typed | null {
  const [one, other] = [left.type, right.type];
  const isTime = one === other && (one === 'timestamp' || one === 'duration');
  if ((isNumber(one) && isNumber(other)) || isTime) {
    const compare = ORDERED[order];
    return { type: 'bool', code: both(left.code, right.code, (a, b) => compare(a as number, b as number)) };
  }
  if (one === 'string' && other === 'string') {
    const code = both(left.code, right.code, (a, b, frame) => orderedTexts(order, a as string, b as string, frame));
    return { type: 'bool', code };
  }
  const fits = hasOrder(one) && hasOrder(other) && (one === 'any' || other === 'any' || one === other);
  if (!fits) return null;
  return { type: 'bool', code: both(asAny(left), asAny(right), (a, b, frame) => ordered(order, a, b, frame)) };
}

function hasOrder(type: Type): boolean {
  return isNumber(type) || type === 'string' || type === 'bool' || type === 'any';
}

function arithmetic(operator: Arithmetic, left: Typed, right: Typed): Typed | null {
  const [one, other] = [left.type, right.type];
  if (one === 'int' && other === 'int')
    return {
      type: 'int',
      code: both(left.code, right.code, (a, b, frame) => onInts(operator, a as number, b as number, frame)),
    };
  if (one === 'double' && other === 'double' && operator !== '%')
    return {
      type: 'double',
      code: both(left.code, right.code, (a, b) => onDoubles(operator, a as number, b as number)),
    };
  if (operator === '+' && one === 'string' && other === 'string')
    return {
      type: 'string',
      code: both(left.code, right.code, (a, b, frame) => joined(a as string, b as string, frame)),
    };
  if (operator === '+' && isList(one) && isList(other)) return lists(left, right, commonType(one, other));
  if (one === 'any' || other === 'any') return unknownArithmetic(operator, left, right);
  return operator === '+' || operator === '-' ? timeArithmetic(operator, left, right) : null;
}

function lists(left: Typed, right: Typed, type: Type | null): Typed | null {
  if (type === null) return null;
  const code = both(withType(left, type), withType(right, type), (a, b, frame) =>
    together(a as readonly unknown[], b as readonly unknown[], frame),
  );
  return { type, code };
}

/** Where one side is a value of JSON; the type of the other, where that is known, is the type of the answer. */
function unknownArithmetic(operator: Arithmetic, left: Typed, right: Typed): Typed | null {
  const known = left.type === 'any' ? right.type : left.type;
  const fits = known === 'any' || known === 'int' || (known === 'double' && operator !== '%');
  const joins = operator === '+' && (known === 'string' || (isList(known) && commonType(known, 'any') !== null));
  if (!fits && !joins) return null;
  const type = isList(known) ? 'any' : known;
  const code = both(asAny(left), asAny(right), (a, b, frame) => onAny(operator, a, b, frame));
  return { type, code: fromAny(code, type) };
}

const TIMES: Readonly<Record<string, Type>> = {
  'timestamp + duration': 'timestamp',
  'duration + timestamp': 'timestamp',
  'duration + duration': 'duration',
  'timestamp - timestamp': 'duration',
  'timestamp - duration': 'timestamp',
  'duration - duration': 'duration',
};

function timeArithmetic(operator: '+' | '-', left: Typed, right: Typed): Typed | null {
  const sentence = `${typeWords(left.type)} ${operator} ${typeWords(right.type)}`;
  const type = Object.hasOwn(TIMES, sentence) ? TIMES[sentence] : undefined;
  if (type === undefined) return null;
  const limit = type === 'timestamp' ? asTimestamp : asDuration;
  const code = both(left.code, right.code, (a, b, frame) => {
    const [one, other] = [a as bigint, b as bigint];
    return limit(operator === '+' ? one + other : one - other) ?? fault(frame, `\`${operator}\` goes beyond all time`);
  });
  return { type, code };
}
