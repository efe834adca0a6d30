import type { CoverageCell } from '../base/index.ts';
import type { ApiConfig, Configured, PartyConfig } from '../config/compiled.ts';

/** Writes a number of bytes, and tells where a key path stands. */
export interface PartyWords {
  readonly lineOf: (path: string) => string | null;
  readonly sizeText: (bytes: number) => string;
}

/** Who may call a third party, and what its replies are bound by. */
export function partyCells(
  { path, upstream }: ApiConfig,
  party: PartyConfig,
  { egress }: Configured['config'],
  { lineOf, sizeText }: PartyWords,
): readonly CoverageCell[] {
  const callers = egress?.callers ?? 'any';
  const open = callers === 'any';
  const names = callers === 'any' ? [] : (party.from ?? callers.map(({ name }) => name));
  const inside = upstream.allowedAddresses.length > 0;
  return [
    {
      aspect: 'authentication',
      holds: open ? 'anything on this machine' : 'callers with keys',
      open,
      from: lineOf('egress.callers'),
    },
    {
      aspect: 'authorization',
      holds: open ? 'none' : `${names.length} ${names.length === 1 ? 'caller' : 'callers'}`,
      open,
      from: lineOf(`${path}.from`),
    },
    {
      aspect: 'limits',
      holds: `reply ${sizeText(party.replyLimitBytes)} in ${party.totalMs} ms`,
      open: false,
      from: lineOf(`${path}.size`),
    },
    {
      aspect: 'policy',
      holds: inside ? 'third party, also at private addresses' : 'third party on the open internet',
      open: false,
      from: lineOf(`${path}.private`),
    },
  ];
}
