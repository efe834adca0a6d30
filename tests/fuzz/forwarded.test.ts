import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress } from '../../src/base/index.ts';
import { type Bench, startBench } from '../../src/gateway/fixture.test.ts';
import { findProgram } from '../bench/child.ts';
import { type ClientServer, startFieldReader, startLastReader } from '../peers/client-servers.ts';
import { skipOrFail } from '../system/skip.ts';
import { changed, changeOf, seedsOf } from './mutation.ts';

// Limits, the ledger and upstreams go by the client's address. Nobody may choose it who is not trusted to tell it, and of
// what trusted proxies tell no other reader may make another client.

const RUNS = 300;
const SEEDS = seedsOf(1);

/** The last is where the other readers are asked from. */
const TRUSTED = ['10.0.0.0/8', '2001:db8:17::/48', '127.0.0.1'];
const STRANGER = '192.0.2.1';
/** What the nearest proxy says of the client that it sees itself. */
const SEEN = '203.0.113.9';
const PROXIES = ['10.0.0.1', '10.255.0.7', '2001:db8:17::1'];

const ADDRESS = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PROXIES) },
  { weight: 3, arbitrary: fc.ipV4() },
  { weight: 3, arbitrary: fc.ipV6() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '::',
      '::1',
      '127.0.0.1',
      '::ffff:10.0.0.2',
      '::ffff:198.51.100.7',
      '::FFFF:0a00:0002',
      '2001:DB8:17:0:0:0:0:1',
      '203.0.113.09',
      '10.0.0.1.',
      '10.1',
      '0x0a.0.0.1',
      '167772161',
      'fe80::1%eth0',
      'unknown',
      '_hidden',
      'localhost',
      '',
    ),
  },
);
const PORT = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.constantFrom(':4711', ':65535') },
  { weight: 1, arbitrary: fc.constantFrom(':0', ':65536', ':', ':x') },
);
const BLANK = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('', ' ') }, { weight: 1, arbitrary: fc.constant('\t') });
const ENTRY = fc
  .tuple(ADDRESS, PORT, BLANK)
  .map(([address, port, blank]) => blank + (address.includes(':') && port !== '' ? `[${address}]` : address) + port);
/** Values of X-Forwarded-For, each a line of its own. */
const FOR_LINES = fc.array(
  fc
    .tuple(fc.array(ENTRY, { minLength: 1, maxLength: 4 }), fc.constantFrom(', ', ',', ' ,', ',,'))
    .map(([entries, by]) => entries.join(by)),
  { minLength: 1, maxLength: 3 },
);

const TOKEN = /^[A-Za-z0-9._-]+$/;
const PAIR = fc.tuple(
  fc.constantFrom('for', 'For', 'FOR', 'by', 'host', 'proto', 'x'),
  fc.oneof(
    { weight: 4, arbitrary: ENTRY },
    { weight: 1, arbitrary: fc.constantFrom('https', 'evil.example', 'a"b', '\\') },
  ),
  fc.nat(9),
);
/** A parameter stands twice in few of them, and few are quoted as they must not be. */
const ELEMENT = fc
  .uniqueArray(PAIR, { minLength: 1, maxLength: 3, selector: ([name]) => name.toLowerCase() })
  .map((pairs) =>
    pairs
      .map(([name, value, dice]) => `${name}=${dice === 0 || (dice > 4 && TOKEN.test(value)) ? value : `"${value}"`}`)
      .join(';'),
  );
const FORWARDED = fc.array(ELEMENT, { minLength: 1, maxLength: 3 }).map((elements) => elements.join(', '));

const CHANGE = fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: changeOf(3) });
/** Anything that a client may write of itself, but for what ends the line or makes the head unsound. */
const ANYTHING = fc
  .tuple(
    fc.oneof(
      FORWARDED,
      FOR_LINES.map((lines) => lines.join(', ')),
    ),
    CHANGE,
  )
  .map(([text, change]) => {
    const bytes = Buffer.from(text, 'latin1');
    return plain((change === null ? bytes : changed(bytes, change)).toString('latin1'));
  });

