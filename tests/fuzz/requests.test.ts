import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { findProgram } from '../bench/child.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { addressOf, closeLanes, configurationFor, inLane, type Lane, openLanes } from '../framing/lane.ts';
import { RawClient } from '../framing/raw-client.ts';
import { MIDDLE_KINDS, type MiddleKind } from '../peers/middle-servers.ts';
import { skipOrFail } from '../system/skip.ts';
import { seedsOf } from './mutation.ts';
import { REQUESTS } from './requests.ts';

// Whatever a client sends: what the gateway passes on means the same to every server that it may be passed on to.

const RUNS = 120;
const SEEDS = seedsOf(1);
/** A request that waits for the rest of its body is answered by nobody; so long is waited for one that is not. */
const PATIENCE_MS = [400, 6_000] as const;

/** The same length for all lanes, since it may end up in a body. */
const BARRIER = '/barrier/0';

/** A request as the origin of a lane understood it. */
interface Understood {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

/** What came of some bytes in a lane. */
interface Passed {
  readonly requests: readonly Understood[];
  readonly violations: readonly string[];
  /** The number of the request at the origin that each reply belongs to, in order. */
  readonly answered: readonly number[];
  readonly serials: readonly number[];
}

describe('requests of any kind', { concurrency: false }, () => {
  let direct: Lane;
  let middles: { readonly kind: MiddleKind; readonly lane: Lane; readonly stop: () => Promise<void> }[] = [];
  let gateway: GatewayProcess;
  let folder: string;
  const missing = MIDDLE_KINDS.filter(({ program }) => program !== null && findProgram(program) === null);
  const kinds = MIDDLE_KINDS.filter((kind) => !missing.includes(kind));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portcullis-fuzz-'));
    const [first, ...others] = await openLanes(1 + kinds.length);
    direct = first as Lane;
    middles = await Promise.all(
      kinds.map(async (kind, at) => {
        const lane = others[at] as Lane;
        const { ports, stop } = await kind.start(folder, [lane.origin.port]);
        return { kind, lane: { ...lane, peerPort: ports[0] as number }, stop };
      }),
    );
    gateway = await startGateway(configurationFor([direct, ...middles.map(({ lane }) => lane)]));
  });

  after(async () => {
    await gateway?.stop();
    await Promise.all(middles.map(({ stop }) => stop()));
    await closeLanes([direct, ...middles.map(({ lane }) => lane)]);
    await rm(folder, { recursive: true, force: true });
  });

  for (const { name, program } of missing)
    test(`${name} frames what is passed on as the gateway did`, (t) => {
      skipOrFail(t, `${name} is not installed (Debian package ${program})`);
    });

  for (const seed of SEEDS)
    test(`are framed by every server as the gateway did, or refused (seed ${seed})`, async () => {
      let passed = 0;
      const property = fc.asyncProperty(REQUESTS, async (bytes) => {
        const ours = await pass(gateway, direct, bytes, PATIENCE_MS[0]);
        assert.deepEqual(ours.violations, [], 'what the gateway sends is of the narrowest grammar');
        assert.deepEqual(ours.answered, ours.serials.slice(0, ours.answered.length), 'replies stand in order');
        if (ours.requests.length > 0) passed++;
        const seen = await Promise.all(middles.map(({ lane }) => pass(gateway, lane, bytes, PATIENCE_MS[0])));
        const odd = middles.filter((_, at) => !isDeepStrictEqual(seen[at]?.requests, ours.requests));
        for (const { kind, lane } of odd) {
          // On a busy machine one of the two may not have been waited for.
          const again = await pass(gateway, lane, bytes, PATIENCE_MS[1]);
          const oursAgain = await pass(gateway, direct, bytes, PATIENCE_MS[1]);
          assert.deepEqual(again.requests, oursAgain.requests, `${kind.name} behind the gateway`);
        }
      });
      await fc.assert(property, { seed, numRuns: RUNS, endOnFailure: true });
      assert.ok(passed > RUNS / 4, `of ${passed} of ${RUNS} something passed`);
    });
});

/** Sends the bytes, and a request behind them whose answer says that all of them have been read. */
async function pass(gateway: GatewayProcess, lane: Lane, bytes: Buffer, patienceMs: number): Promise<Passed> {
  const serverName = `api.tes${lane.letter}`;
  const client = await RawClient.connect(addressOf(gateway, 'tls', serverName));
  try {
    await client.send(inLane(bytes, lane), 'whole', () => false);
    await client.send(Buffer.from(`GET ${BARRIER} HTTP/1.1\r\nHost: ${serverName}\r\n\r\n`), 'whole', () => false);
    await client.signal.holds(() => client.closed || client.received.includes(`"target":"${BARRIER}"`), patienceMs);
    client.finish();
    await client.signal.holds(() => client.closed);
    await lane.origin.signal.holds(() => lane.origin.isQuiet(), patienceMs);
    assert.ok(client.closed, 'the connection has not ended');
  } finally {
    client.destroy();
  }
  const taken = lane.origin.take();
  const serials = taken.requests.map(({ serial }) => serial);
  const replies = client.received.toString('latin1').matchAll(/\r\nx-serial: ([0-9]+)\r\n/gi);
  const answered = [...replies].map(([, serial]) => Number(serial)).filter((serial) => serials.includes(serial));
  return {
    requests: taken.requests.map(({ method, target, message }) => ({
      method,
      target: nameless(target),
      body: nameless(message.body.toString('latin1')),
    })),
    violations: taken.violations,
    answered,
    serials,
  };
}

/** Without the names of lanes, which differ. */
function nameless(text: string): string {
  return text.replaceAll(/(?<=\.tes)[a-z]/gi, 't');
}
