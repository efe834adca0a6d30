import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { parseClaimPath } from './claim-path.ts';
import type { BalanceConfig, HashSource } from './config.ts';
import { headerName } from './header-name.ts';
import { parsed } from './scalars.ts';
import { words } from './words.ts';

const RULES = ['p2c', 'round-robin', 'least-requests'] as const;
const SOURCES = ['header', 'claim', 'cookie', 'address'] as const;

/** A cookie's name (RFC 6265 §4.1.1). */
function readCookieName(value: string): Result<string, string> {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(value)
    ? ok(value)
    : err(words('this is no name of a cookie', 'such as session'));
}

const source = z
  .strictObject({
    header: headerName('The header field whose value is hashed.').optional(),
    claim: parsed(parseClaimPath).optional().meta({
      title: 'claim',
      description: 'The claim of the caller whose value is hashed: text, a number or a truth.',
    }),
    cookie: parsed(readCookieName).optional().meta({ title: 'name', description: 'The cookie whose value is hashed.' }),
    address: z
      .literal(true, { error: words('is true, or left out') })
      .optional()
      .meta({ description: 'The address of the client is hashed; of IPv6 its first 64 bits.' }),
  })
  .refine((raw) => SOURCES.filter((key) => raw[key] !== undefined).length === 1, {
    error: words('one thing is hashed', `write one of ${SOURCES.join(', ')}`),
  })
  .meta({ oneOf: SOURCES.map((key) => ({ required: [key] })) })
  .transform(({ header, claim, cookie }): HashSource => {
    if (header !== undefined) return { kind: 'header', name: header };
    if (claim !== undefined) return { kind: 'claim', path: claim };
    return cookie === undefined ? { kind: 'address' } : { kind: 'cookie', name: cookie };
  });

const hashed = z.strictObject({
  hash: source.meta({
    description:
      'What decides: who has the same value comes to the same target, as long as that can be asked. Requests without a value go to any.',
  }),
});

/** How the next target of an upstream is chosen. */
export const balanceSchema = z
  .union([z.enum(RULES), hashed], {
    error: words('expected a rule of balancing', `write ${RULES.join(', ')}, or { hash: { header: NAME } }`),
  })
  .prefault('p2c')
  .transform((raw): BalanceConfig => (typeof raw === 'string' ? { rule: raw } : { rule: 'hash', by: raw.hash }))
  .meta({
    description:
      'How the next target is chosen: `p2c` takes the better of two at random, by latency and requests under way; `round-robin` takes them in turn; `least-requests` the one with the fewest requests under way; `hash` always the same for the same caller. Weights hold in each.',
  });
