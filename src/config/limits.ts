import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { LimitRule, LimitSubject } from '../policy/index.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const CALLS_LIMIT = 1_000_000;
/** Every rule of an API and of an operation is counted for each request: the limiter takes 32 at once. */
const RULE_LIMIT = 16;
const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };
const SUBJECTS = ['user', 'app', 'tenant', 'address'] as const satisfies readonly LimitSubject[];
const FORM = 'write it like 100/min per user';

/**
 * Reads `NUMBER/UNIT per WHO` (`100/min per user`). The number is also the burst: so many calls pass at once, then one
 * each UNIT / NUMBER.
 */
export function parseLimit(text: string): Result<LimitRule, string> {
  const found = /^([0-9]+)\/([A-Za-z]+)(?: per ([A-Za-z-]+))?$/.exec(text);
  if (found === null) return err(words('a limit is a number, a unit and whom it counts', FORM));
  const [, digits = '', unit = '', who] = found;
  if (/^(day|week|month)s?$/i.test(unit)) {
    return err(words('calendar quotas are not available in this version', 'the units are s, min and h'));
  }
  const periodMs = Object.hasOwn(PERIODS_MS, unit) ? PERIODS_MS[unit] : undefined;
  if (periodMs === undefined) return err(words('this is no unit of a limit', 'the units are s, min and h'));
  const count = Number(digits);
  if (!(count >= 1 && count <= CALLS_LIMIT) || digits.startsWith('0')) {
    return err(words(`the number of a limit is from 1 to ${CALLS_LIMIT}`, FORM));
  }
  if (who === undefined) return err(words('a limit says whom it counts', FORM));
  const per = SUBJECTS.find((subject) => subject === who);
  if (per === undefined)
    return err(words('this is not whom a limit can count', `it counts per ${SUBJECTS.join(', ')}`));
  return ok({ rate: { count, periodMs, burst: count }, per, text });
}

const limit = parsed(parseLimit, words('a limit is text', FORM)).meta({ title: 'NUMBER/UNIT per WHO' });

/** The limits of an API or an operation: one, or a list. */
export function limitSchema(description: string) {
  const list = uniqueList(limit, { least: 1, most: RULE_LIMIT, what: 'limit', nameOf: (rule) => rule.text });
  return z.union([limit, list], { error: words('a limit is text, or a list of texts', FORM) }).meta({ description });
}
