import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import {
  isFieldValue,
  type MaintenanceRules,
  percentEncoded,
  plainCharacters,
  type RedirectRules,
  type RespondRules,
} from '../policy/index.ts';
import { absolute } from './path.ts';
import { duration, parsed, path, uniqueList } from './scalars.ts';
import { addressBlocks } from './trusted-proxies.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';
import { fieldNameFault } from './written-text.ts';

const TARGET_FORM = 'write it like https://new.example/orders/{id}, or /orders/{id} on the same host';
/** A text in the configuration is for people; longer ones stand in files. */
const TEXT_LIMIT = 16_384;
/** What clients are known to follow; parameters and query come on top. */
const TARGET_LIMIT = 2_048;
const FIELD_LIMIT = 64;
const STATUS_WORDS = words('a fixed reply has a status from 200 to 299 or from 400 to 599', 'for 3xx write `redirect`');

const status = z.union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)], {
  error: words('a redirect has the status 301, 302, 307 or 308', '308 is for good and keeps the method'),
});

const target = parsed(readTarget, words('a redirect leads to a URL', TARGET_FORM)).meta({ title: 'URL' });

const redirect = z.strictObject({
  to: target.meta({
    description: 'Where to: a URL whose host is fixed, or a path on the same host; with parameters of the operation.',
  }),
  status: status.prefault(308).meta({ description: '301 and 308 are for good; 307 and 308 keep the method.' }),
  query: z.enum(['keep', 'drop']).prefault('keep').meta({ description: 'Whether the query of the request goes on.' }),
});

/** The key `redirect` of an operation. */
export const redirectSchema = z
  .union([target, redirect], { error: words('expected a URL, or a redirect with its settings', TARGET_FORM) })
  .optional()
  .meta({ description: 'Where clients are sent instead of the upstream, once the request has been judged.' });

/** Null where nobody is sent anywhere. */
export function toRedirect(raw: z.output<typeof redirectSchema>, keyPath: string): RedirectRules | null {
  if (raw === undefined) return null;
  const { to, status: code, query } = 'to' in raw ? raw : { ...redirect.omit({ to: true }).parse({}), to: raw };
  return { ...to, keepsQuery: query === 'keep', status: code, keyPath };
}

type Target = Pick<RedirectRules, 'origin' | 'path' | 'query'>;

/** What stands plainly in a query (RFC 3986 §3.4); an escape that is written stays one. */
const IN_QUERIES = plainCharacters("A-Za-z0-9._~!$&'()*+,;=:@/?%-");

/** Host and port are read as those of upstreams are: no user name, nothing that is read in two ways, no parameters. */
function readTarget(value: string): Result<Target, string> {
  if (value.length > TARGET_LIMIT) return err(`is longer than ${TARGET_LIMIT} characters`);
  if (value.includes('#')) return err('a redirect here has no fragment');
  if (/[\x00-\x20\x7f\\]/.test(value)) return err('a URL holds no spaces, backslashes or control characters');
  const [, origin = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*)?(.*)$/.exec(value) ?? [];
  if (origin !== '') {
    const url = parseUpstreamUrl(origin);
    if (!url.ok) return err(words('a redirect leads to a fixed http or https host, or to a path', TARGET_FORM));
  }
  const mark = rest.indexOf('?');
  const template = parseTemplate((mark < 0 ? rest : rest.slice(0, mark)) || (origin === '' ? '' : '/'));
  if (!template.ok) return err(words(`the path of a redirect ${template.error}`, TARGET_FORM));
  const query = mark < 0 ? null : rest.slice(mark + 1);
  if (query !== null && (/[{}]/.test(query) || percentEncoded(query, IN_QUERIES) !== query))
    return err(words('the query of a redirect is fixed text, encoded', 'that of the request follows behind it'));
  return ok({ origin, path: { text: template.value.text, segments: template.value.segments }, query });
}

const answerField = z.string().superRefine((value, context) => {
  const fault =
    value.toLowerCase() === 'content-type'
      ? words('the type of the body is not written here', 'write `contentType`')
      : fieldNameFault(value, 'answers');
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
});

const answerValue = parsed(
  (value): Result<string, string> =>
    value !== '' && /^[\x20-\x7e]*$/.test(value) && isFieldValue(value)
      ? ok(value)
      : err('this is no value of a header field: visible ASCII characters, and spaces between them'),
).meta({ title: 'text' });

