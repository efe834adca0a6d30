import type { Contestant, Row, Surroundings } from './contestants/contestant.ts';
import { startNginx } from './contestants/nginx.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { startVarnish } from './contestants/varnish.ts';
import { measureFailover } from './failover.ts';
import { machine as describeMachine } from './machine.ts';
import { makeClients } from './many-networks.ts';
import { printNoise, watchNoise } from './noise.ts';
import { measurePicks } from './pick-cost.ts';
import { compare, type Comparisons, type Figures, measureRow, printFigures, type Start } from './race.ts';
import { onGround } from './surroundings.ts';
import { loopbackAddresses } from './upstream.ts';

/** The gateway itself, with no list. */
const WITHOUT_LISTS = 'without lists';

const COMPARISONS: Comparisons = {
  ratios: [
    ['targets_1_nginx', 'targets_1', 'nginx'],
    ['targets_10_nginx', 'targets_10', 'nginx'],
    ['targets_1000_nginx', 'targets_1000', 'nginx'],
    ['lists_100000_none', 'lists_100000', WITHOUT_LISTS],
    ['cache_hit_nginx', 'cache_hit', 'nginx'],
    ['cache_hit_varnish', 'cache_hit', 'varnish'],
  ],
  own: [
    ['targets_1', 'targets_1'],
    ['targets_10', 'targets_10'],
    ['targets_1000', 'targets_1000'],
    ['lists_100000', 'lists_100000'],
    ['cache_hit', 'cache_hit'],
  ],
};

/** The rows, each with its peers. */
const ROWS: readonly (readonly [row: Row, peers: readonly Start[]])[] = [
  ['targets_1', [nginxIn('targets_1')]],
  ['targets_10', [nginxIn('targets_10')]],
  ['targets_1000', [nginxIn('targets_1000')]],
  ['lists_100000', [withoutLists]],
  ['cache_hit', [nginxIn('cache_hit'), (given) => startVarnish('cache_hit', given)]],
];

/** The same gateway in the same row, so that both meet the same minutes of the machine. */
async function withoutLists(given: Surroundings): Promise<Contestant> {
  const contestant = await startPortcullis('lists_none', given);
  return { ...contestant, name: WITHOUT_LISTS, row: 'lists_100000' };
}

function nginxIn(row: Row): Start {
  return (given) => startNginx(row, given);
}

/** As many as the largest row has targets. */
const ADDRESSES = 1_000;

/**
 * CPU time per request of balancing over one, ten and a thousand targets. All targets are one server that listens on many
 * addresses, so that they cost the load's core the same. Then that of a deny list of 100,000 blocks beside none, with more
 * clients than are remembered, and of a reply from the cache beside nginx and Varnish. At last, what a pick of a target
 * costs, and what clients see while one of three targets fails.
 */
export async function benchUpstreams(): Promise<Record<string, unknown>> {
  return await onGround(async (ground) => {
    const noise = watchNoise();
    const figures: Figures[] = [];
    const clients = await makeClients(ground.folder);
    for (const [row, peers] of ROWS)
      figures.push(
        ...(await measureRow(row, peers, ground, { requestsFile: row === 'lists_100000' ? clients : null })),
      );
    printFigures(figures);
    const seen = noise();
    printNoise(seen);
    const pick_ns = measurePicks();
    const failover = await measureFailover();
    return { machine: { ...describeMachine(), ...seen }, ...compare(figures, COMPARISONS), pick_ns, failover };
  }, loopbackAddresses(ADDRESSES));
}