function plain(text: string): string {
  return text.replaceAll(/[^\t -~]/g, '?').trim();
}

/** Fields that tell of a client, a host or a scheme, in the spellings that some server reads. */
const TELLING = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
];
const TOLD = fc.array(fc.tuple(fc.constantFrom(...TELLING), ANYTHING), { maxLength: 4 });

type Line = readonly [name: string, value: string];

/** What the upstream was told of the client, or the status of a refusal. */
interface Heard {
  readonly status: number;
  /** As `name: value`, in the order of that. */
  readonly lines: readonly string[];
}

/** Sends a request from an address, and gives what the upstream heard: all fields by which a client could be known. */
async function heardOf(bench: Bench, from: string, lines: readonly Line[]): Promise<Heard> {
  const text = [['x-test-peer', from], ...lines].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const before = bench.upstream.requests.length;
  const client = bench.client().send(`GET / HTTP/1.1\r\nhost: api.example\r\n${text}\r\n`);
  const { status } = await client.reply();
  client.socket.destroy();
  if (bench.upstream.requests.length === before) return { status, lines: [] };
  const heard = bench.upstream.last.head
    .split('\r\n')
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase() + line.slice(line.indexOf(':')))
    .filter((line) => TELLING.includes(line.slice(0, line.indexOf(':'))));
  return { status, lines: heard.toSorted() };
}

const told = (client: string): readonly string[] => [
  `x-forwarded-for: ${client}`,
  'x-forwarded-host: api.example',
  'x-forwarded-proto: http',
];

/** A gateway that trusts the proxies to tell of their clients in this field. */
async function startTrusting(t: TestContext, field: 'x-forwarded-for' | 'forwarded'): Promise<Bench> {
  const bench = await startBench(t, { peers: true });
  const trusted = `trustedProxies: { addresses: ['${TRUSTED.join("', '")}'], field: ${field} }\n`;
  const api = `apis:\n  a:\n    routes: ['* /{rest...}']\n    upstream: ${bench.upstream.url}\n    auth: public\n`;
  assert.ok(bench.install(trusted + api, { revision: 2 }));
  return bench;
}

for (const field of ['x-forwarded-for', 'forwarded'] as const) {
  test(`whatever a stranger writes, it is itself to a gateway that reads ${field} (seeds ${SEEDS.join(', ')})`, async (t) => {
    const bench = await startTrusting(t, field);
    for (const seed of SEEDS) {
      const property = fc.asyncProperty(TOLD, async (lines) => {
        const { status, lines: heard } = await heardOf(bench, STRANGER, lines);
        assert.equal(status, 200);
        assert.deepEqual(heard, told(STRANGER));
      });
      await fc.assert(property, { seed, numRuns: RUNS });
    }
  });

  test(`whatever a client writes before it, the element of a trusted proxy decides in ${field} (seeds ${SEEDS.join(', ')})`, async (t) => {
    const bench = await startTrusting(t, field);
    const own =
      field === 'forwarded' ? fc.constantFrom(`for=${SEEN}`, `for="${SEEN}:4711";proto=https`) : fc.constant(SEEN);
    const written = fc.tuple(TOLD, ANYTHING, own, fc.boolean(), fc.constantFrom(...PROXIES));
    for (const seed of SEEDS) {
      let passed = 0;
      const property = fc.asyncProperty(written, async ([lines, text, element, isJoined, proxy]) => {
        // As a proxy does: it adds to the last line of the field, or a line of its own behind the others.
        const others = lines.filter(([name]) => name !== field);
        const said: Line[] =
          isJoined && text !== ''
            ? [[field, `${text}, ${element}`]]
            : [
                [field, text],
                [field, element],
              ];
        const { status, lines: heard } = await heardOf(bench, proxy, [...others, ...said]);
        assert.ok(status === 200 || status === 400, `${status}`);
        if (status === 200) passed++;
        const wanted = status === 200 ? told(`${SEEN}, ${proxy}`) : [];
        assert.deepEqual(heard, wanted, JSON.stringify(said));
      });
      await fc.assert(property, { seed, numRuns: RUNS });
      assert.ok(passed > RUNS / 10, `${passed} of ${RUNS} passed (seed ${seed})`);
    }
  });
}

