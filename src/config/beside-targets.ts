import type { z } from 'zod';
import { errorIssue, type Issue, type Place } from '../base/index.ts';
import { authorityOf } from './authority.ts';
import type { ApiConfig, CanaryConfig, MirrorConfig, TargetConfig, UpstreamConfig } from './config.ts';
import { canarySchema } from './canary.ts';
import { kindOfFound } from './discover.ts';
import { mirrorSchema } from './mirror.ts';
import { placeAt } from './place-at.ts';
import { isWhole, type RawTarget, targetFault } from './targets.ts';
import { words } from './words.ts';

/** Where requests go besides the targets of an upstream. */
export const besideTargetsKeys = {
  canary: canarySchema.optional().meta({
    description: 'Targets that a part of the callers gets instead, such as those of a new version.',
  }),
  mirror: mirrorSchema.optional().meta({
    description: 'Where copies of requests go. What comes back is thrown away, and no client waits for it.',
  }),
};

/** The keys as the schema leaves them, with the targets that they stand beside. */
interface Raw {
  readonly targets?: readonly RawTarget[] | undefined;
  readonly discover?: Parameters<typeof kindOfFound>[0] | undefined;
  readonly canary?: z.output<typeof canarySchema> | undefined;
  readonly mirror?: z.output<typeof mirrorSchema> | undefined;
}

/** All are spoken to as the targets are, and are other ones than those. */
export function tellOfOthers({ targets = [], discover, canary, mirror }: Raw, context: z.RefinementCtx): void {
  const [first = discover === undefined ? undefined : kindOfFound(discover)] = targets;
  // Beside a target that has an issue of its own already, the others are not compared.
  if (first === undefined || !targets.every(isWhole)) return;
  const authorities = targets.map((each) => authorityOf(each.scheme, each));
  const tell = (path: (string | number)[], each: RawTarget, seen: Set<string>): void => {
    const isOfUpstream = authorities.includes(authorityOf(each.scheme, each));
    const message = isOfUpstream
      ? words('this is a target of the upstream already', 'name another one')
      : targetFault(each, first, seen);
    if (message !== null) context.addIssue({ code: 'custom', path, message });
  };
  const seen = new Set<string>();
  for (const [at, each] of canary?.targets.entries() ?? [])
    if (isWhole(each)) tell(['canary', 'targets', at], each, seen);
  if (mirror !== undefined && isWhole(mirror.url)) tell(['mirror', 'url'], { ...mirror.url, weight: 1 }, new Set());
}

/** What the gateway is to do by these keys. */
export function toBesideTargets({ canary, mirror }: Pick<Raw, 'canary' | 'mirror'>): {
  readonly canary: CanaryConfig | null;
  readonly mirror: MirrorConfig | null;
} {
  return {
    canary:
      canary === undefined
        ? null
        : { ...canary, targets: canary.targets.map(({ host, port, weight }) => ({ host, port, weight })) },
    mirror:
      mirror === undefined
        ? null
        : {
            target: { host: mirror.url.host, port: mirror.url.port, weight: 1 },
            percent: mirror.percent,
            methods: mirror.methods,
          },
  };
}

/** Whomever requests of an upstream may go to. */
export function everyTarget({ targets, canary, mirror }: UpstreamConfig): readonly TargetConfig[] {
  return [...targets, ...(canary?.targets ?? []), ...(mirror === null ? [] : [mirror.target])];
}

/** Calls of gRPC have no end that a copy could wait for. */
export function mirrorIssues(
  { path: at, source, upstream }: ApiConfig,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  if (source.kind !== 'descriptors' || upstream.mirror === null) return [];
  const path = `${at}.upstream.mirror`;
  const place = placeAt(places, path);
  return [errorIssue(path, 'calls of gRPC are not mirrored', { place, fix: 'take `mirror` away' })];
}
