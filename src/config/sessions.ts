import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { IssuerConfig } from '../policy/index.ts';
import type { SessionsConfig } from './config.ts';
import type { issuersSchema } from './issuers.ts';
import { toLogin } from './logins.ts';
import { duration, parsed } from './scalars.ts';
import { words } from './words.ts';

const PATH_LIMIT = 1_024;

/** The keys of `sessions`. */
export const sessionsSchema = z
  .strictObject({
    idle: duration('30m', { from: '1m', to: '30d' }, 'A session that is not used for so long ends.'),
    absolute: duration('12h', { from: '5m', to: '90d' }, 'A session ends so long after it has begun in any case.'),
    afterLogout: parsed(readPath).prefault('/.portcullis/logout').meta({
      title: 'path',
      description:
        'Where browsers go after they have signed out, on the host that they signed out at. Unless said otherwise a page of the gateway, which says so.',
    }),
    csrf: z.enum(['token', 'origin']).prefault('token').meta({
      description:
        '`token`: what changes something must come of a page of the host, and bear the session’s token in `x-portcullis-csrf`. `origin`: the first is enough, as forms without scripts need it.',
    }),
  })
  .refine(({ idle, absolute }) => idle <= absolute, {
    error: words('`idle` is longer than `absolute`, and would never count', 'write a shorter `idle`'),
  })
  .prefault({})
  .meta({ description: 'How long people stay signed in, who sign in with an issuer that has a `login`.' });

/** What holds of sessions, and who people sign in with, in the order of the file. */
export function toSessions(
  raw: z.output<typeof sessionsSchema>,
  issuers: readonly IssuerConfig[],
  rawIssuers: z.output<typeof issuersSchema>,
): SessionsConfig {
  const providers = issuers.flatMap((issuer) => toLogin(rawIssuers[issuer.name]?.login, issuer) ?? []);
  return { idleMs: raw.idle, absoluteMs: raw.absolute, afterLogout: raw.afterLogout, csrf: raw.csrf, providers };
}

function readPath(value: string): Result<string, string> {
  if (!/^\/(?![/\\])[\x21\x23-\x5b\x5d-\x7e]*$/.test(value)) {
    return err(words('is a path of this host, in plain ASCII', 'such as / or /signed-out'));
  }
  return value.length > PATH_LIMIT ? err(`has more than ${PATH_LIMIT} characters`) : ok(value);
}
