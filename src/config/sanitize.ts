import { z } from 'zod';
import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import {
  ALLOWABLE_ATTRIBUTES,
  ALLOWABLE_TAGS,
  PLAIN_ACTIONS,
  type SanitizeConfig,
  type TextAction,
} from '../policy/index.ts';
import type { ApiConfig, OperationConfig, PolicyMode } from './config.ts';
import { placeAt } from './place-at.ts';
import { sanitizeMode, sanitizeRules, type SanitizeUse } from './sanitize-rules.ts';
import { listOf, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** More places than anybody names; each is held against every member of a body. */
const PLACES_LIMIT = 64;
/** As deep as any body is read. */
const DEPTH_LIMIT = 64;

const ACTIONS = [...PLAIN_ACTIONS, 'html'] as const;
const ACTION_FORM = `write ${ACTIONS.join(', ')}, or html with what it may hold`;

const tag = z.string().superRefine((name, context) => {
  if (ALLOWABLE_TAGS.has(name)) return;
  const message = words('this element is none that can be allowed', didYouMean(name, [...ALLOWABLE_TAGS]) ?? SAFE_TAGS);
  context.addIssue({ code: 'custom', message });
});

const SAFE_TAGS =
  'elements of text, lists, tables and pictures can be; none that holds scripts, styles, forms or frames';

const attribute = z.string().superRefine((name, context) => {
  if (ALLOWABLE_ATTRIBUTES.has(name)) return;
  const meant = didYouMean(name, [...ALLOWABLE_ATTRIBUTES]);
  context.addIssue({
    code: 'custom',
    message: words('this attribute is none that can be allowed', meant ?? SAFE_NAMES),
  });
});

const SAFE_NAMES = `there is: ${[...ALLOWABLE_ATTRIBUTES].join(', ')}`;

const elements = z
  .strictObject({
    tags: uniqueList(tag, { least: 1, most: 100, what: 'element' }).meta({
      description: 'Elements that stay, by name. Of others only the text in them does.',
    }),
    attributes: z
      .record(z.string(), uniqueList(attribute, { least: 1, most: 30, what: 'attribute' }))
      .optional()
      .meta({
        title: 'element: attributes',
        description: 'Attributes that stay, by element; `*` stands for all of them.',
      }),
  })
  .superRefine(({ tags, attributes = {} }, context) => {
    for (const name of Object.keys(attributes)) {
      if (name === '*' || tags.includes(name)) continue;
      const message = words('this element does not stay itself', 'name it below `tags` too');
      context.addIssue({ code: 'custom', message, path: ['attributes', name] });
    }
  });

const html = z
  .strictObject({
    html: z.union([z.enum(['text', 'basic']), elements], {
      error: words(
        'expected text, basic, or what stays',
        'write basic for formatting and links, or text for no elements',
      ),
    }),
  })
  .meta({
    description: 'HTML that holds nothing but what is said here: `text` no elements, `basic` formatting and links.',
  });

const action = z.union([z.enum(ACTIONS), html], {
  error: ({ input }) =>
    words(
      'this is nothing that is done to a text',
      typeof input === 'string' ? didYouMean(input, ACTIONS) : ACTION_FORM,
    ),
});

const actions = z
  .union(
    [
      action,
      uniqueList(action, {
        least: 1,
        most: ACTIONS.length,
        what: 'action',
        nameOf: (each) => (typeof each === 'string' ? each : 'html'),
      }),
    ],
    {
      error: words('expected what is done to the text, or a list of that', ACTION_FORM),
    },
  )
  .meta({ title: 'actions' });

const pointer = z.string().superRefine((text, context) => {
  const fault = pointerFault(text);
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
});

function pointerFault(text: string): string | null {
  if (text !== '' && !text.startsWith('/')) {
    return words('a place in a body is a JSON Pointer', 'such as /comment, or /items/*/note; "" for all texts');
  }
  if (/~(?![01])/.test(text))
    return words('a JSON Pointer has `~` only in ~0 and ~1', 'write ~0 for `~` and ~1 for `/`');
  return text.split('/').length - 1 > DEPTH_LIMIT ? 'this is deeper than any body is read' : null;
}

const parameter = z
  .string()
  .min(1, { error: 'a parameter has a name' })
  .max(256, { error: 'this name is too long for a parameter' })
  .refine((name) => !/[[;]/.test(name) && name === name.trimStart(), {
    error: words('a parameter is named without brackets', '`tags` stands for `tags[]` and `tags[0]` too'),
  });

function places(key: z.ZodString, title: string, description: string) {
  return z
    .record(key, actions)
    .refine((all) => Object.keys(all).length <= PLACES_LIMIT, { error: `at most ${PLACES_LIMIT} of them are read` })
    .optional()
    .meta({ title, description });
}

const rules = z
  .strictObject({
    mode: z.enum(['enforce', 'observe']).optional().meta({
      description: '`observe` only records what would have been cleaned or refused.',
    }),
    body: places(
      pointer,
      'place: actions',
      'Texts of the body, by JSON Pointer with `*` for any name or index: the text there, and all below it. Fields of forms are called as JSON calls them.',
    ),
    query: places(parameter, 'name: actions', 'Parameters of the query, by name.'),
  })
  .superRefine(({ mode, body, query }, context) => {
    if (mode !== undefined || body !== undefined || query !== undefined) return;
    context.addIssue({ code: 'custom', message: words('nothing is cleaned here', 'take the key away') });
  });

/** The key of an API. */
export const sanitizeKeys = {
  sanitize: rules.optional().meta({
    description:
      'Texts of requests that are cleaned before anything else reads them: `nfc`, `single-line`, `control`, `bidi`, `invisible`, `html` and `trim`.',
  }),
};

/** The key of an operation. */
export const operationSanitizeKeys = {
  sanitize: z
    .union([z.literal('off'), rules])
    .optional()
    .meta({
      description:
        'What is cleaned here besides; the same place or name is cleaned as is said here. `off`: nothing is.',
    }),
};

type RawRules = z.output<typeof rules>;

/** Null where nothing is said. */
export function toSanitize(raw: RawRules | undefined): SanitizeUse | null;
export function toSanitize(raw: RawRules | 'off' | undefined): SanitizeUse | 'off' | null;
export function toSanitize(raw: RawRules | 'off' | undefined): SanitizeUse | 'off' | null {
  if (raw === undefined || raw === 'off') return raw ?? null;
  return { mode: raw.mode ?? null, rules: { body: toPlaces(raw.body), query: toPlaces(raw.query) } };
}

function toPlaces(raw: RawRules['body']): Record<string, readonly TextAction[]> {
  return Object.fromEntries(Object.entries(raw ?? {}).map(([place, said]) => [place, listOf(said).map(toAction)]));
}

function toAction(raw: z.output<typeof action>): TextAction {
  if (raw === 'html') return { html: 'basic' };
  if (typeof raw === 'string') return raw;
  if (typeof raw.html === 'string') return { html: raw.html };
  return { html: { tags: raw.html.tags, attributes: raw.html.attributes ?? {} } };
}

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What the kind `sanitize` is told, and how it holds; null where nothing is cleaned. */
export function sanitizePolicy(
  api: ApiConfig,
  operations: Operations,
): {
  readonly config: SanitizeConfig;
  readonly mode: PolicyMode;
  readonly modes: Record<string, PolicyMode>;
  readonly path: string;
} | null {
  const said = operations.filter(([, { sanitize }]) => sanitize !== null);
  const owner = api.sanitize !== null ? api.path : said.find(([, { sanitize }]) => sanitize !== 'off')?.[1].path;
  if (owner === undefined) return null;
  const path = `${owner}.sanitize`;
  const own = said.map(([name, { sanitize }]) => [name, sanitizeRules(api.sanitize, sanitize)] as const);
  const modes = said.map(([name, { sanitize }]) => [name, sanitizeMode(api.sanitize, sanitize)] as const);
  return {
    config: { api: api.sanitize?.rules ?? null, operations: Object.fromEntries(own), keyPath: path },
    mode: sanitizeMode(api.sanitize, null),
    modes: Object.fromEntries(modes),
    path,
  };
}

/** A word on APIs whose messages nobody cleans. */
export function sanitizeIssues(api: ApiConfig, placed: Readonly<Record<string, Place>>): Issue[] {
  if (api.source.kind !== 'descriptors') return [];
  return [api, ...Object.values(api.operations)].flatMap(({ sanitize, path }) => {
    if (sanitize === null) return [];
    const at = `${path}.sanitize`;
    return [
      errorIssue(at, 'messages of gRPC are not cleaned', { place: placeAt(placed, at), fix: 'take this key away' }),
    ];
  });
}
