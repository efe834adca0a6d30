import { err, ok, type Result } from '../base/index.ts';
import type { Builder, CompilePattern } from './builder.ts';
import { withType } from './conversion.ts';
import type { Declaration } from './declaration.ts';
import type { Expression, RuleFault } from './expression.ts';
import { FAULT, fault, type Frame, type Typed } from './frame.ts';
import { buildCall } from './functions.ts';
import { STEP_LIMIT } from './limits.ts';
import { buildMacro } from './macros.ts';
import { elementOf, fieldOf, literalOf } from './access.ts';
import { buildHas, buildNamed, findDeclared, type Found, memberOfNamed } from './names.ts';
import { onInts } from './arithmetic.ts';
import { buildBinary, isTruth } from './operators.ts';
import { commonType, isList, type Type, typeWords } from './type.ts';
import { doubleAsAny, isObject, numberKind, numberOf } from './value.ts';

/** What a condition may name, and what compiles the patterns in it. */
export interface RuleContext<Input> {
  readonly declarations: Declaration<Input>;
  readonly compilePattern: CompilePattern;
}

/** What evaluations may cost together, in steps; each takes its own out of it. */
export interface StepBudget {
  left: number;
}

/** As much as one request may cost. */
export function stepBudget(): StepBudget {
  return { left: STEP_LIMIT };
}

/** A condition, ready to be asked. */
export interface Rule<Input> {
  /**
   * Null where the condition holds. Else why it does not, in words that are of the condition alone: because it is false,
   * or because it could not be worked out, which is no better. It throws nothing, and changes nothing but the budget,
   * which conditions may share.
   */
  readonly judge: (input: Input, budget: StepBudget) => string | null;
  /** The same, for whoever tells what is false from what could not be worked out: true, false, or why it could not be. */
  readonly answer: (input: Input, budget: StepBudget) => boolean | string;
}

/** What is said where a condition is false. */
const FALSE = 'is not so';

/** Makes a condition of an expression, or says all that is wrong with it. */
export function compileRule<Input>(
  expression: Expression,
  context: RuleContext<Input>,
): Result<Rule<Input>, readonly RuleFault[]> {
  const builder = new RuleBuilder(context);
  const { type, code } = builder.build(expression);
  if (builder.faults.length === 0 && !isTruth(type))
    builder.wrong(expression.at, `a condition is true or false, and this is ${typeWords(type)}`);
  if (builder.faults.length > 0) return err(builder.faults);
  const { depth } = builder;
  // One evaluation is over before the next begins, so that they can all use the same.
  const frame: Frame = { input: null, slots: Array.from({ length: depth }, () => null), left: 0, words: null };
  const answer = (input: Input, budget: StepBudget): boolean | string => {
    frame.input = input;
    frame.left = budget.left;
    const said = code(frame);
    budget.left = frame.left;
    const answered = typeof said === 'boolean' ? said : (frame.words ?? NO_TRUTH);
    // Nothing of a request is held on to.
    frame.input = null;
    frame.words = null;
    for (let slot = 0; slot < depth; slot++) frame.slots[slot] = null;
    return answered;
  };
  const judge = (input: Input, budget: StepBudget): string | null => {
    const said = answer(input, budget);
    if (said === true) return null;
    return said === false ? FALSE : said;
  };
  return ok({ judge, answer });
}

const NO_TRUTH = 'is neither true nor false';

interface Variable {
  readonly name: string;
  readonly type: Type;
  readonly slot: number;
}

class RuleBuilder<Input> implements Builder {
  readonly faults: RuleFault[] = [];
  readonly compilePattern: CompilePattern;
  depth = 0;
  readonly #declarations: Declaration<Input>;
  readonly #scope: Variable[] = [];

  constructor({ declarations, compilePattern }: RuleContext<Input>) {
    this.#declarations = declarations;
    this.compilePattern = compilePattern;
  }

  wrong(at: number, message: string, fix: string | null = null): Typed {
    this.faults.push({ at, message, fix });
    return { type: 'any', code: () => FAULT };
  }

  within(name: string, type: Type, part: (slot: number) => Typed): Typed {
    const slot = this.#scope.length;
    this.depth = Math.max(this.depth, slot + 1);
    this.#scope.push({ name, type, slot });
    const built = part(slot);
    this.#scope.pop();
    return built;
  }

  build(expression: Expression): Typed {
    switch (expression.kind) {
      case 'literal':
        return literalOf(expression.value);
      case 'name':
      case 'field':
      case 'index':
        return this.#access(expression);
      case 'has':
        return this.#has(expression);
      case 'not':
        return this.#not(expression);
      case 'minus':
        return this.#minus(expression);
      case 'choice':
        return this.#choice(expression);
      case 'list':
        return this.#list(expression);
      case 'binary':
        return this.#membershipOfNamed(expression) ?? buildBinary(expression, this);
      case 'call':
        return buildCall(expression, this);
      case 'macro':
        return buildMacro(expression, this);
    }
  }

