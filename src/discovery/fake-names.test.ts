import { setImmediate } from 'node:timers/promises';
import { type Answer, decode, encode } from 'dns-packet';
import { err, ok, type Result } from '../base/index.ts';
import type {
  DnsServer,
  DnsTransport,
  EgressFault,
  EgressReply,
  EgressRequest,
  FileFault,
  LogFields,
} from '../ports/index.ts';
import { type FakeClock, fakeClock, fakeRandom } from './fake-time.test.ts';
import type { Finding, SourcePorts, SourceSink } from './source.ts';

/** What a name has of a type; the failures are those of the server, or of the way to it. */
export type Said =
  | readonly (string | { priority: number; weight: number; port: number; target: string })[]
  | 'SERVFAIL'
  | 'silence';

/** Names as a test says them, and who was asked for what. */
export interface FakeNames extends DnsTransport {
  readonly asked: string[];
  /** In seconds, of all that is said. */
  ttl: number;
  /** Replies larger than this are cut off over UDP. */
  fitsBytes: number;
  /** The servers that answer; all where it is empty. */
  readonly alive: Set<string>;
  say(type: 'A' | 'AAAA' | 'SRV' | 'CNAME', name: string, said: Said | null): void;
}

/** Makes one that knows no name. */
export function fakeNames(): FakeNames {
  const records = new Map<string, Said>();
  const answer = (message: Uint8Array, way: string, server: DnsServer): Result<Uint8Array, string> => {
    const { id = 0, questions = [] } = decode(Buffer.from(message));
    const { name = '', type = 'A' } = questions[0] ?? {};
    names.asked.push(`${way} ${type} ${name} of ${server.address}`);
    if (names.alive.size > 0 && !names.alive.has(server.address)) return err('no reply');
    const reply = (flags: number, answers: readonly Answer[]): Uint8Array =>
      encode({ type: 'response', id, flags, questions, answers: [...answers] });
    const said = records.get(`${type} ${name}`);
    if (said === 'silence') return err('no reply');
    if (said === 'SERVFAIL') return ok(reply(2, []));
    const alias = records.get(`CNAME ${name}`) ?? [];
    const of = (list: Said, as: string): Answer[] =>
      typeof list === 'string'
        ? []
        : list.map((data) => ({ type: as, name, ttl: names.ttl, class: 'IN', data }) as unknown as Answer);
    const known = [...records.keys()].some((key) => key.endsWith(` ${name}`));
    return ok(reply(known ? 0 : 3, [...of(alias, 'CNAME'), ...of(said ?? [], type)]));
  };
  const names: FakeNames = {
    asked: [],
    ttl: 30,
    fitsBytes: 1_232,
    alive: new Set(),
    say: (type, name, said) =>
      void (said === null ? records.delete(`${type} ${name}`) : records.set(`${type} ${name}`, said)),
    datagram: async (server, message, { accept }) => {
      const whole = answer(message, 'udp', server);
      if (!whole.ok) return whole;
      const { id = 0, questions = [] } = decode(Buffer.from(message));
      const fits = whole.value.length <= names.fitsBytes;
      const sent = fits ? whole.value : encode({ type: 'response', id, flags: 0x0200, questions });
      return accept(sent) ? ok(sent) : err('not accepted');
    },
    stream: async (server, message) => answer(message, 'tcp', server),
  };
  return names;
}

/** The surroundings of a source, and what it has told. */
export interface Surroundings extends SourcePorts, SourceSink {
  readonly clock: FakeClock;
  readonly names: FakeNames;
  /** By path. */
  readonly disk: Map<string, string>;
  /** What was told, one after the other; a text is a failure. */
  readonly told: (Finding | string)[];
  /** Calls that went out. */
  readonly calls: EgressRequest[];
  /** How they are answered. */
  reply: (request: EgressRequest) => Promise<Result<EgressReply, EgressFault>>;
  /** A watched file has changed. */
  changed(path: string): void;
}

/** Makes them: nobody answers, and no file is there. */
export function surroundings(): Surroundings {
  const names = fakeNames();
  const disk = new Map<string, string>();
  const watched = new Map<string, () => void>();
  const missing: FileFault = { reason: 'missing', detail: 'is not there' };
  const around: Surroundings = {
    clock: fakeClock(),
    random: fakeRandom(),
    names,
    dns: names,
    disk,
    told: [],
    calls: [],
    reply: () => Promise.resolve(err({ reason: 'unreachable', detail: 'nobody is there' })),
    egress: {
      call: (request) => {
        around.calls.push(request);
        return around.reply(request);
      },
    },
    files: {
      read: async (path) => {
        const text = disk.get(path);
        return text === undefined ? err(missing) : ok(Buffer.from(text));
      },
      watch: (path, changed) => {
        watched.set(path, changed);
        return () => void watched.delete(path);
      },
    },
    changed: (path) => watched.get(path)?.(),
    resolverFile: '/etc/resolv.conf',
    kubernetesApi: null,
    readTargets: (bytes) => {
      const text = Buffer.from(bytes).toString();
      return text.startsWith('bad') ? err(text) : ok(text.split(' ').map((host) => ({ host, port: 80, weight: 1 })));
    },
    found: (finding) => void around.told.push(finding),
    failed: (detail) => void around.told.push(detail),
  };
  return around;
}

/** Lets everything happen that waits for nothing but its turn, so many times. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

/** Lets time pass, in steps, with all that happens meanwhile. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  await settle();
  for (let left = ms; left > 0; ) {
    const step = Math.min(left, Math.max(1, Math.floor(ms / 10)));
    clock.advance(step);
    left -= step;
    await settle();
  }
}

/** The hosts of the last finding, or the failure. */
export function last(around: Surroundings): readonly string[] | string | undefined {
  const told = around.told.at(-1);
  return typeof told === 'object' ? told.targets.map(({ host, port }) => `${host}:${port}`) : told;
}

/** Lines of a log that keeps them. */
export function keptLog(): {
  readonly lines: string[];
  write(level: string, event: string, message: string, fields?: LogFields): void;
} {
  const lines: string[] = [];
  return { lines, write: (level, event) => void lines.push(`${level} ${event}`) };
}
