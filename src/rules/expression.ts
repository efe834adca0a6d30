/** An operator of two operands that gives a value of both. */
export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%' | '&&' | '||';

/** A macro that asks or makes something of each element of a list, or of each key of an object. */
export type Macro = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

/**
 * A condition as it was read: plain data that can be sent to a thread. `at` is the offset in its text where a part is
 * told of. Only what this language has can be said in it; whether the parts fit each other is not known yet.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly at: number; readonly value: Literal }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'field'; readonly at: number; readonly of: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly at: number; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'has'; readonly at: number; readonly of: Expression; readonly name: string }
  | { readonly kind: 'not'; readonly at: number; readonly operand: Expression }
  | { readonly kind: 'minus'; readonly at: number; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'choice';
      readonly at: number;
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: 'list'; readonly at: number; readonly elements: readonly Expression[] }
  | {
      readonly kind: 'call';
      readonly at: number;
      readonly name: string;
      /** What a method is called on; null for a function. */
      readonly of: Expression | null;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: 'macro';
      readonly at: number;
      readonly macro: Macro;
      readonly of: Expression;
      readonly variable: string;
      /** What `map` leaves out where it is false; null where there is no such part. */
      readonly where: Expression | null;
      readonly body: Expression;
    };

/** A value as it is written. A double may be a whole number, so that numbers say which kind they are. */
export type Literal =
  | { readonly type: 'int' | 'double'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'null' };

/** Why a condition can't be used, and where in its text. */
export interface RuleFault {
  readonly at: number;
  readonly message: string;
  readonly fix: string | null;
}
