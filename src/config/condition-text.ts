import { err, ok, type Result } from '../base/index.ts';
import type { Expression } from '../rules/index.ts';
import { readExpression } from '../rules/text.ts';
import { words } from './words.ts';

/** More conditions than anybody keeps in mind at one place; each costs every request. */
export const CONDITION_LIMIT = 50;
const MESSAGE_LIMIT = 500;

/** A condition in CEL as it is written, and as it was read. What is wrong is told with the character at which it stands. */
export function readCondition(
  text: string,
): Result<{ readonly text: string; readonly expression: Expression }, string> {
  const read = readExpression(text);
  if (read.ok) return ok({ text, expression: read.value });
  const { at, message: why, fix } = read.error;
  return err(words(`character ${at + 1}: ${why.replaceAll('\n', ' ')}`, fix ?? undefined));
}

/** What clients are told of a condition. */
export function readMessage(text: string): Result<string, string> {
  if (text.trim() === '') return err('an empty message tells nobody anything');
  return text.length > MESSAGE_LIMIT ? err(`a message has ${MESSAGE_LIMIT} characters at most`) : ok(text);
}
