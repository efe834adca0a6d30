import { z } from 'zod';
import { percent } from './canary.ts';
import { parseMethod } from './routes.ts';
import { parsed, uniqueList } from './scalars.ts';
import { parseUpstreamUrl } from './upstream-url.ts';

const METHOD_LIMIT = 20;
/** Safe ones (RFC 9110 §9.2.1). */
const STANDARD = ['GET', 'HEAD', 'OPTIONS'];

/** Where copies of requests go. */
export const mirrorSchema = z.strictObject({
  url: parsed(parseUpstreamUrl).meta({
    title: 'URL',
    description: 'Where the copies go; of the same scheme and path as the targets, and spoken to as those are.',
  }),
  percent: percent('How many of a hundred requests are copied.').prefault(100),
  methods: uniqueList(parsed(parseMethod).meta({ title: 'METHOD' }), { least: 1, most: METHOD_LIMIT, what: 'method' })
    .prefault(STANDARD)
    .meta({
      description:
        'Requests of which methods are copied: `GET`, `HEAD` and `OPTIONS` if nothing is said. Name others only if it does no harm that a copy does once more what they do.',
    }),
});
