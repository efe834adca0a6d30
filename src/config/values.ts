import { z } from 'zod';
import type { ValuesSource } from '../policy/index.ts';
import { absolute } from './path.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** What a person writes by hand; more belongs into a file. */
const ENTRY_LIMIT = 10_000;
const NAME_LIMIT = 1_000;
const FORM = words(
  'expected a list, a file with one, or a range',
  'such as [EUR, USD], ./currencies.txt, or { from: 1, to: 500 }',
);

const name = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, {
    error: 'values have a name of letters, digits and `_`, no digit first, 63 characters at most',
    abort: true,
  })
  .refine((given) => !(given in {}), { error: 'this name cannot be used for values' });

const number = z.number({ error: 'expected a number' });
const exact = number.refine(isExact, { error: words('this number stands for its neighbours too', 'write it as text') });
const list = uniqueList(
  z.union([parsed((text) => ({ ok: true, value: text })), exact], { error: 'expected text or a number' }),
  {
    least: 1,
    most: ENTRY_LIMIT,
    what: 'value',
  },
);

const range = z
  .strictObject({
    from: number.meta({ description: 'The least of them.' }),
    to: number.meta({ description: 'The greatest of them.' }),
  })
  .refine(({ from, to }) => from <= to, { error: 'the range ends before it begins' });

const file = z.strictObject({
  file: path('A file with a value a line, `#` begins a comment; or one in JSON or YAML that is a list.'),
  of: z.enum(['texts', 'numbers']).prefault('texts').meta({ description: 'What the lines of the file are.' }),
});

/** The key `values`, of the gateway and of an API. */
export const valuesSchema = z
  .record(name, z.union([list, path('A file with a value a line.'), range, file], { error: FORM }))
  .refine((values) => Object.keys(values).length <= NAME_LIMIT, { error: `at most ${NAME_LIMIT} of them are read` })
  .optional()
  .meta({
    title: 'name: values',
    description:
      'Values that conditions name as `values.NAME`: a list, a file with one, or a range. Those of an API stand before those of the gateway.',
  });

/** Whether a number is the one that was written. A whole one that is too large to be exact would stand for its neighbours too. */
export function isExact(number: number): boolean {
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
}

/** None where nothing is said. `configuration`: the file that relative paths start at. */
export function toValues(
  raw: z.output<typeof valuesSchema>,
  configuration: string,
): Readonly<Record<string, ValuesSource>> {
  return Object.fromEntries(
    Object.entries(raw ?? {}).map(([key, given]): [string, ValuesSource] => {
      if (typeof given === 'string') return [key, { kind: 'file', file: absolute(given, configuration), of: 'texts' }];
      if (Array.isArray(given)) return [key, { kind: 'list', list: given }];
      if ('from' in given) return [key, { kind: 'range', from: given.from, to: given.to }];
      return [key, { kind: 'file', file: absolute(given.file, configuration), of: given.of }];
    }),
  );
}
