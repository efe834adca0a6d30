/** When the table of floors was last brought up to date. */
const FLOORS_AS_OF = '2026-11';

/** The first version of each release line without a known hole that concerns a server. Other lines get no fixes. */
const SECURITY_FLOORS: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [24, 22, 3],
  [26, 13, 1],
];

/** How a version of Node stands to the floors. `floor` is null where no floor is known for its release line. */
export interface NodeStanding {
  readonly below: boolean;
  readonly floor: string | null;
  readonly words: string;
}

/**
 * Judges a version such as `v26.10.0` against the shipped table of security floors. A release line older than the table's
 * newest that is not in it gets no fixes and counts as below; a newer one is not known yet.
 */
export function judgeNode(version: string): NodeStanding {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (found === null) return { below: true, floor: null, words: `Node's version ${version} can't be read` };
  const own = [Number(found[1]), Number(found[2]), Number(found[3])] as const;
  const name = own.join('.');
  const line = SECURITY_FLOORS.find(([major]) => major === own[0]);
  const newest = SECURITY_FLOORS.at(-1)?.[0] ?? 0;
  if (line === undefined && own[0] > newest) {
    return { below: false, floor: null, words: `Node ${name} is newer than what was known in ${FLOORS_AS_OF}` };
  }
  if (line === undefined) {
    return { below: true, floor: null, words: `Node ${name} is of a release line that gets no security fixes` };
  }
  const floor = line.join('.');
  const below = compare(own, line) < 0;
  const words = below
    ? `Node ${name} is older than ${floor}: holes that were known in ${FLOORS_AS_OF} may be open in this process`
    : `Node ${name} has the security fixes known in ${FLOORS_AS_OF}`;
  return { below, floor, words };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}
