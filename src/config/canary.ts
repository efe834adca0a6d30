import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { CanaryConfig } from './config.ts';
import { headerName } from './header-name.ts';
import { parsed } from './scalars.ts';
import { targetsSchema } from './targets.ts';
import { words } from './words.ts';

/** What a request says of itself: the value of one field, in one spelling. */
const when = z.strictObject({
  header: headerName('The header field.'),
  value: parsed(readValue, words('a value is text', 'put it into quotes')).meta({
    title: 'value',
    description: 'Its value, exactly.',
  }),
});

function readValue(value: string): Result<string, string> {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/.test(value)
    ? ok(value)
    : err(words('this is no value of a header field', 'visible ASCII characters, no spaces at its ends'));
}

/** A part of what is written with a `%`. */
export function percent(description: string) {
  const error = words('a percentage is a number from 0 to 100, such as 5 or 0.5');
  return z.number({ error }).min(0, { error }).max(100, { error }).meta({ description });
}

/** Targets that get a part of the callers. */
export const canarySchema = z
  .strictObject({
    targets: targetsSchema,
    percent: percent('How many of a hundred go there.').prefault(0),
    by: z
      .enum(['user', 'address', 'request'], {
        error: words('expected whom it sticks to', 'write user, address or request'),
      })
      .prefault('user')
      .meta({
        description:
          'What a share is a share of: `user`, callers, each always on the same side, and those who are unknown by their address; `address`; or `request`, each request by itself.',
      }),
    when: when.optional().meta({ description: 'Requests with this header field go there whoever sends them.' }),
  })
  .refine((raw) => raw.percent > 0 || raw.when !== undefined, {
    path: ['percent'],
    error: words('nobody would go there', 'give a `percent` above 0, or `when`'),
  })
  .transform(
    ({ targets, percent: share, by, when: named }): RawCanary => ({ targets, percent: share, by, when: named ?? null }),
  );

/** A canary as the schema leaves it. */
interface RawCanary extends Omit<CanaryConfig, 'targets'> {
  readonly targets: z.output<typeof targetsSchema>;
}
