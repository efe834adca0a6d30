import { z } from 'zod';
import { TARGET_LIMIT } from '../ports/index.ts';
import { authorityOf } from './authority.ts';
import { parsed } from './scalars.ts';
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';

const WEIGHT_LIMIT = 1_000;

const url = parsed(parseUpstreamUrl).meta({ title: 'URL' });

/** The weight of a target. */
export const weightSchema = z
  .int({ error: `a weight is a whole number from 1 to ${WEIGHT_LIMIT}` })
  .min(1, { error: words('a weight is 1 at least', 'leave the target out if it shall get nothing') })
  .max(WEIGHT_LIMIT, { error: `a weight is at most ${WEIGHT_LIMIT}` })
  .prefault(1)
  .meta({ description: 'How much it gets beside the others.' });

const weighed = z.strictObject({ url: url.meta({ description: 'Its URL.' }), weight: weightSchema });

/** A target as the schema leaves it. */
export interface RawTarget extends UpstreamUrl {
  readonly weight: number;
}

const target = z
  .union([url, weighed], {
    error: words('expected a URL, or a target with its weight', 'write a URL, or { url: URL, weight: 3 }'),
  })
  .transform((raw): RawTarget => ('url' in raw ? { ...raw.url, weight: raw.weight } : { ...raw, weight: 1 }));

/** The targets of an upstream: each once, and all of one scheme and path, for they are spoken to alike. */
export const targetsSchema = z
  .array(target)
  .min(1, { error: 'at least one target is needed' })
  .max(TARGET_LIMIT, { error: `an upstream has at most ${TARGET_LIMIT} targets` })
  .superRefine((targets, context) => {
    // Beside a target that has an issue of its own already, the others are not compared.
    if (!targets.every(isWhole)) return;
    const seen = new Set<string>();
    for (const [at, each] of targets.entries()) {
      const message = targetFault(each, targets[0] ?? each, seen);
      if (message !== null) context.addIssue({ code: 'custom', path: [at], message });
    }
  })
  .meta({
    description:
      'The URLs of the upstream: http or https, with a port and a path prefix where needed; `{ url, weight }` where one gets more than others. All have one scheme and one path.',
  });

/** Whether a target has no issue of its own: of one that has, the schema leaves nothing to compare. */
export function isWhole(each: Partial<RawTarget> | undefined): boolean {
  return each?.host !== undefined;
}

/** Why a target can't stand beside others; null where it can. `seen` are the authorities of those, and gets its own. */
export function targetFault(
  each: RawTarget,
  first: Pick<RawTarget, 'scheme' | 'pathPrefix'>,
  seen: Set<string>,
): string | null {
  if (each.scheme !== first.scheme) return words('all targets have one scheme', `write ${first.scheme}://`);
  if (each.pathPrefix !== first.pathPrefix)
    return words('all targets have one path', `the first has ${first.pathPrefix === '' ? 'none' : first.pathPrefix}`);
  const authority = authorityOf(each.scheme, each);
  if (seen.has(authority)) return words('this target stands here already', 'give it a greater weight instead');
  seen.add(authority);
  return null;
}
