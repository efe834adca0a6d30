import type { ConfigChange } from './config-change.ts';
import type { ZeroTrustPreset } from './preset.ts';

/** What a configuration is no longer, or newly, held to. It changes nothing of what the rest of it says. */
export function presetChanges(before: ZeroTrustPreset | null, after: ZeroTrustPreset | null): readonly ConfigChange[] {
  const change = (effect: ConfigChange['effect'], message: string): ConfigChange => ({
    ...{ api: null, operation: null, about: 'authorization', effect, message },
  });
  if (before === null || after === null) {
    if (before === after) return [];
    return [
      after === null
        ? change('loosens', 'is no longer held to zero trust')
        : change('tightens', 'is held to zero trust'),
    ];
  }
  const longer = after.maxLifetimeMs - before.maxLifetimeMs;
  const lifetime = change(longer > 0 ? 'loosens' : 'tightens', `tokens may live ${after.maxLifetimeMs / 1_000} s`);
  return [
    ...(longer === 0 ? [] : [lifetime]),
    ...(['public', 'objects'] as const).flatMap((key) => [
      ...Object.keys(after[key])
        .filter((name) => !Object.hasOwn(before[key], name))
        .map((name) => change('loosens', `${name} is excepted from zero trust`)),
      ...Object.keys(before[key])
        .filter((name) => !Object.hasOwn(after[key], name))
        .map((name) => change('tightens', `${name} is no longer excepted from zero trust`)),
    ]),
  ];
}
