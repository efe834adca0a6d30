import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { err, ok, type Result } from '../base/index.ts';
import type { Expression, Literal, Macro, RuleFault } from './expression.ts';
import { DEPTH_LIMIT, LENGTH_LIMIT, MACRO_LIMIT, NODE_LIMIT } from './limits.ts';

/**
 * The narrow door of this room: reading the text of conditions, for whoever reads configurations. Threads that judge
 * requests get expressions, and do not load the parser.
 */
export type { Expression, RuleFault } from './expression.ts';

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: NODE_LIMIT, maxDepth: DEPTH_LIMIT },
});

/**
 * Reads a condition in CEL (https://cel.dev). What this language leaves out is a fault. That goes for all that is
 * written in a way of its own: maps, bytes, unsigned integers, optional values; what is only not defined, such as a
 * function, is told when the expression is compiled.
 */
export function readExpression(text: string): Result<Expression, RuleFault> {
  if (text.length > LENGTH_LIMIT)
    return err({
      at: LENGTH_LIMIT,
      message: `is longer than ${LENGTH_LIMIT} characters`,
      fix: 'make several rules of it',
    });
  try {
    const { ast } = environment.parse(text);
    return ok(new Reader().read(ast, 0, 0));
  } catch (fault) {
    if (fault instanceof Unwritable) return err(fault.fault);
    if (fault instanceof ParseError) return err(parserFault(fault));
    throw fault;
  }
}

/** Reading recurses, and what is found deep inside ends all of it. It does not leave this file. */
class Unwritable extends Error {
  readonly fault: RuleFault;

  constructor(at: number, message: string, fix: string | null = null) {
    super(message);
    this.fault = { at, message, fix };
  }
}

function parserFault({ code, summary, range }: ParseError): RuleFault {
  const at = range?.start ?? 0;
  if (code === 'limit_exceeded')
    return { at, message: 'has too many parts, or too many inside one another', fix: null };
  return { at, message: `can't be read as CEL: ${summary}`, fix: null };
}

const MACROS: Readonly<Record<Macro, readonly number[]>> = {
  all: [2],
  exists: [2],
  exists_one: [2],
  map: [2, 3],
  filter: [2],
};

class Reader {
  #left = NODE_LIMIT;

  read(node: ASTNode, depth: number, macros: number): Expression {
    const at = node.pos;
    if (depth > DEPTH_LIMIT || --this.#left < 0)
      throw new Unwritable(at, 'has too many parts, or too many inside one another');
    const inner = (part: ASTNode): Expression => this.read(part, depth + 1, macros);
    switch (node.op) {
      case 'value':
        return { kind: 'literal', at, value: literalOf(node.args, at) };
      case 'id':
        return { kind: 'name', at, name: node.args };
      case '.':
        return { kind: 'field', at, of: inner(node.args[0]), name: node.args[1] };
      case '[]':
        return { kind: 'index', at, of: inner(node.args[0]), index: inner(node.args[1]) };
      case '!_':
        return { kind: 'not', at, operand: inner(node.args) };
      case '-_':
        return { kind: 'minus', at, operand: inner(node.args) };
      case '?:': {
        const [condition, yes, no] = node.args;
        return { kind: 'choice', at, condition: inner(condition), yes: inner(yes), no: inner(no) };
      }
      case 'list':
        return { kind: 'list', at, elements: node.args.map(inner) };
      case 'call':
        return this.#call(node.args, at, inner);
      case 'rcall':
        return this.#method(node.args, { at, depth, macros });
      case 'map':
        throw new Unwritable(at, 'a map is written nowhere in a condition');
      case '.?':
      case '[?]':
        throw new Unwritable(at, 'optional values are written nowhere in a condition', 'ask has(…)');
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
      case 'in':
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '&&':
      case '||': {
        const [left, right] = node.args;
        return { kind: 'binary', at, operator: node.op, left: inner(left), right: inner(right) };
      }
    }
  }

  #call([name, args]: [string, ASTNode[]], at: number, inner: (part: ASTNode) => Expression): Expression {
    if (name !== 'has') return { kind: 'call', at, name, of: null, args: args.map(inner) };
    const [asked] = args;
    if (asked === undefined || args.length !== 1 || asked.op !== '.')
      throw new Unwritable(at, '`has` asks for a field', 'such as has(request.body.end)');
    return { kind: 'has', at, of: inner(asked.args[0]), name: asked.args[1] };
  }

  #method(
    [name, receiver, args]: [string, ASTNode, ASTNode[]],
    { at, depth, macros }: { readonly at: number; readonly depth: number; readonly macros: number },
  ): Expression {
    const inner = (part: ASTNode): Expression => this.read(part, depth + 1, macros);
    if (!isMacro(name)) return { kind: 'call', at, name, of: inner(receiver), args: args.map(inner) };
    const [variable, ...parts] = args;
    if (variable === undefined || variable.op !== 'id' || !MACROS[name].includes(args.length))
      throw new Unwritable(
        at,
        `\`${name}\` takes the name of an element and a condition`,
        `such as LIST.${name}(x, x > 0)`,
      );
    if (macros >= MACRO_LIMIT)
      throw new Unwritable(
        at,
        `more than ${MACRO_LIMIT} of all, exists, exists_one, map and filter stand inside one another`,
      );
    const within = (part: ASTNode): Expression => this.read(part, depth + 1, macros + 1);
    const [body, where] = parts.toReversed();
    return {
      kind: 'macro',
      at,
      macro: name,
      of: inner(receiver),
      variable: variable.args,
      where: where === undefined ? null : within(where),
      body: within(body as ASTNode),
    };
  }
}

function isMacro(name: string): name is Macro {
  return Object.hasOwn(MACROS, name);
}

function literalOf(value: unknown, at: number): Literal {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: 'double', value };
  if (value === null) return { type: 'null' };
  if (typeof value === 'bigint') {
    const whole = Number(value);
    if (Number.isSafeInteger(whole)) return { type: 'int', value: whole };
    throw new Unwritable(at, 'whole numbers go up to 9007199254740991');
  }
  if (value instanceof Uint8Array) throw new Unwritable(at, 'bytes are written nowhere in a condition');
  throw new Unwritable(at, 'unsigned numbers are written nowhere in a condition', 'leave the `u` out');
}