  /** What is declared under a name, if the name is no element of a list; null where the expression is no name at all. */
  #declared(expression: Expression): Found<Input> | null {
    return findDeclared(expression, {
      root: this.#declarations,
      isHidden: (name) => this.#scope.some((variable) => variable.name === name),
    });
  }

  #access(expression: Extract<Expression, { readonly kind: 'name' | 'field' | 'index' }>): Typed {
    const { at } = expression;
    const found = this.#declared(expression);
    if (found !== null) {
      if (found.kind === 'missing') return this.wrong(at, found.message, found.fix);
      return buildNamed(found, at, this);
    }
    if (expression.kind === 'name') {
      const variable = this.#scope.findLast(({ name }) => name === expression.name);
      if (variable === undefined) return this.wrong(at, `there is nothing called \`${expression.name}\``);
      const { slot, type } = variable;
      return { type, code: (frame) => frame.slots[slot] };
    }
    const of = this.build(expression.of);
    if (expression.kind === 'index') return this.#index(of, this.build(expression.index), at);
    if (of.type !== 'any') return this.wrong(at, `${typeWords(of.type)} has no fields`);
    return { type: 'any', code: fieldOf(of.code, expression.name) };
  }

  #index(of: Typed, index: Typed, at: number): Typed {
    const byNumber = index.type === 'int' || index.type === 'any';
    const byName = index.type === 'string' || index.type === 'any';
    const fits = of.type === 'any' ? byNumber || byName : isList(of.type) && byNumber;
    if (!fits) return this.wrong(at, `${typeWords(of.type)} has no parts by ${typeWords(index.type)}`);
    return { type: isList(of.type) ? of.type.list : 'any', code: elementOf(of.code, index.code) };
  }

  #has({ of, name, at }: Extract<Expression, { readonly kind: 'has' }>): Typed {
    const found = this.#declared({ kind: 'field', of, name, at });
    if (found !== null) {
      if (found.kind === 'missing') return this.wrong(at, found.message, found.fix);
      return buildHas(found, at, this);
    }
    const holder = this.build(of);
    if (holder.type !== 'any') return this.wrong(at, `${typeWords(holder.type)} has no fields`);
    const { code } = holder;
    return {
      type: 'bool',
      code(frame) {
        const value = code(frame);
        if (value === FAULT) return FAULT;
        return isObject(value) ? Object.hasOwn(value, name) : fault(frame, `\`has\` asks an object for \`${name}\``);
      },
    };
  }

  #not({ operand, at }: Extract<Expression, { readonly kind: 'not' }>): Typed {
    const { type, code } = this.build(operand);
    if (!isTruth(type)) return this.wrong(at, `\`!\` can't be asked of ${typeWords(type)}`);
    return {
      type: 'bool',
      code(frame) {
        const value = code(frame);
        if (typeof value === 'boolean') return !value;
        return value === FAULT ? FAULT : fault(frame, '`!` wants true or false');
      },
    };
  }

  #minus({ operand, at }: Extract<Expression, { readonly kind: 'minus' }>): Typed {
    const { type, code } = this.build(operand);
    if (type !== 'int' && type !== 'double' && type !== 'any')
      return this.wrong(at, `\`-\` can't be asked of ${typeWords(type)}`);
    return {
      type,
      code(frame) {
        const value = code(frame);
        if (value === FAULT) return FAULT;
        const number = numberOf(value);
        if (number === undefined) return fault(frame, '`-` wants a number');
        if (type === 'double') return -number;
        if (numberKind(value) === 'int') return onInts('-', 0, number, frame);
        return doubleAsAny(-number);
      },
    };
  }

  #choice({ condition, yes, no, at }: Extract<Expression, { readonly kind: 'choice' }>): Typed {
    const asked = this.build(condition);
    const [one, other] = [this.build(yes), this.build(no)];
    if (!isTruth(asked.type)) return this.wrong(at, `\`?\` asks for true or false, not ${typeWords(asked.type)}`);
    const type = commonType(one.type, other.type);
    if (type === null)
      return this.wrong(
        at,
        `\`? :\` gives ${typeWords(one.type)} or ${typeWords(other.type)}, which nothing could be asked of`,
      );
    const [isSo, then, otherwise] = [asked.code, withType(one, type), withType(other, type)];
    return {
      type,
      code(frame) {
        const said = isSo(frame);
        if (said === true) return then(frame);
        if (said === false) return otherwise(frame);
        return said === FAULT ? FAULT : fault(frame, '`?` wants true or false');
      },
    };
  }

  #list({ elements, at }: Extract<Expression, { readonly kind: 'list' }>): Typed {
    const built = elements.map((element) => this.build(element));
    let type: Type | null = built[0]?.type ?? 'any';
    for (const element of built) type = type === null ? null : commonType(type, element.type);
    if (type === null) return this.wrong(at, 'a list holds what JSON can say, or points of time, or spans of it');
    const whole = type;
    const codes = built.map((element) => withType(element, whole));
    return {
      type: { list: whole },
      code(frame) {
        const values: unknown[] = [];
        for (const code of codes) {
          const value = code(frame);
          if (value === FAULT) return FAULT;
          values.push(value);
        }
        return values;
      },
    };
  }

  /** `x in values.NAME` is answered by looking up, or by two comparisons. */
  #membershipOfNamed({ operator, left, right, at }: Extract<Expression, { readonly kind: 'binary' }>): Typed | null {
    const found = operator === 'in' ? this.#declared(right) : null;
    if (found === null || found.kind !== 'named') return null;
    return memberOfNamed(found.values, this.build(left), { at, builder: this });
  }
}
