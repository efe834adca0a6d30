import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { CorsRules } from '../policy/index.ts';
import { headerName } from './header-name.ts';
import { parseMethod } from './routes.ts';
import { duration, listOf, parsed, uniqueList } from './scalars.ts';
import { readOriginPattern } from './web-origin.ts';
import { words } from './words.ts';

const ORIGIN_LIMIT = 100;
const NAME_LIMIT = 100;
/** They go out in one field, with those of the gateway's own, and a field may hold twice as much. */
const LIST_LIMIT_CHARACTERS = 4_096;

/** Fields that browsers let no page write or read (Fetch Standard, forbidden request- and response-header names). */
const UNWRITABLE =
  /^(?:accept-charset|accept-encoding|access-control-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/;
const UNREADABLE = /^set-cookie2?$/;

const origin = parsed(readCorsOrigin, words('an origin is text', 'such as https://app.acme.example')).meta({
  title: 'origin',
  description: 'Such as https://app.acme.example, or https://*.acme.example for one label in the place of the `*`.',
});

const details = z
  .strictObject({
    origins: z
      .union([z.literal('*'), uniqueList(origin, { least: 1, most: ORIGIN_LIMIT, what: 'origin' })], {
        error: words('expected a list of origins', 'such as [https://app.acme.example]; `*` is every page there is'),
      })
      .meta({
        description:
          'Whose pages may call the API and read its replies: origins as browsers write them, `null` for pages that have none, or `*` for all.',
      }),
    methods: uniqueList(parsed((value) => parseMethod(value)).meta({ title: 'method' }), {
      least: 1,
      most: NAME_LIMIT,
      what: 'method',
    })
      .optional()
      .meta({ description: 'What pages may call of the methods that a path has. Without it all of them.' }),
    headers: names('Fields that pages may send besides those that an operation describes.', UNWRITABLE, 'send'),
    expose: names('Fields of replies that pages may read besides those of the gateway.', UNREADABLE, 'read'),
    credentials: z.boolean({ error: 'expected true or false' }).prefault(false).meta({
      description: 'Whether browsers send cookies and client certificates along, and pages may read such replies.',
    }),
    maxAge: duration(
      '10m',
      { from: '0s', to: '24h' },
      'How long browsers go by the answer to a preflight. They have bounds of their own.',
    ),
    privateNetwork: z.boolean({ error: 'expected true or false' }).prefault(false).meta({
      description: 'Whether pages of the public internet may call where the gateway has a private address.',
    }),
  })
  .superRefine(({ origins, credentials }, context) => {
    if (!credentials) return;
    for (const [index, each] of listOf<string>(origins).entries()) {
      if (each !== '*' && each !== 'null') continue;
      const message = words(
        `with credentials \`${each}\` would let any page act as whoever looks at it`,
        'list the origins, or take `credentials` away',
      );
      context.addIssue({ code: 'custom', path: origins === '*' ? ['origins'] : ['origins', index], message });
    }
  });

/** The key `cors` of an API. */
export const corsSchema = z
  .union([z.literal('off'), details], {
    error: words('expected off, or which origins may call', 'such as cors: { origins: [https://app.acme.example] }'),
  })
  .optional()
  .meta({
    description:
      'Which pages of other origins may call the API. Without it the upstream’s own word passes; `off` takes that away.',
  });

/** Null where nothing is said. */
export function toCors(raw: z.output<typeof corsSchema>): CorsRules | 'off' | null {
  if (raw === undefined) return null;
  if (raw === 'off') return raw;
  const { origins, methods, headers, expose, credentials, maxAge, privateNetwork } = raw;
  return {
    origins: origins === '*' ? 'any' : origins,
    methods: methods ?? null,
    headers: headers ?? [],
    expose: expose ?? [],
    credentials,
    maxAgeMs: maxAge,
    privateNetwork,
  };
}

function names(description: string, forbidden: RegExp, verb: 'send' | 'read') {
  const named = headerName('').refine((value) => value !== '*', {
    error: words('`*` is not taken', 'name each field'),
    abort: true,
  });
  const name = named.refine((value) => !forbidden.test(value), {
    error: words(`browsers let no page ${verb} this field`, 'take it away'),
  });
  return uniqueList(name.meta({ title: 'header field' }), { least: 1, most: NAME_LIMIT, what: 'field' })
    .refine((list) => list.join(', ').length <= LIST_LIMIT_CHARACTERS, {
      error: words(`these names are longer than ${LIST_LIMIT_CHARACTERS} characters together`, 'leave some out'),
    })
    .optional()
    .meta({ description });
}

function readCorsOrigin(text: string): Result<string, string> {
  if (text === 'null') return ok(text);
  if (text === '*') return err(words('`*` stands alone', "write origins: '*'"));
  return readOriginPattern(text);
}
