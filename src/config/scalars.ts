import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration, parseSize, type Result } from '../base/index.ts';
import { resolvePath } from './path.ts';
import { words } from './words.ts';

// Code is never made from text at run time, and the runtime forbids it: zod must not try to compile its schemas.
z.config({ jitless: true });

/** What a schema field may be told: the default as it would be written, and the bounds of its value. */
interface Bounds {
  readonly from: string;
  readonly to: string;
}

/**
 * Text, and no reference: `${env:X}` means something only where a secret is wanted, and must not be taken for a name.
 * Every text field of the configuration is made with this or with a reading of its own. `error` is for what is no text.
 */
function text(error?: string): z.ZodString {
  return z.string(error === undefined ? {} : { error }).refine((value) => !value.includes('${'), {
    error: words('a reference is read only where a secret is wanted', 'write the value itself'),
    abort: true,
  });
}

/** Text that `read` makes a value of; its error, perhaps with a remedy (see `words`), is the issue. `error` is for what is no text. */
export function parsed<T>(
  read: (value: string) => Result<T, string>,
  error?: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return text(error).transform((value, context) => {
    const result = read(value);
    if (result.ok) return result.value;
    context.issues.push({ code: 'custom', message: result.error, input: value });
    return z.NEVER;
  });
}

/** A port to listen on; 0 is any free one. */
export function port(standard: number, description: string) {
  const error = 'a port is a whole number from 0 to 65535, without quotes';
  return z.int({ error }).min(0, { error }).max(65_535, { error }).prefault(standard).meta({ description });
}

/** A duration in milliseconds. */
export function duration(standard: string, bounds: Bounds, description: string) {
  return durationWithin(bounds).prefault(standard).meta(durationWords(bounds, description));
}

/** A duration in milliseconds that nothing stands for where it is not said. */
export function ownDuration(bounds: Bounds, description: string) {
  return durationWithin(bounds).optional().meta(durationWords(bounds, description));
}

function durationWithin(bounds: Bounds) {
  return parsed(
    (value) => within(parseDuration, value, bounds),
    'expected a duration with its unit, such as 250ms, 30s or 10m',
  );
}

function durationWords({ from, to }: Bounds, description: string) {
  return { title: 'duration', description: `${description} From ${from} to ${to}.` };
}

/** A size in bytes. */
export function size(bounds: Bounds, description: string) {
  const error = 'expected a size with its unit, such as 512B, 16KiB or 10MiB';
  return parsed((value) => within(parseSize, value, bounds), error).meta({
    title: 'size',
    description: `${description} From ${bounds.from} to ${bounds.to}.`,
  });
}

function within(
  parse: (value: string) => Result<number, string>,
  value: string,
  { from, to }: Bounds,
): Result<number, string> {
  const result = parse(value);
  if (!result.ok) return result;
  const [least, most] = [parse(from), parse(to)];
  const fits = least.ok && most.ok && result.value >= least.value && result.value <= most.value;
  return fits ? result : { ok: false, error: `must be from ${from} to ${to}` };
}

/** A path as it is written; it becomes absolute when the configuration's own folder is known. */
export function path(description: string, title: 'FILE' | 'FOLDER' = 'FILE') {
  return parsed((value): Result<string, string> => {
    const result = resolvePath(value, '/');
    return result.ok ? { ok: true, value } : { ok: false, error: `this path ${result.error}` };
  }).meta({ title, description });
}

/** An address to listen on. */
export function listenHost(description: string) {
  const error = words('must be an IP address of this machine, or localhost', 'such as 127.0.0.1, ::1 or 0.0.0.0');
  return text()
    .refine((value) => value === 'localhost' || (isIP(value) !== 0 && !value.includes('%')), { error })
    .prefault('127.0.0.1')
    .meta({ title: 'address', description });
}

interface ListBounds<T> {
  readonly least: 0 | 1;
  readonly most: number;
  readonly what: string;
  /** What tells two elements apart; the element itself unless said otherwise. */
  readonly nameOf?: (element: T) => unknown;
}

/** A list in which nothing stands twice. `what` is the word for one element. */
export function uniqueList<S extends z.ZodType>(element: S, bounds: ListBounds<z.output<S>>) {
  const { least, most, what, nameOf = (value) => value } = bounds;
  return z
    .array(element)
    .min(least, { error: `at least one ${what} is needed` })
    .max(most, { error: `at most ${most} of them are read` })
    .superRefine((elements, context) => {
      const seen = new Set<unknown>();
      for (const [index, value] of elements.entries()) {
        const name = nameOf(value);
        if (seen.has(name)) {
          context.addIssue({ code: 'custom', path: [index], message: `this ${what} stands in the list already` });
        }
        seen.add(name);
      }
    });
}

/** One value or a list of them, as a list. */
export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
