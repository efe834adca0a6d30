import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { OwnerLookup, OwnerPlace } from '../policy/index.ts';
import { headerName } from './header-name.ts';
import { absolute } from './path.ts';
import { duration, parsed, path } from './scalars.ts';
import { secretTemplate } from './secret-template.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { isClear } from './web-url.ts';
import { words } from './words.ts';
import { fieldNameFault } from './written-text.ts';

const LENGTH_LIMIT = 2_048;
const PLACES = 'it can name {params.NAME}, {request.query.NAME}, {request.body.NAME} and {principal.tenant}';
const FORM = 'such as https://owners.example/orders/{params.orderId}';

/** The key `lookup` of `object`. */
export const ownerLookupSchema = z
  .strictObject({
    url: parsed(readUrl).meta({
      title: 'URL',
      description: `Where it is asked, by GET. What differs from request to request stands in braces in path or query: ${PLACES}.`,
    }),
    secret: z
      .strictObject({
        header: headerName('The header field that it is written into.').refine(
          (name) => !['accept', 'accept-encoding'].includes(name) && fieldNameFault(name, 'requests') === null,
          { error: words('only the gateway itself writes this field', 'such as authorization or x-api-key') },
        ),
        value: secretTemplate,
      })
      .optional()
      .meta({ description: 'What the gateway shows to the service.' }),
    cache: duration('5s', { from: '0s', to: '5m' }, 'How long an answer counts.'),
    timeout: duration('2s', { from: '100ms', to: '4s' }, 'How long one answer may take.'),
    ca: path('The CAs that vouch for its certificate, PEM, instead of those of the system.').optional(),
  })
  .refine(({ url, secret }) => secret === undefined || !isClear(url.url), {
    path: ['secret'],
    error: words('over plain http everybody on the way reads it', 'use https'),
  })
  .meta({ description: 'A service that is asked whose an object is; the condition names its answer as `owner`.' });

type Raw = z.output<typeof ownerLookupSchema>;

/** Makes paths absolute; `file` is the configuration file. */
export function toOwnerLookup(
  { url, secret, cache, timeout, ca }: Raw,
  { path: at, file }: { readonly path: string; readonly file: string },
): OwnerLookup {
  return {
    ...url,
    secret: secret === undefined ? null : { field: secret.header, ...secret.value },
    cacheMs: cache,
    timeoutMs: timeout,
    caFile: ca === undefined ? null : absolute(ca, file),
    path: at,
  };
}

function readUrl(text: string): Result<Pick<OwnerLookup, 'url' | 'pieces'>, string> {
  if (text.length > LENGTH_LIMIT) return err(`a URL here has at most ${LENGTH_LIMIT} characters`);
  const [, origin = '', inPath = '', inQuery = ''] = /^([^/]*\/\/[^/?#]*)(\/[^?#]*)(\?[^#]*)?$/.exec(text) ?? [];
  const start = parseUpstreamUrl(origin);
  if (!start.ok) return err(origin === '' ? words('this is no URL with a path', FORM) : start.error);
  const pieces: (string | OwnerPlace)[] = [origin];
  for (const [part, said] of [
    ['path', inPath],
    ['query', inQuery],
  ] as const) {
    for (const piece of said.split(/(\{[^{}]*\})/).filter((each) => each !== '')) {
      const read = readPiece(piece, part);
      if (!read.ok) return read;
      const last = pieces.at(-1);
      if (typeof read.value === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + read.value;
      else pieces.push(read.value);
    }
  }
  if (pieces.length === 1)
    return err(words('this URL names nothing of a request, so all would be the same object’s', FORM));
  // What is checked when it is asked is that no URL has another form than the one it was written in.
  const sample = pieces.map((piece) => (typeof piece === 'string' ? piece : 'x')).join('');
  return URL.parse(sample)?.href === sample
    ? ok({ url: text, pieces })
    : err(words('this URL is not in its plainest form', FORM));
}

function readPiece(piece: string, part: OwnerPlace['part']): Result<string | OwnerPlace, string> {
  if (piece.startsWith('{')) {
    const names = piece.slice(1, -1).split('.');
    const isName = names.length > 1 && names.length <= 16 && names.every((name) => /^[A-Za-z0-9_-]{1,128}$/.test(name));
    return isName ? ok({ names, part }) : err(words('these braces name nothing of a request', PLACES));
  }
  const plain = part === 'path' ? /^[A-Za-z0-9._~!$&()*+,=:@/-]*$/ : /^[A-Za-z0-9._~!$&()*+,=:@/?-]*$/;
  return plain.test(piece) ? ok(piece) : err(words('this URL holds what must be encoded, or a brace of its own', FORM));
}
