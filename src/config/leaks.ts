import { z } from 'zod';
import { didYouMean, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import {
  FIELD_ACTIONS,
  FORM_NAMES,
  LEAK_ACTIONS,
  LEAK_CLASSES,
  type LeakAction,
  type LeakClass,
  readFieldPath,
} from '../leaks/index.ts';
import { compilePattern } from '../openapi/index.ts';
import type { ReplyLeaks } from '../policy/index.ts';
import type { ApiConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const FIELDS_LIMIT = 200;
const OWN_LIMIT = 20;
const FORMS_LIMIT = 100;
const PATTERN_LIMIT = 1_000;

/** What `leaks: default` says. */
const DEFAULT_LEAKS: ReplyLeaks = {
  classes: { secrets: 'refuse', privateKeys: 'refuse', cards: 'mask' },
  allow: [],
  fields: {},
  own: {},
};

const action = z.enum(LEAK_ACTIONS, { error: ({ input }) => oneOf(input, LEAK_ACTIONS) });
const fieldAction = z.enum(FIELD_ACTIONS, { error: ({ input }) => oneOf(input, FIELD_ACTIONS) });

/** What each class holds, in words of the schema. */
const CLASS_WORDS: Readonly<Record<LeakClass, string>> = {
  secrets: 'Keys, tokens and passwords by the forms in which they are given out.',
  privateKeys: 'Private keys of PEM, OpenPGP, PuTTY and age.',
  cards: 'Numbers of payment cards, by their issuers and check digits.',
  iban: 'International bank account numbers, with their check digits.',
  tokens: 'JSON Web Tokens.',
  signedUrls: 'Signatures in URLs of AWS, Azure and Google, which open what they lead to.',
  emails: 'Addresses of mail.',
  phones: 'Numbers of telephones as they are written between countries: +49 30 1234567.',
  ssn: 'Social security numbers of the United States, as 123-45-6789.',
};

const classKeys = Object.fromEntries(
  LEAK_CLASSES.map((name) => [name, action.optional().meta({ description: CLASS_WORDS[name] })]),
) as Record<LeakClass, z.ZodOptional<typeof action>>;

const ownClass = z.strictObject({
  pattern: parsed(readPattern).meta({
    title: 'pattern',
    description: 'A regular expression of JavaScript; a text or number of JSON that it matches is of this class.',
  }),
  action: action.prefault('mask').meta({ description: 'What becomes of it.' }),
});

const ownName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9-]{0,39}$/, {
    error: words('a class has a name of letters, digits and `-`, a small letter first, 40 characters at most'),
    abort: true,
  })
  .refine((name) => !(LEAK_CLASSES as readonly string[]).includes(name) && name !== 'fields' && !(name in {}), {
    error: words('there is such a class already', 'give it another name'),
  });

const rules = z
  .strictObject({
    ...classKeys,
    allow: uniqueList(parsed(readForm).meta({ title: 'form' }), { least: 1, most: FORMS_LIMIT, what: 'form' })
      .optional()
      .meta({ description: 'Forms of these classes that may leave, such as google-api-key.' }),
    fields: z
      .record(parsed(readPath), fieldAction)
      .refine((fields) => Object.keys(fields).length <= FIELDS_LIMIT, { error: `at most ${FIELDS_LIMIT} fields` })
      .optional()
      .meta({
        description:
          'What becomes of fields of JSON, by JSON Pointer, in which `*` stands for any name and any element: `/items/*/ssn: drop`. `pass`: it is not looked into.',
      }),
    classes: z
      .record(ownName, ownClass)
      .refine((classes) => Object.keys(classes).length <= OWN_LIMIT, { error: `at most ${OWN_LIMIT} classes` })
      .optional()
      .meta({ description: 'Classes of your own.' }),
  })
  .refine((said) => Object.keys(said).some((key) => key !== 'allow'), {
    error: words('nothing is looked for', 'write leaks: default, or name a class such as cards: mask'),
  });

const FORM = words('expected default, off, or what becomes of each class', 'such as { secrets: refuse, cards: mask }');

const leaks = z.union([z.enum(['default', 'off']), rules], { error: FORM });

/** The key of an API. */
export const leakKeys = {
  leaks: leaks.optional().meta({
    description:
      'What must not leave in replies, and what becomes of it: `mask`, `drop`, `refuse` or `report`. `default`: secrets and private keys are refused, cards masked. Nothing is looked for where nothing is said.',
  }),
};

/** The key of an operation. */
export const operationLeakKeys = {
  leaks: leaks
    .optional()
    .meta({ description: 'As `leaks` of the API, where it differs; it takes the place of all of it.' }),
};

/** What an API says; null where nothing is looked for. */
export function toLeaks(raw: z.output<typeof leaks> | undefined): ReplyLeaks | null {
  const read = toOwnLeaks(raw);
  return read === 'off' ? null : read;
}

/** What an operation says; null where it says nothing. */
export function toOwnLeaks(raw: z.output<typeof leaks> | undefined): ReplyLeaks | 'off' | null {
  if (raw === undefined) return null;
  if (raw === 'off') return 'off';
  if (raw === 'default') return DEFAULT_LEAKS;
  const { allow = [], fields = {}, classes: own = {}, ...said } = raw;
  const classes: Partial<Record<LeakClass, LeakAction>> = {};
  for (const name of LEAK_CLASSES) if (said[name] !== undefined) classes[name] = said[name];
  return { classes, allow, fields, own };
}

/** A word on replies that are messages of gRPC: they are not looked into. */
export function leakIssues(api: ApiConfig, places: Readonly<Record<string, Place>>): Issue[] {
  if (api.source.kind !== 'descriptors') return [];
  return [api, ...Object.values(api.operations)].flatMap(({ path, leaks }) => {
    if (leaks === null) return [];
    const at = `${path}.leaks`;
    const place = placeAt(places, at);
    return [errorIssue(at, 'messages of gRPC are not looked into', { place, fix: 'take this key away' })];
  });
}

function oneOf(input: unknown, actions: readonly string[]): string {
  const fix = typeof input === 'string' ? didYouMean(input, actions) : undefined;
  return words(
    `must be ${actions.slice(0, -1).join(', ')} or ${actions.at(-1) ?? ''}`,
    fix ?? `such as ${actions[0] ?? ''}`,
  );
}

function readForm(name: string): Result<string, string> {
  return FORM_NAMES.has(name) ? ok(name) : err(words('there is no such form', didYouMean(name, FORM_NAMES)));
}

function readPath(path: string): Result<string, string> {
  if (path.length <= 1_000 && readFieldPath(path) !== null) return ok(path);
  return err(words('a field is named by a JSON Pointer', 'such as /customer/ssn, or /items/*/card'));
}

function readPattern(text: string): Result<string, string> {
  if (text.length > PATTERN_LIMIT) return err(`is longer than ${PATTERN_LIMIT} characters`);
  const read = compilePattern(text);
  if (!read.ok) return err(words(`this pattern ${read.error.message}`, read.error.fix));
  return read.value.matches('')
    ? err(words('this pattern matches the empty text, and so every text', 'anchor it by ^ and $'))
    : ok(text);
}
