import { z } from 'zod';
import type { Config } from './config.ts';
import { parsed } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

/** The key `audit`. */
export const auditSchema = z
  .enum(['required', 'off'], {
    error: ({ input }) =>
      input === 'durable'
        ? words('durable is not available in this version', 'write required, which refuses what can’t be recorded')
        : 'must be required or off',
  })
  .prefault('required')
  .meta({
    description:
      '`required`: a request that can’t be recorded is refused. `off`: only changes of the configuration are recorded.',
  });

/** The keys of `alerts`. */
export const alertsSchema = z
  .strictObject({
    webhook: z
      .strictObject({
        url: parsed((value) => readWebUrl(value, { query: true })).meta({
          title: 'URL',
          description: 'Where alerts are posted.',
        }),
        secret: z.string().transform(readSecretText).meta({
          title: 'reference',
          description: 'The key that signs them: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
        }),
      })
      .optional()
      .meta({ description: 'Posts each alert, signed.' }),
  })
  .prefault({})
  .meta({ description: 'Where alerts go besides the log.' });

/** Where alerts go. */
export function toAlerts(raw: z.output<typeof alertsSchema>): Config['alerts'] {
  return { webhook: raw.webhook ?? null };
}