const respond = z
  .strictObject({
    status: z
      .int({ error: STATUS_WORDS })
      .min(200, { error: STATUS_WORDS })
      .max(599, { error: STATUS_WORDS })
      .refine((value) => value < 300 || value >= 400, { error: STATUS_WORDS })
      .prefault(200)
      .meta({ description: 'From 200 to 299, or from 400 to 599.' }),
    headers: z.record(answerField, answerValue).optional().meta({
      title: 'name: text',
      description: 'Header fields of the reply.',
    }),
    body: z
      .string()
      .max(TEXT_LIMIT, { error: words(`is longer than ${TEXT_LIMIT} characters`, 'put it in a file: `bodyFile`') })
      .optional()
      .meta({ description: 'The body, as text.' }),
    bodyFile: path('The body, from a file of 1 MiB at most, which is read with the configuration.').optional(),
    contentType: answerValue.optional().meta({
      title: 'media type',
      description: 'The type of the body; `text/plain; charset=utf-8` for a text where nothing is said.',
    }),
  })
  .superRefine((value, context) => {
    for (const message of respondFaults(value)) context.addIssue({ code: 'custom', message });
  });

function respondFaults(value: {
  readonly status: number;
  readonly headers?: object | undefined;
  readonly body?: string | undefined;
  readonly bodyFile?: string | undefined;
  readonly contentType?: string | undefined;
}): readonly string[] {
  const { body, bodyFile, contentType, headers = {} } = value;
  const faults: string[] = [];
  if (body !== undefined && bodyFile !== undefined)
    faults.push(words('a reply has one body', 'write `body` or `bodyFile`'));
  const hasBody = body !== undefined || bodyFile !== undefined;
  if (hasBody && (value.status === 204 || value.status === 205))
    faults.push(`a reply with the status ${value.status} has no body`);
  if (!hasBody && contentType !== undefined) faults.push(words('there is no body of this type', 'write `body`'));
  if (bodyFile !== undefined && contentType === undefined)
    faults.push(words('nobody has said what the file holds', 'write `contentType`, such as application/json'));
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  if (names.length > FIELD_LIMIT) faults.push(`at most ${FIELD_LIMIT} fields are read`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) faults.push(words(`\`${twice}\` stands here twice`, 'keep one of them'));
  return faults;
}

/** The key `respond` of an operation. */
export const respondSchema = respond.optional().meta({
  description: 'What the gateway answers by itself instead of the upstream, once the request has been judged.',
});

/** Null where the upstream answers. */
export function toRespond(raw: z.output<typeof respondSchema>, file: string): RespondRules | null {
  if (raw === undefined) return null;
  const { bodyFile, body = '' } = raw;
  const type = raw.contentType ?? (raw.body === undefined ? null : 'text/plain; charset=utf-8');
  const headers = Object.entries(raw.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    status: raw.status,
    headers: type === null ? headers : [['content-type', type], ...headers],
    body: bodyFile === undefined ? { kind: 'text', text: body } : { kind: 'file', path: absolute(bodyFile, file) },
  };
}

const allow = z.strictObject({
  roles: uniqueList(parsed((value) => (value === '' ? err('a role has a name') : ok(value))).meta({ title: 'role' }), {
    least: 1,
    most: 100,
    what: 'role',
  })
    .optional()
    .meta({ description: 'Callers whose credential names one of these roles pass; so all others must sign in first.' }),
  addresses: addressBlocks().optional().meta({ description: 'Clients at these addresses pass.' }),
});

const maintenance = z.strictObject({
  on: z.boolean().prefault(true).meta({ description: 'Whether it holds now.' }),
  message: parsed(readMessage).optional().meta({ title: 'text', description: 'What clients are told.' }),
  retryAfter: duration('5m', { from: '1s', to: '7d' }, 'After how long clients are asked to come again.'),
  allow: allow.optional().meta({ description: 'Who passes all the same.' }),
});

/** The key `maintenance` of an API or an operation. */
export const maintenanceSchema = z
  .union([z.enum(['on', 'off']), maintenance], {
    error: words('expected on, off, or the settings of a maintenance', 'write maintenance: on'),
  })
  .optional()
  .meta({
    description: 'Closed for a while: requests are refused with 503 and told when to come again.',
  });

function readMessage(value: string): Result<string, string> {
  return value.trim() === '' || value.length > 500 ? err('a message has 1 to 500 characters') : ok(value);
}

/** Null where nothing is said. */
export function toMaintenance(raw: z.output<typeof maintenanceSchema>): MaintenanceRules | 'off' | null {
  if (raw === undefined) return null;
  if (raw === 'off') return 'off';
  const { on, message, retryAfter, allow: allowed } = raw === 'on' ? maintenance.parse({}) : raw;
  // Settings for another time say nothing of now.
  if (!on) return null;
  return {
    message: message ?? null,
    retryAfterMs: retryAfter,
    roles: allowed?.roles ?? [],
    addresses: allowed?.addresses ?? [],
  };
}
