import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { WebSocketServer } from 'ws';
import { bench } from '../../src/wire/fake-socket.test.ts';
import type { HeaderFields } from '../../src/wire/header-fields.ts';
import { refusal } from '../../src/wire/peers.test.ts';
import { readReplyHead } from '../../src/wire/reply-head.ts';
import { NO_LINES } from '../../src/wire/server.ts';
import { switchFault, type UpgradeFault, type UpgradeOffer } from '../../src/wire/upgrade.ts';
import { writeRequestHead } from '../../src/wire/write-head.ts';
import { cutUp, seedsOf } from './mutation.ts';
import { UPGRADES } from './upgrades.ts';

// What we take for an upgrade, node:http and ws take for the same one, as it came and as it goes on; what we do not, goes on
// as none. And behind a head that asks for an upgrade nothing is read as a request, whatever becomes of it.

const RUNS = 400;
const SEEDS = seedsOf(1);
const CUTS = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 4 });

/** What the gateway's codec made of some bytes. */
interface Ours {
  /** The upgrade of the first request; `unread` where there was none that could be read. */
  readonly upgrade: UpgradeOffer | UpgradeFault | null | 'unread';
  /** The head that goes to the upstream. */
  readonly forwarded: string;
  readonly requests: number;
  /** What came through the tunnel. */
  readonly tunnelled: string;
}

function askUs(pieces: readonly Buffer[]): Ours {
  const { socket, script } = bench();
  let upgrade: Ours['upgrade'] = 'unread';
  let [forwarded, tunnelled] = ['', ''];
  script.onRequest = ({ exchange }) => {
    if (script.seen.length > 1) return;
    const { request, framing } = exchange;
    upgrade = exchange.upgrade;
    const offer = typeof upgrade === 'string' ? null : upgrade;
    const { method, path } = request;
    const fields = request.headers as HeaderFields;
    const outgoing = { method, target: path, authority: 'up.test', fields, added: [], framing, upgrade: offer };
    if (upgrade === null || offer !== null) forwarded = writeRequestHead(outgoing);
    if (offer === null) {
      const { head, body } = refusal('invalid-upgrade');
      exchange.send(head, body);
      return;
    }
    const head = { ...NO_LINES, status: 101, fields: null, added: [], framing, announcedLength: null };
    const ends = {
      bytes: (read: Buffer) => (tunnelled += read.toString('latin1')) !== '',
      ended() {},
      drained() {},
      gone() {},
    };
    exchange.switchTo(head, ends).resume();
  };
  for (const piece of pieces) if (!socket.paused && !socket.destroyed) socket.receive(piece);
  return {
    get tunnelled() {
      return tunnelled;
    },
    upgrade,
    forwarded,
    requests: script.seen.length,
  };
}

/** What node:http and ws made of some bytes. */
interface Theirs {
  readonly upgrades: readonly IncomingMessage[];
  readonly requests: number;
  /** What ws replied to the upgrade. */
  readonly reply: string;
}

async function askThem(bytes: Buffer | string): Promise<Theirs> {
  const upgrades: IncomingMessage[] = [];
  let [requests, reply] = [0, ''];
  const sockets = new WebSocketServer({ noServer: true });
  const server: Server = createServer((_request, response) => {
    requests++;
    response.end();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.push(request);
    sockets.handleUpgrade(request, socket, head, (client) => client.terminate());
  });
  const [near, far] = duplexPair();
  near.on('data', (read: Buffer) => (reply += read.toString('latin1')));
  near.on('error', () => {});
  server.emit('connection', far);
  near.write(bytes);
  for (let turn = 0; turn < 6; turn++) await setImmediate();
  near.destroy();
  far.destroy();
  return { upgrades, requests, reply };
}

/** That they took it for this upgrade and no other. */
function assertSame({ upgrades, requests, reply }: Theirs, offer: UpgradeOffer): void {
  assert.deepEqual([upgrades.length, requests], [1, 0]);
  const headers = upgrades[0]?.headers ?? {};
  assert.deepEqual([headers['sec-websocket-key'], headers['sec-websocket-version']], [offer.key, '13']);
  const names = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  assert.deepEqual(names, offer.subprotocols);
  const end = reply.indexOf('\r\n\r\n');
  const head = readReplyHead(Buffer.from(reply, 'latin1'), end + 2, 'GET');
  assert.ok(head.fault === null && head.status === 101, reply);
  assert.equal(switchFault(offer, head), null, reply);
}

/** Where the head ends: a change may have ended it before what was written behind it. Empty lines before it are none. */
function headEnd(bytes: Buffer): number {
  let start = 0;
  while (bytes.indexOf('\r\n', start) === start) start += 2;
  return bytes.indexOf('\r\n\r\n', start) + 4;
}

describe('heads that ask for an upgrade', () => {
  for (const seed of SEEDS)
    test(`mean to node:http and ws what they mean to us, as they come and as they go on (seed ${seed})`, async () => {
      const counts = { offered: 0, faulty: 0, none: 0, unread: 0 };
      const property = fc.asyncProperty(UPGRADES, CUTS, async (bytes, cuts) => {
        const ours = askUs(cutUp(bytes, cuts));
        await setImmediate();
        const { upgrade, forwarded } = ours;
        if (upgrade === 'unread') {
          counts.unread++;
          assert.equal(ours.requests, 0);
        } else if (upgrade === null) {
          counts.none++;
          const passed = await askThem(forwarded);
          assert.deepEqual([passed.upgrades.length, passed.requests <= 1], [0, true], forwarded);
        } else if (typeof upgrade === 'string') {
          counts.faulty++;
          assert.deepEqual([ours.requests, ours.forwarded, ours.tunnelled], [1, '', '']);
        } else {
          counts.offered++;
          const end = headEnd(bytes);
          assert.deepEqual([ours.requests, ours.tunnelled], [1, bytes.subarray(end).toString('latin1')]);
          assertSame(await askThem(forwarded), upgrade);
          assertSame(await askThem(bytes.subarray(0, end)), upgrade);
          assert.doesNotMatch(forwarded, /^(?:sec-websocket-(?:extensions|accept)|http2-settings):/im);
        }
      });
      await fc.assert(property, { seed, numRuns: RUNS });
      assert.ok(
        Object.values(counts).every((count) => count > RUNS / 40),
        JSON.stringify(counts),
      );
    });
});
