import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { Config } from './config.ts';
import { formatKeyPath } from './key-path.ts';
import { placeAt } from './place-at.ts';

/** What lets files pass that nobody has looked at, and scanners that nobody asks. */
export function scannerWarnings({ scanners, apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const warning = (path: string, message: string, fix: string): Issue => {
    return { ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' };
  };
  const used = new Set(apis.flatMap((api) => [api, ...Object.values(api.operations)].map(({ files }) => files?.scan)));
  return scanners.flatMap(({ name, unavailable }) => {
    const path = formatKeyPath(['scanners', name]);
    if (!used.has(name)) return [warning(path, 'nobody asks this scanner', `write files: { scan: ${name} } in an API`)];
    if (unavailable === 'refuse') return [];
    return [warning(`${path}.unavailable`, 'where it does not answer, files pass unseen', 'write refuse')];
  });
}
