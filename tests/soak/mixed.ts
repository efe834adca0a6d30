import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import {
  callTraffic,
  eventTraffic,
  http2Traffic,
  keepAliveTraffic,
  messageTraffic,
  type MixedAddress,
  uploadTraffic,
} from '../mixed/clients.ts';
import { BODY_KINDS, bodyTraffic, partyTraffic } from '../mixed/body-clients.ts';
import type { LiveCertificate } from '../mixed/live-certificate.ts';
import type { Traffic, TrafficCount } from '../mixed/traffic.ts';

const HANDS = 4;
const UPLOADS = 2;
/** Each hand rests between two requests, for the soak is to find what grows, not what is slow. */
const PAUSE_MS = 100;
const TAKEN_UP_MS = 20_000;
const LOOK_MS = 250;

/** All kinds of traffic at once, beside the small requests: what stands stands as long as the soak, but for ended threads. */
export class MixedLoad {
  readonly #kinds: readonly Traffic[];

  /** `egress`: the port where third parties are called. */
  constructor(where: MixedAddress, egress: number) {
    const address = { ...where, pauseMs: PAUSE_MS };
    const makers = [keepAliveTraffic, http2Traffic, eventTraffic, messageTraffic, callTraffic];
    this.#kinds = [
      ...makers.map((make) => make(address, HANDS)),
      uploadTraffic(address, UPLOADS),
      ...BODY_KINDS.map((kind) => bodyTraffic(kind, address, 1)),
      partyTraffic({ port: egress, pauseMs: PAUSE_MS }, 1),
    ];
  }

  /** What fails from now on has a right to, or has not. */
  forgive(forgives: boolean): void {
    for (const kind of this.#kinds) kind.forgives = forgives;
  }

  get counts(): readonly TrafficCount[] {
    return this.#kinds.map(({ count }) => count);
  }

  stop(): Promise<readonly TrafficCount[]> {
    return Promise.all(this.#kinds.map((kind) => kind.stop()));
  }
}

/** Puts another certificate in place and waits until new connections see it; says what was wrong, or null. */
export async function rotateUnder(certificate: LiveCertificate, { port, ca }: MixedAddress): Promise<string | null> {
  await certificate.rotate();
  const giveUpAtMs = performance.now() + TAKEN_UP_MS;
  for (;;) {
    const shown = await shownTo({ port, ca });
    if (shown === certificate.fingerprint) return null;
    if (performance.now() > giveUpAtMs) return `a new certificate was not taken up: ${shown}`;
    await delay(LOOK_MS);
  }
}

/** The fingerprint of the certificate that a new connection sees, or why it sees none. */
function shownTo({ port, ca }: MixedAddress): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
  socket.on('error', ({ message }) => resolve(message));
  socket.on('secureConnect', () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  return promise;
}
