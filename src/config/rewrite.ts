import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import type { FieldEdits, NamedText, PathText, QueryEdits, RewriteRules, WrittenText } from '../policy/index.ts';
import { readHost } from './host-name.ts';
import { listOf, parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';
import { fieldNameFault, readWrittenText } from './written-text.ts';

/** More fields or parameters than anybody changes; each costs every request. */
const EDIT_LIMIT = 64;
const TEXT_FORM = words('expected text, which may name what is of the request', 'such as a1, or {params.id}');

const text = parsed(readWrittenText, TEXT_FORM).meta({
  title: 'text',
  description: 'A text, which may name `{params.NAME}`, `{request.id}`, `{request.host}` or `{principal.subject}`.',
});
const texts = z.union([text, uniqueList(text, { least: 1, most: 8, what: 'value', nameOf: (value) => value.text })], {
  error: words('expected text, or a list of texts', 'such as a1'),
});

const parameterName = z
  .string()
  .min(1, { error: 'a parameter has a name' })
  .max(256, { error: 'this name is too long for a parameter' })
  .refine((name) => !/[\x00-\x1f\x7f]/.test(name) && name.isWellFormed(), { error: 'this is no name of a parameter' })
  // Frameworks take it for the method, in several spellings: the request would do another than the one that was judged.
  .refine((name) => !/^ *[._[]method/i.test(name), {
    error: words('some servers read this parameter as the method', 'give it another name'),
  })
  .meta({ title: 'name', description: 'The name of a parameter, decoded.' });

const query = z
  .strictObject({
    remove: uniqueList(parameterName, { least: 1, most: EDIT_LIMIT, what: 'parameter' })
      .optional()
      .meta({ description: 'Parameters that are taken out, by their decoded names.' }),
    rename: z
      .record(parameterName, parameterName)
      .optional()
      .meta({ title: 'old: new', description: 'Parameters that get another name.' }),
    set: z.record(parameterName, text).optional().meta({
      title: 'name: text',
      description: 'Parameters that are set, whatever the client sent under that name.',
    }),
  })
  .superRefine((value, context) => {
    const names = [...(value.remove ?? []), ...Object.keys(value.set ?? {}), ...Object.keys(value.rename ?? {})];
    complainOfRepeated(names, context);
  })
  .meta({ description: 'What happens to the parameters of the query.' });

/** The keys of header edits on one side. */
function fields(side: 'requests' | 'replies', description: string) {
  const name = z
    .string()
    .superRefine((value, context) => {
      const fault = fieldNameFault(value, side);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .meta({ title: 'name' });
  return z
    .strictObject({
      remove: uniqueList(name, { least: 1, most: EDIT_LIMIT, what: 'field', nameOf: (each) => each.toLowerCase() })
        .optional()
        .meta({ description: 'Fields that are taken out.' }),
      set: z.record(name, text).optional().meta({
        title: 'name: text',
        description: 'Fields that are set, whatever stood there under that name.',
      }),
      add: z.record(name, texts).optional().meta({
        title: 'name: text',
        description: 'Fields that are added beside those that stand there: a text, or a list of them.',
      }),
    })
    .superRefine((value, context) => {
      complainOfRepeated([...(value.remove ?? []), ...Object.keys(value.set ?? {})].map(lower), context);
      complainOfRepeated(Object.keys(value.add ?? {}).map(lower), context);
      if (side === 'requests') complainOfBorrowedNames(value, context);
    })
    .meta({ description });
}

function lower(name: string): string {
  return name.toLowerCase();
}

interface AddedFields {
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  readonly add?: Readonly<Record<string, WrittenText | readonly WrittenText[]>> | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** What a client sends under the name of a field that says who calls would pass for what the gateway says. */
function complainOfBorrowedNames(edits: AddedFields, context: z.core.$RefinementCtx): void {
  const cleared = new Set([...(edits.remove ?? []), ...Object.keys(edits.set ?? {})].map(lower));
  for (const [name, values] of Object.entries(edits.add ?? {})) {
    if (cleared.has(lower(name)) || !listOf<WrittenText>(values).some(namesCaller)) continue;
    const message = words('what a client sends under this name would stand beside who calls', 'write it below `set`');
    context.addIssue({ code: 'custom', message, path: ['add', name] });
  }
}

function namesCaller({ pieces }: WrittenText): boolean {
  return pieces.some((piece) => typeof piece !== 'string' && piece.kind === 'principal-subject');
}

function complainOfRepeated(names: readonly string[], context: z.core.$RefinementCtx): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    context.addIssue({
      code: 'custom',
      message: words(`${JSON.stringify(twice)} stands here twice`, 'keep one of them'),
    });
  if (names.length > EDIT_LIMIT)
    context.addIssue({ code: 'custom', message: `at most ${EDIT_LIMIT} of them are read` });
}

const common = {
  host: parsed(readRewrittenHost).optional().meta({
    title: 'host',
    description:
      'What the upstream hears as Host instead of its own name: a host, perhaps with a port, or `{request.host}`, the one that the client named.',
  }),
  query: query.optional(),
  request: fields('requests', 'What happens to the header fields of the request.').optional(),
  response: fields('replies', 'What happens to the header fields of every reply, whoever gave it.').optional(),
};

const ofApi = z.strictObject(common).superRefine(complainOfNothing);

const ofOperation = z
  .strictObject({
    path: parsed(readPath).optional().meta({
      title: '/template',
      description:
        'The path that the upstream gets, behind the prefix of its URL, with parameters of the operation: `/users/{id}`, `/files/{rest...}`.',
    }),
    ...common,
  })
  .superRefine(complainOfNothing);

/** The key `rewrite` of an API. */
export const apiRewriteSchema = ofApi.optional().meta({
  description: 'What of requests and replies is changed on the way, for all operations.',
});

/** The key `rewrite` of an operation. */
export const operationRewriteSchema = ofOperation.optional().meta({
  description: 'What of requests and replies is changed on the way; each part takes the place of the API’s.',
});

function complainOfNothing(value: object, context: z.core.$RefinementCtx): void {
  if (Object.keys(value).length === 0)
    context.addIssue({ code: 'custom', message: words('nothing is rewritten here', 'take the key away') });
}

function readPath(value: string): Result<PathText, string> {
  const template = parseTemplate(value);
  if (!template.ok) return err(words(`the path ${template.error}`, 'such as /users/{id}'));
  const { text: written, segments } = template.value;
  return ok({ text: written, segments });
}

function readRewrittenHost(value: string): Result<WrittenText, string> {
  if (value === '{request.host}') return ok({ text: value, pieces: [{ kind: 'request-host' }] });
  const [, host = value, port] = /^(\[[^\]]*\]|[^:]*):([0-9]*)$/.exec(value) ?? [];
  if (port !== undefined && !(/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535))
    return err('a port is a number from 1 to 65535');
  const read = readHost(host);
  return read.ok ? ok({ text: value, pieces: [value] }) : read;
}

type RawFields = z.output<ReturnType<typeof fields>>;

/** Null where nothing is rewritten. `keyPath`: where it is written. */
export function toRewrite(raw: z.output<typeof operationRewriteSchema>, keyPath: string): RewriteRules | null {
  if (raw === undefined) return null;
  return {
    path: raw.path ?? null,
    host: raw.host ?? null,
    query: raw.query === undefined ? null : toQuery(raw.query),
    request: toFields(raw.request),
    response: toFields(raw.response),
    keyPath,
  };
}

function toQuery({ set, remove, rename }: z.output<typeof query>): QueryEdits {
  return {
    set: Object.entries(set ?? {}).map(([name, value]) => ({ name, value })),
    remove: remove ?? [],
    rename: Object.entries(rename ?? {}).map(([from, to]) => ({ from, to })),
  };
}

function toFields(raw: RawFields | undefined): FieldEdits | null {
  if (raw === undefined) return null;
  const named = (record: Readonly<Record<string, WrittenText | readonly WrittenText[]>> | undefined): NamedText[] =>
    Object.entries(record ?? {}).flatMap(([name, values]) =>
      listOf<WrittenText>(values).map((value) => ({ name: lower(name), value })),
    );
  return { set: named(raw.set), add: named(raw.add), remove: (raw.remove ?? []).map(lower) };
}
