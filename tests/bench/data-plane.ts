import { type BenchAlgorithm, makeCallers } from './callers.ts';
import { startCaddy } from './contestants/caddy.ts';
import type { Ground, Row } from './contestants/contestant.ts';
import { startHaproxy } from './contestants/haproxy.ts';
import { startNginx } from './contestants/nginx.ts';
import { startNodeHttp } from './contestants/node-http.ts';
import { withBodies } from './everything-on.ts';
import { machine as describeMachine } from './machine.ts';
import { type Noise, printNoise, watchNoise } from './noise.ts';
import { compare, type Comparisons, type Figures, measureRow, printFigures, rounded, type Start } from './race.ts';
import { measureSingleFigures } from './single-figures.ts';
import { onGround } from './surroundings.ts';

/** Which key of `ratios` compares the gateway with whom. */
const RATIOS: Comparisons['ratios'] = [
  ['plain_nginx', 'plain', 'nginx'],
  ['plain_haproxy', 'plain', 'haproxy'],
  ['plain_caddy', 'plain', 'caddy'],
  ['plain_node_http', 'plain', 'node:http + undici'],
  ['tls_nginx', 'tls', 'nginx'],
  ['tls_haproxy', 'tls', 'haproxy'],
  ['secured_haproxy_rs256', 'secured_rs256', 'haproxy'],
  ['secured_haproxy_es256', 'secured_es256', 'haproxy'],
];

/** Which key of `us` tells the gateway's own cost of which row. */
const OWN_COSTS: Comparisons['own'] = [
  ['plain', 'plain'],
  ['tls', 'tls'],
  ['secured', 'secured_rs256'],
  ['secured_es256', 'secured_es256'],
  ['secured_cold_token', 'secured_cold_token'],
  ['everything_on', 'everything_on'],
];

/** More than any cache of verified tokens holds, so that none is met again while it is kept. */
const COLD_TOKENS = 20_000;

/** Not as many as another row has, whose files would be in the way. */
const EVERYTHING_CALLERS = 1_000;

const PEERS: Readonly<Partial<Record<Row, readonly Start[]>>> = {
  plain: [(given) => startNginx('plain', given), (given) => startHaproxy('plain', given), startCaddy, startNodeHttp],
  tls: [(given) => startNginx('tls', given), (given) => startHaproxy('tls', given)],
  secured_rs256: [(given) => startHaproxy('secured_rs256', given)],
  secured_es256: [(given) => startHaproxy('secured_es256', given)],
  secured_cold_token: [(given) => startHaproxy('secured_cold_token', given)],
  // No peer does all of this.
  everything_on: [],
};

/** The rows in which tokens are sent. */
const SECURED: readonly (readonly [row: Row, algorithm: BenchAlgorithm, requests: number])[] = [
  ['secured_rs256', 'RS256', 500],
  ['secured_es256', 'ES256', 500],
  ['secured_cold_token', 'RS256', COLD_TOKENS],
];

/**
 * CPU time per request of the gateway and of its peers, all in one run: kept-alive GETs answered with 220 bytes of JSON,
 * without TLS and with it, and with tokens: there the gateway checks the token, rights, a limit and the parameters and
 * records the request, while HAProxy, which has no cache of verified tokens, checks the signature and counts.
 */
export async function benchDataPlane(): Promise<Record<string, unknown>> {
  return await onGround(async (ground) => {
    const { folder } = ground;
    const noise = watchNoise();
    const figures = [...(await measure('plain', ground)), ...(await measure('tls', ground))];
    for (const [row, algorithm, requests] of SECURED) {
      const callers = await makeCallers(folder, algorithm, requests);
      figures.push(...(await measure(row, { ...ground, callers })));
    }
    const callers = await withBodies(folder, await makeCallers(folder, 'RS256', EVERYTHING_CALLERS));
    figures.push(...(await measure('everything_on', { ...ground, callers })));
    const { machine, ratios, us } = report(figures, noise());
    const single = await measureSingleFigures(ground);
    return { machine, ratios: { ...ratios, ...roundedAll(single.ratios) }, us, ...roundedAll(single.figures) };
  });
}

interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly ratios: Readonly<Record<string, number>>;
  readonly us: Readonly<Record<string, number>>;
}

function measure(row: Row, ground: Ground): Promise<Figures[]> {
  return measureRow(row, PEERS[row] ?? [], ground);
}

function report(figures: readonly Figures[], noise: Noise): Report {
  printFigures(figures);
  console.log(
    '\nHAProxy keeps no cache of verified tokens: it checks a signature for each request. Ours keeps one, so look at secured_cold_token too.',
  );
  printNoise(noise);
  return {
    machine: { ...describeMachine(), ...noise },
    ...compare(figures, { ratios: RATIOS, own: OWN_COSTS }),
  };
}

function roundedAll(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, rounded(value)]));
}
