import type { Result } from '../../base/index.ts';
import type { Validator, Violation } from '../validate/validator.ts';
import type { ReadingMode } from './scalar.ts';

/** Reads what was sent as text into a value that a validator can judge. */
export interface TwoReadings<Sent> {
  /** Whether a second reading, with numbers left as text, may be valid where the first is not. */
  readonly ambiguous: boolean;
  read(sent: Sent, mode: ReadingMode): Result<unknown, Violation>;
}

/** The value that a schema accepted, or what is wrong. */
export type Judged = { readonly value: unknown } | { readonly violations: readonly Violation[] };

/** Judges what was sent: first with numbers and truth values read as such, then, where that may help, as text. */
export function judgeReadings<Sent>(readings: TwoReadings<Sent>, sent: Sent, validate: Validator): Judged {
  const typed = readings.read(sent, 'typed');
  if (!typed.ok) return { violations: [typed.error] };
  const violations = validate(typed.value);
  if (violations === null) return { value: typed.value };
  if (readings.ambiguous) {
    const text = readings.read(sent, 'text');
    if (text.ok && validate(text.value) === null) return { value: text.value };
  }
  return { violations };
}
