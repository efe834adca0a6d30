import { errorIssue, isEverything, type Issue, type Place } from '../base/index.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';

/** More of them say nothing new. */
const WARNING_LIMIT = 20;

/** What is closed for maintenance, so that nobody forgets it; and what only seems to be, since everybody passes. */
export function maintenanceWarnings({ apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const warning = (path: string, message: string, fix: string): Issue => {
    const place = placeAt(places, path);
    return { ...errorIssue(path, message, { place, fix }), severity: 'warning' };
  };
  const owners = apis.flatMap((api) => [api, ...Object.values(api.operations)]);
  const warnings = owners.flatMap(({ path, maintenance }) => {
    if (maintenance === null || maintenance === 'off') return [];
    const open = maintenance.addresses.find(isEverything);
    return open === undefined
      ? [warning(`${path}.maintenance`, 'this is closed for maintenance', 'write off when it is over')]
      : [
          warning(
            `${path}.maintenance.allow.addresses`,
            `${open} is everybody, so nothing is closed here`,
            'name the addresses of those who work on it',
          ),
        ];
  });
  return warnings.slice(0, WARNING_LIMIT);
}
