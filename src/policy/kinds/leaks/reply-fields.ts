import { Buffer } from 'node:buffer';
import type { LeakJudge, LookedInto } from '../../../leaks/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import { isFieldName, RESERVED_FIELDS } from '../../written-fields.ts';

/** Stands between values, and in none of them (RFC 9110 §5.5). */
const BETWEEN = '\n';

/** What is found in the values of all fields together. Mostly nothing is, so they are not looked into one by one. */
export function lookIntoFields(headers: HeaderMap, judge: LeakJudge): LookedInto {
  let all = '';
  for (const [, value] of headers.entries()) all += value + BETWEEN;
  return judge.judgeValues(Buffer.from(all, 'latin1'), 'percent');
}

/** Takes out the fields in which something is found that must not leave as it is. False where one can't be. */
export function dropTelling(headers: HeaderMap, judge: LeakJudge, editor: ResponseEditor): boolean {
  const names = new Set<string>();
  for (const [name, value] of headers.entries()) {
    const looked = judge.judgeValues(Buffer.from(value, 'latin1'), 'percent');
    if (looked?.kind === 'found' && looked.body !== null) names.add(name.toLowerCase());
  }
  for (const name of names) {
    const plain = name.replaceAll('_', '-');
    if (!isFieldName(plain) || RESERVED_FIELDS.replies.has(plain)) return false;
    editor.removeHeader(name);
  }
  return true;
}
