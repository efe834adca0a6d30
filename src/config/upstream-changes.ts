import type { UpstreamConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** What differs in how an upstream proves itself, and in what it is shown. `tell` makes a change of words. */
export function upstreamProofChanges(
  old: UpstreamConfig,
  next: UpstreamConfig,
  tell: (about: 'upstream', effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (!sameData(old.identity, next.identity)) {
    const words = next.identity === null ? 'no certificate any more' : 'a certificate from another file';
    changes.push(tell('upstream', 'changes', `the upstream is shown ${words}`));
  }
  if (old.serverName !== next.serverName)
    changes.push(tell('upstream', 'changes', `the upstream's certificate must name ${next.serverName ?? 'its host'}`));
  const added = next.pins.filter((pin) => !old.pins.includes(pin));
  const gone = old.pins.filter((pin) => !next.pins.includes(pin));
  if (old.pins.length > 0 && next.pins.length === 0)
    changes.push(tell('upstream', 'loosens', 'the upstream may have any key'));
  else if (old.pins.length === 0 && added.length > 0)
    changes.push(tell('upstream', 'tightens', 'the upstream may have pinned keys only'));
  else {
    if (added.length > 0)
      changes.push(tell('upstream', 'loosens', `the upstream may have more keys, by number ${added.length}`));
    if (gone.length > 0)
      changes.push(tell('upstream', 'tightens', `the upstream may have fewer keys, by number ${gone.length}`));
  }
  return changes;
}
