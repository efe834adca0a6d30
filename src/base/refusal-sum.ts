import type { ChangeRecord } from './record.ts';

/** Refusals of one problem code that have no records of their own. The counts of networks and `others` add up to `count`. */
export interface RefusalSum {
  readonly count: number;
  /** When the first of them came, wall milliseconds. The record's own time is when the sum was written. */
  readonly sinceMs: number;
  /** Where most of them came from: networks, and how many came from each, the most first. */
  readonly networks: readonly (readonly [network: string, count: number])[];
  readonly others: number;
}

const AUTHOR = 'gateway';
const ACTION = 'requests.refused';

/** The fields of the record that holds a sum; its target is the problem code. */
export function refusalSumFields(
  code: string,
  sum: RefusalSum,
): Pick<ChangeRecord, 'author' | 'action' | 'target' | 'before' | 'after'> {
  const parts = sum.networks.map(([network, count]) => `${network} ${count}`);
  const after = `${sum.count} since ${sum.sinceMs}: ${[...parts, `others ${sum.others}`].join(', ')}`;
  return { author: AUTHOR, action: ACTION, target: code, before: null, after };
}

/** The sum that a change holds; null where it is another change, or its text was cut or changed. */
export function refusalSumOf({ author, action, after }: ChangeRecord): RefusalSum | null {
  if (author !== AUTHOR || action !== ACTION || after === null) return null;
  const found = /^(\d{1,16}) since (\d{1,16}): (?:(.+), )?others (\d{1,16})$/.exec(after);
  if (found === null) return null;
  const networks: [string, number][] = [];
  for (const part of found[3] === undefined ? [] : found[3].split(', ')) {
    const pair = /^(\S{1,100}) (\d{1,16})$/.exec(part);
    if (pair === null) return null;
    networks.push([pair[1] as string, Number(pair[2])]);
  }
  return { count: Number(found[1]), sinceMs: Number(found[2]), networks, others: Number(found[4]) };
}