/** The body of a raw server's reply to a request with these lines; null where it is not 200. */
function bodyFrom(port: number, lines: readonly string[]): Promise<string | null> {
  const fields = lines.map((line) => `X-Forwarded-For: ${line}\r\n`).join('');
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${fields}\r\n`, 'latin1'),
    );
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^HTTP\/1\.1 200[^]*\r\n\r\n([^\r\n]*)$/.exec(text)?.[1] ?? null));
  });
}

/** Another reader of the field: which of its answers are comparable is for `judges` to say. */
interface Reader {
  readonly name: string;
  readonly program: string;
  readonly start: (folder: string) => Promise<ClientServer>;
  readonly judges: (lines: readonly string[]) => boolean;
}

const entriesOf = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => line.split(','));

const PORT_0 = /[.\]][0-9]*:0+\s*$/;

/** How many groups are written out beside two colons. Seven are none too few (RFC 4291 §2.2), but nginx does not read them. */
function groupsOf(entry: string): number {
  // Behind a bracket stands a port.
  const [address = ''] = entry.split(']');
  return address.includes('::') ? address.split(/[:[\s]+/).filter((group) => group !== '').length : 0;
}

const READERS: readonly Reader[] = [
  {
    name: 'nginx',
    program: 'nginx',
    start: (folder) => startFieldReader(folder, TRUSTED),
    // nginx takes a comma at the very beginning of a line for a part of what follows, and knows neither tabs nor port 0.
    judges: (lines) =>
      !lines.some((line) => /^[\s,]*,|\t/.test(line)) &&
      !entriesOf(lines).some((entry) => PORT_0.test(entry) || groupsOf(entry) === 7),
  },
  {
    name: 'HAProxy',
    program: 'haproxy',
    start: startLastReader,
    // It is asked for the last entry alone, reads no brackets, and takes quoted commas for a part of an entry.
    judges: (lines) => entriesOf(lines).at(-1)?.includes('[') === false && !lines.some((line) => line.includes('"')),
  },
];

for (const { name, program, start, judges } of READERS)
  test(`${name} finds the client in X-Forwarded-For that we find, or we refuse (seeds ${SEEDS.join(', ')})`, async (t) => {
    if (findProgram(program) === null) {
      skipOrFail(t, `${program} is not installed (Debian package ${program})`);
      return;
    }
    const bench = await startTrusting(t, 'x-forwarded-for');
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-forwarded-'));
    const reader = await start(folder);
    t.after(async () => {
      await reader.stop();
      await rm(folder, { recursive: true, force: true });
    });
    for (const seed of SEEDS) {
      let found = 0;
      const property = fc.asyncProperty(FOR_LINES, CHANGE, async (lines, change) => {
        const said = lines.map((line) =>
          plain(change === null ? line : changed(Buffer.from(line, 'latin1'), change).toString('latin1')),
        );
        const { status, lines: heard } = await heardOf(
          bench,
          '10.0.0.1',
          said.map((line): Line => ['x-forwarded-for', line]),
        );
        if (status !== 200 || !judges(said)) return;
        const hops = /^x-forwarded-for: (.*)$/m.exec(heard.join('\n'))?.[1]?.split(', ') ?? [];
        // We name the client and the proxies behind it; HAProxy the last that was named.
        const ours = name === 'HAProxy' ? hops.at(-2) : hops[0];
        const theirs = await bodyFrom(reader.port, said);
        assert.equal(theirs === null ? null : canonicalAddress(theirs), ours, JSON.stringify(said));
        found++;
      });
      await fc.assert(property, { seed, numRuns: RUNS });
      assert.ok(found > RUNS / 10, `${found} of ${RUNS} were compared (seed ${seed})`);
    }
  });
