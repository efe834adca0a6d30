import type { Type } from './type.ts';

/** What stands for a value that could not be worked out. CEL calls it an error; it goes on as a value does. */
export const FAULT: unique symbol = Symbol('fault');

/** One evaluation while it runs. */
export interface Frame {
  /** What the condition is asked of. */
  input: unknown;
  /** The elements that the macros around stand at. */
  readonly slots: unknown[];
  /** Steps that may still be done. */
  left: number;
  /** What was wrong, in words of the condition alone; null where nothing was. */
  words: string | null;
}

/** A part of a condition, ready to run: a value, or FAULT. It throws nothing. */
export type Code = (frame: Frame) => unknown;

/** A part of a condition, and what is known of its value. */
export interface Typed {
  readonly type: Type;
  readonly code: Code;
}

/** Notes what is wrong. `words` are the condition's own: nothing of a request is in them. */
export function fault(frame: Frame, words: string): typeof FAULT {
  frame.words = words;
  return FAULT;
}

/** Takes steps off; whether they were too many. */
export function overspent(frame: Frame, steps: number): boolean {
  frame.left -= steps;
  return frame.left < 0;
}

/** What is said where a condition has taken all its steps. */
export const TOO_MUCH = 'there is too much to look at';
