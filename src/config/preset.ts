import { z } from 'zod';
import { duration } from './scalars.ts';
import { words } from './words.ts';

const REASON_LIMIT = 500;
const FORM = words('expected the name of a preset', 'write preset: zero-trust');

const reason = z
  .string()
  .trim()
  .min(1, { error: 'an exception has a reason' })
  .max(REASON_LIMIT, { error: `a reason has ${REASON_LIMIT} characters at most` });

const exceptions = (description: string) => z.record(z.string(), reason).prefault({}).meta({ description });

const zeroTrust = z.strictObject({
  public: exceptions('Operations that anybody may call all the same, as `API.OPERATION`, each with the reason.'),
  objects: exceptions('Operations whose path names no object of anybody, as `API.OPERATION`, each with the reason.'),
  maxLifetime: duration(
    '15m',
    { from: '1m', to: '24h' },
    'The longest lifetime of tokens that an issuer may be given.',
  ),
});

const described = zeroTrust.meta({ description: 'What is excepted from zero trust, and how long tokens may live.' });

/** The key `preset`. */
export const presetSchema = z
  .union([z.literal('zero-trust'), z.strictObject({ 'zero-trust': described })], { error: FORM })
  .optional()
  .meta({
    description:
      'What the whole configuration is held to. `zero-trust` changes nothing: it is an error to leave out what it demands.',
  });

/** What zero trust demands, and what is excepted from it, each with its reason. Names are the author's. */
export interface ZeroTrustPreset {
  readonly public: Readonly<Record<string, string>>;
  readonly objects: Readonly<Record<string, string>>;
  readonly maxLifetimeMs: number;
}

/** Null where nothing is demanded. */
export function toPreset(raw: z.output<typeof presetSchema>): ZeroTrustPreset | null {
  if (raw === undefined) return null;
  const said = raw === 'zero-trust' ? zeroTrust.parse({}) : raw['zero-trust'];
  return { public: said.public, objects: said.objects, maxLifetimeMs: said.maxLifetime };
}
