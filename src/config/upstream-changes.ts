import type { TargetSource } from '../ports/index.ts';
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

/** Whether targets are found in the same way. What names may stand for is a change of its own. */
export function sameWay({ discover: old }: UpstreamConfig, { discover: next }: UpstreamConfig): boolean {
  const bare = (source: TargetSource | undefined): unknown =>
    source === undefined ? null : { ...source, allowed: [] };
  return sameData(bare(old?.source), bare(next?.source));
}

/** What is found, in words. */
export function foundWords(source: TargetSource): string {
  switch (source.kind) {
    case 'dns':
      return `the addresses of ${source.name}, port ${source.port}`;
    case 'srv':
      return `what the SRV records of ${source.name} name`;
    case 'file':
      return `the targets of ${source.path}`;
    case 'consul':
      return `the instances of ${source.service} in Consul`;
    case 'kubernetes':
      return `the endpoints of ${source.namespace}/${source.service} in Kubernetes`;
  }
}

/** What differs in the addresses that names may stand for. */
export function reachChanges(
  old: UpstreamConfig,
  next: UpstreamConfig,
  tell: (about: 'upstream', effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  const words = (blocks: readonly string[]): string =>
    blocks.slice(0, 3).join(', ') + (blocks.length > 3 ? ' and more' : '');
  const added = next.allowedAddresses.filter((block) => !old.allowedAddresses.includes(block));
  const gone = old.allowedAddresses.filter((block) => !next.allowedAddresses.includes(block));
  return [
    ...(added.length > 0 ? [tell('upstream', 'loosens', `targets may also be at ${words(added)}`)] : []),
    ...(gone.length > 0 ? [tell('upstream', 'tightens', `targets may no longer be at ${words(gone)}`)] : []),
  ];
}
