import type { Result } from '../base/index.ts';
import type { Expression } from './expression.ts';
import type { Typed } from './frame.ts';
import type { Type } from './type.ts';

/** A pattern that can't be made to hang, and what judging a text of some length may take. */
export interface Pattern {
  readonly workOn: (length: number) => number;
  readonly matches: (text: string) => boolean;
}

/** Compiles a pattern of ECMA-262 to one that runs in linear time. */
export type CompilePattern = (text: string) => Result<Pattern, { readonly message: string; readonly fix?: string }>;

/** What the parts of a condition are built with. */
export interface Builder {
  readonly compilePattern: CompilePattern;
  /** A part. Where something is wrong with it that has been noted, and what is given stands for it. */
  build(expression: Expression): Typed;
  /** Notes that a part can't be used. */
  wrong(at: number, message: string, fix?: string | null): Typed;
  /** Builds a part in which a name stands for the elements of a list. */
  within(name: string, type: Type, part: (slot: number) => Typed): Typed;
}
