import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';

/** What a name has of a type. */
export interface NameRecords {
  readonly ttl: number;
  readonly data: readonly (
    | string
    | { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  )[];
}

/** A server of names on loopback that says what it is told to. */
export interface NameServer {
  readonly port: number;
  /** How often it was asked, by type and name. */
  readonly asked: ReadonlyMap<string, number>;
  /** From now on; a CNAME is given for every type. */
  say(type: 'A' | 'AAAA' | 'SRV' | 'CNAME', name: string, records: NameRecords): void;
  forget(type: 'A' | 'AAAA' | 'SRV' | 'CNAME', name: string): void;
  /** From now on it fails so, or says nothing at all; null: it answers again. */
  fail(how: 'SERVFAIL' | 'REFUSED' | 'silent' | null): void;
  stop(): Promise<void>;
}

const CODES = { SERVFAIL: 2, REFUSED: 5 } as const;
const NXDOMAIN = 3;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
/** What a client may say that it takes in one datagram, and no more. */
const DATAGRAM_BYTES = 1_232;

/** Starts one, on UDP and TCP; replies that do not fit into a datagram are cut off there. */
export async function startNameServer(): Promise<NameServer> {
  const records = new Map<string, NameRecords>();
  const asked = new Map<string, number>();
  let failing: Parameters<NameServer['fail']>[0] = null;
  const answer = (bytes: Uint8Array): Buffer | null => {
    if (failing === 'silent') return null;
    const question = decode(Buffer.from(bytes));
    const { name = '', type = 'A' } = question.questions?.[0] ?? {};
    asked.set(`${type} ${name}`, (asked.get(`${type} ${name}`) ?? 0) + 1);
    if (failing !== null) return reply(question, CODES[failing], []);
    const known = [...records.keys()].some((key) => key.endsWith(` ${name.toLowerCase()}`));
    return reply(question, known ? 0 : NXDOMAIN, answersOf(records, name.toLowerCase(), type));
  };
  const streams = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      const whole = answer(piece.subarray(2));
      if (whole === null) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(whole.length);
      socket.end(Buffer.concat([length, whole]));
    });
  }).listen({ port: 0, host: '127.0.0.1' });
  await once(streams, 'listening');
  const { port } = streams.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  datagrams.on('message', (message, from) => {
    const whole = answer(message);
    if (whole === null) return;
    const fits = whole.length <= DATAGRAM_BYTES;
    datagrams.send(fits ? whole : cutOff(message), from.port, from.address);
  });
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  return {
    port,
    asked,
    say: (type, name, given) => void records.set(`${type} ${name}`, given),
    forget: (type, name) => void records.delete(`${type} ${name}`),
    fail: (how) => {
      failing = how;
    },
    stop: async () => {
      datagrams.close();
      streams.close();
      await once(streams, 'close');
    },
  };
}

function answersOf(records: ReadonlyMap<string, NameRecords>, name: string, type: string): readonly Answer[] {
  const alias = records.get(`CNAME ${name}`);
  const [target] = alias?.data ?? [];
  const own = records.get(`${type} ${name}`);
  const answers = [
    ...(own?.data ?? []).map((data) => ({ type, name, ttl: own?.ttl ?? 0, class: 'IN', data }) as unknown as Answer),
  ];
  if (typeof target !== 'string') return answers;
  const first = { type: 'CNAME', name, ttl: alias?.ttl ?? 0, class: 'IN', data: target } as const;
  return [first, ...answersOf(records, target, type)];
}

function reply(question: DecodedPacket, code: number, answers: readonly Answer[]): Buffer {
  const isNegative = code === NXDOMAIN || answers.length === 0;
  const packet: Packet = {
    type: 'response',
    ...(question.id === undefined ? {} : { id: question.id }),
    flags: AUTHORITATIVE | code,
    questions: question.questions ?? [],
    answers: [...answers],
    authorities: isNegative && (code === 0 || code === NXDOMAIN) ? [START] : [],
  };
  return encode(packet);
}

function cutOff(message: Uint8Array): Buffer {
  const question = decode(Buffer.from(message));
  return encode({
    type: 'response',
    ...(question.id === undefined ? {} : { id: question.id }),
    flags: AUTHORITATIVE | TRUNCATED,
    questions: question.questions ?? [],
  });
}

/** Says for how long nothing is there: a second. */
const START: Answer = {
  type: 'SOA',
  name: 'internal',
  ttl: 1,
  class: 'IN',
  data: {
    mname: 'ns.internal',
    rname: 'admin.internal',
    serial: 1,
    refresh: 60,
    retry: 60,
    expire: 60,
    minimum: 1,
  },
};
