import { z } from 'zod';
import { BANNERS, didYouMean, err, ok, type Result } from '../base/index.ts';
import type { OutputConfig } from './output-config.ts';
import { parsed, uniqueList } from './scalars.ts';
import { securityHeadersSchema, toSecurityHeaders } from './security-headers.ts';
import { readWebOrigin } from './web-origin.ts';
import { words } from './words.ts';

const NAMES_LIMIT = 100;

const fieldName = parsed(readFieldName).meta({ title: 'header name' });
const banner = parsed(readBanner).meta({ title: 'header name' });
const cookieName = parsed(readCookieName).meta({ title: 'cookie name' });
const destination = parsed(readDestination).meta({
  title: 'origin or scheme',
  description: 'Such as https://id.acme.example, or acme-app: for links into an app.',
});

const banners = z
  .strictObject({
    also: uniqueList(fieldName, { least: 1, most: NAMES_LIMIT, what: 'header' })
      .optional()
      .meta({ description: 'Other headers that are taken out besides.' }),
    keep: uniqueList(banner, { least: 1, most: NAMES_LIMIT, what: 'header' })
      .optional()
      .meta({ description: 'Those of the table that clients get all the same.' }),
  })
  .superRefine(({ also = [], keep = [] }, context) => {
    const message = words('`also` takes this header out', 'keep one of both');
    for (const [index, name] of keep.entries())
      if (also.includes(name)) context.addIssue({ code: 'custom', path: ['keep', index], message });
  });

const cookies = z.strictObject({
  readable: uniqueList(cookieName, { least: 1, most: NAMES_LIMIT, what: 'cookie' })
    .optional()
    .meta({ description: 'Cookies that scripts of a page must read, such as XSRF-TOKEN: they get no HttpOnly.' }),
  crossSite: uniqueList(cookieName, { least: 1, most: NAMES_LIMIT, what: 'cookie' })
    .optional()
    .meta({ description: 'Cookies that pages of other sites must send: they get SameSite=None in place of Lax.' }),
});

const locations = z.strictObject({
  allow: uniqueList(destination, { least: 1, most: NAMES_LIMIT, what: 'destination' }).meta({
    description: 'Where else redirects may lead. A reply that leads anywhere else is 502.',
  }),
});

/** The keys of an API that say what its replies are cleaned of. */
export const outputKeys = {
  securityHeaders: securityHeadersSchema,
  banners: z
    .union([z.enum(['remove', 'pass']), banners], {
      error: words('expected remove, pass, or lists of headers', 'such as { also: [x-node-name] }'),
    })
    .prefault('remove')
    .meta({ description: 'Whether headers that tell what software runs behind the gateway are taken out of replies.' }),
  cookies: z
    .union([z.enum(['harden', 'pass']), cookies], {
      error: words('expected harden, pass, or lists of cookies', 'such as { readable: [XSRF-TOKEN] }'),
    })
    .prefault('harden')
    .meta({
      description:
        'Whether cookies of replies get HttpOnly, Secure and SameSite=Lax where they lack them, and unsound ones are taken out.',
    }),
  locations: z
    .union([z.enum(['rewrite', 'pass']), locations], {
      error: words(
        'expected rewrite, pass, or where redirects may lead',
        'such as { allow: [https://id.acme.example] }',
      ),
    })
    .prefault('rewrite')
    .meta({
      description:
        'Whether addresses of the upstream in `Location`, `Content-Location`, `Link` and `Refresh` become public ones, and ambiguous redirects are refused.',
    }),
  encode: z.enum(['on', 'off']).prefault('on').meta({
    description: 'Whether JSON that a browser would read as a page is encoded so that nothing in it runs.',
  }),
};

/** What `outputKeys` leave. */
type RawOutput = { readonly [Key in keyof typeof outputKeys]: z.output<(typeof outputKeys)[Key]> };

/** What the replies of an API are cleaned of. */
export function toOutput(raw: RawOutput): OutputConfig {
  const { banners: marks, cookies: named, locations: led } = raw;
  const lists = typeof marks === 'string' ? {} : marks;
  const exceptions = typeof named === 'string' ? {} : named;
  return {
    securityHeaders: toSecurityHeaders(raw.securityHeaders),
    banners: { pass: marks === 'pass', also: lists.also ?? [], keep: lists.keep ?? [] },
    cookies: named === 'pass' ? null : { readable: exceptions.readable ?? [], crossSite: exceptions.crossSite ?? [] },
    locations: led === 'pass' ? null : { allow: led === 'rewrite' ? null : led.allow },
    encode: raw.encode === 'on',
  };
}

/** Framing, and what the gateway itself says, is nothing to take out or to keep. */
const NO_BANNERS =
  /^(?:content-(?:length|type|encoding)|transfer-encoding|connection|date|set-cookie|location|x-request-id)$/;

function readFieldName(text: string): Result<string, string> {
  const name = text.toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) return err('this is no name of a header');
  return NO_BANNERS.test(name) ? err('this header says nothing of software: it belongs to the reply') : ok(name);
}

function readBanner(text: string): Result<string, string> {
  const name = text.toLowerCase();
  return BANNERS.has(name)
    ? ok(name)
    : err(words('this header is not taken out as a banner', didYouMean(name, BANNERS)));
}

function readCookieName(text: string): Result<string, string> {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z[\]-]{1,256}$/.test(text) ? ok(text) : err('this is no name of a cookie');
}

/** Schemes that run what they name, or read what lies on the client's machine. */
const NEVER = /^(?:javascript|vbscript|data|file|blob|about|view-source|filesystem):$/;

function readDestination(text: string): Result<string, string> {
  const form = words(
    'a destination is an origin, or the scheme of an app',
    'such as https://id.acme.example or acme-app:',
  );
  if (/^[a-z][a-z0-9+.-]*:$/.test(text)) {
    if (/^https?:$/.test(text)) return err(form);
    return NEVER.test(text) ? err('nothing may lead there: it would run in the page, or read files') : ok(text);
  }
  return /^https?:\/\/[^/?#]+$/.test(text) ? readWebOrigin(text) : err(form);
}
