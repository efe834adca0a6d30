import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemCatalogue } from '../../src/base/index.ts';
import { DEFAULT_MULTIPART_LIMITS } from '../../src/body/multipart.ts';
import { SIGNATURES } from '../../src/body/signatures.ts';
import { DEFAULT_XML_LIMITS } from '../../src/body/xml-tree.ts';
import { DECODED_LIMIT_BYTES, decodedLimitOf } from '../../src/body/content-coding.ts';
import { CONFIG_LIMIT_BYTES } from '../../src/config/index.ts';
import { VALUES_LIMIT_BYTES } from '../../src/config/values-file.ts';
import { ORIGINAL_LIFE_MS, ORIGINAL_LIMIT } from '../../src/control/originals.ts';
import { COLLECTED_LIMIT_BYTES } from '../../src/gateway/body-budget.ts';
import { WAITING_BODIES } from '../../src/gateway/decoding.ts';
import { collectedBytesOf, poolBoundsOf } from '../../src/gateway/gateway-thread.ts';
import { createGatewayMetrics } from '../../src/gateway/index.ts';
import { RANGES_LIMIT } from '../../src/gateway/many-ranges.ts';
import { START_LIMIT_BYTES, START_WAIT_MS } from '../../src/gateway/reply-start.ts';
import { READ_LIMIT_BYTES } from '../../src/gateway/unread-reply.ts';
import { DOCUMENT_LIMIT_CHARACTERS, NESTING_LIMIT } from '../../src/graphql/bounds.ts';
import { createControlMetrics } from '../../src/main/control-metrics.ts';
import { cardsIn } from '../../src/leaks/cards.ts';
import { FORMS } from '../../src/leaks/index.ts';
import { keptByHtml } from '../../src/policy/kinds/sanitize/html-names.ts';
import { PLAIN_CHANGES } from '../../src/policy/kinds/sanitize/text-actions.ts';
import { KEPT_BODY_BYTES } from '../../src/policy/kinds/upstream-errors/original.ts';
import type { Meter } from '../../src/ports/index.ts';
import { STEP_LIMIT, TEXT_LIMIT } from '../../src/rules/limits.ts';
import { CHUNK_BOUNDS } from '../../src/wire/chunked.ts';
import { FIELD, FIELD_MARKS, FieldMark, fieldNumber } from '../../src/wire/field-names.ts';
import { HEAD_BOUNDS } from '../../src/wire/fields.ts';
import { HTTP2_BOUNDS } from '../../src/wire/http2/protocol.ts';
import { canonicalizeTarget, HTTP2_POOL_BOUNDS, POOL_BOUNDS, SERVER_BOUNDS } from '../../src/wire/index.ts';
import { TARGET_LIMIT_BYTES } from '../../src/wire/request-head.ts';
import { ROOT } from './pages.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const operations = read('docs/guide/operations.md');
const http = read('docs/guide/http.md');
const sources = globSync('src/**/*.ts', { cwd: ROOT }).filter((path) => !/\.test\.ts$|-contract\.ts$/.test(path));

/** The cells of the rows of all tables of a text, without the rows of heads and dashes. */
function rowsOf(text: string): readonly (readonly string[])[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function section(text: string, title: string): string {
  const start = text.indexOf(`\n## ${title}\n`);
  assert.ok(start >= 0, title);
  const end = text.indexOf('\n## ', start + 4);
  return text.slice(start, end < 0 ? undefined : end);
}

const codes = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);

test('the metrics that the guide lists are those that the threads make, with their words', () => {
  const made = new Map<string, string>();
  const note = (name: string, help: string): void => void made.set(name, help);
  const meter: Meter = {
    counter: (name, help) => (note(name, help), { add() {} }),
    gauge: (name, help) => (note(name, help), { set() {} }),
    histogram: (name, help) => (note(name, help), { observe() {} }),
  };
  const metrics = createGatewayMetrics(meter);
  metrics.finished('a', 200, 1);
  metrics.refused('access-denied', 'deny.addresses');
  metrics.observed('not-found');
  metrics.cleaned('a', 'enforced');
  metrics.turnedAway('full');
  metrics.cspReport('enforce');
  metrics.handshake('hybrid', 'TLSv1.3');
  metrics.shed('', 'low');
  metrics.http2Fault('refused');
  metrics.grpcStatus('api', 'OK');
  metrics.streams.opened('events');
  metrics.streams.closed('events', 'client');
  metrics.messages('a', 'client', 1);
  metrics.sideAnswered('a', 'canary', 200);
  metrics.mirrored('a', 'answered');
  metrics.retried('connect', 'answered');
  metrics.breakerOpen('a', true);
  metrics.cache.asked('a', 'hit');
  metrics.cache.evicted('a', 1);
  metrics.ejected('a');
  metrics.errorReplaced('a', 'kept');
  const control = createControlMetrics(meter);
  control.introspected('a', 'answered');
  control.ownerAsked('a', 'answered');
  control.keysFailed('acme');
  control.certificateOrdered('ca.example', 'issued');
  control.discoveryFailed('dns');
  control.targetsFound('dns a.internal:80', 1, 0);
  const listed = rowsOf(section(operations, 'Metrics'))
    .slice(1)
    .map(([name = '', , , words = '']) => [codes(name)[0], words] as const);
  assert.deepEqual(new Map(listed as [string, string][]), made);
});

test('the alerts that the guide lists are all there are, and it says which are raised', () => {
  const kinds = [...read('src/ports/alerts.ts').matchAll(/^ {2}\| '([^']+)'/gm)].map(([, kind]) => kind as string);
  const rows = rowsOf(section(operations, 'Alerts')).slice(1);
  assert.deepEqual(
    rows.map(([kind = '']) => codes(kind)[0]),
    kinds,
  );
  const others = sources.filter((path) => path !== 'src/ports/alerts.ts');
  for (const [kind = '', , raised = ''] of rows) {
    const isRaised = others.some((path) => read(path).includes(`kind: '${codes(kind)[0]}'`));
    assert.equal(raised.startsWith('yes'), isRaised, kind);
  }
});

test('the table of bounds says what the code holds', () => {
  const kib = (bytes: number): string => `${bytes / 1024} KiB`;
  const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  const number = (value: number): string => value.toLocaleString('en-US');
  const { headMs, keepAliveMs, idleMs, bodyBytesPerSecond, bodyGraceMs, requestsPerConnection } = SERVER_BOUNDS;
  const expected: Readonly<Record<string, string>> = {
    'TLS handshake, head of a request': seconds(headMs),
    'head of a request or reply': kib(HEAD_BOUNDS.bytes),
    'fields of a head': String(HEAD_BOUNDS.fields),
    'request target': kib(TARGET_LIMIT_BYTES),
    'between two requests of a connection': seconds(keepAliveMs),
    'between two pieces of a body, or two writes that the client takes': seconds(idleMs),
    'slowest body': `${bodyBytesPerSecond} B/s after ${seconds(bodyGraceMs)}`,
    'requests of one connection': number(requestsPerConnection),
    'collected bodies of a gateway thread': `its share of ${mib(COLLECTED_LIMIT_BYTES)}, ${mib(collectedBytesOf(64))} at least`,
    'collected bodies of one client network': `half of what the others leave in a thread, ${mib(COLLECTED_LIMIT_BYTES / 2)} at most`,
    'one collected body': `half of what a thread has, ${mib(collectedBytesOf(64) / 2)} to ${mib(COLLECTED_LIMIT_BYTES / 2)}, whatever \`body\` says`,
    'what a coded body may hold': `${mib(DECODED_LIMIT_BYTES)}, 100 times its size and ${kib(decodedLimitOf(0))}, \`body\``,
    'coded bodies that wait to be decoded': `${WAITING_BODIES} for each gateway thread`,
    'reply that is read whole': mib(READ_LIMIT_BYTES),
    'start of an error of an upstream': `${kib(START_LIMIT_BYTES)}, or what comes in ${START_WAIT_MS} ms`,
    'originals of errors': `${number(ORIGINAL_LIMIT)}, ${kib(KEPT_BODY_BYTES)} of each body, ${ORIGINAL_LIFE_MS / 86_400_000} days`,
    'conditions of a request that read its body, and those that do not': `${number(STEP_LIMIT)} steps, texts of ${number(TEXT_LIMIT)} characters`,
    'file of `values`': mib(VALUES_LIMIT_BYTES),
    'chunk extensions of a message': `${CHUNK_BOUNDS.extensionBytes} B`,
    'trailers of a message': `${kib(CHUNK_BOUNDS.trailerBytes)}, ${CHUNK_BOUNDS.trailerFields} fields`,
    'ranges of a request': String(RANGES_LIMIT),
    'connections to an upstream': `${number(POOL_BOUNDS.connections)} over all threads, ${poolBoundsOf(64).connections} for each at least`,
    'requests that wait for one': `${number(POOL_BOUNDS.waiting)} over all threads, ${poolBoundsOf(64).waiting} for each at least`,
    'connections to an upstream over HTTP/2': `${HTTP2_POOL_BOUNDS.connections} for each thread`,
    'configuration file': mib(CONFIG_LIMIT_BYTES),
  };
  const rows = new Map(rowsOf(section(operations, 'Bounds')).map(([bound = '', value = '']) => [bound, value]));
  for (const [bound, value] of Object.entries(expected)) assert.equal(rows.get(bound), value, bound);
});

test('the table of bounds of HTTP/2 says what the code holds', () => {
  const number = (value: number): string => value.toLocaleString('en-US');
  const kib = (bytes: number): string => `${bytes / 1024} KiB`;
  const { resets, chatter, settings } = HTTP2_BOUNDS;
  const allowance = ({ burst, perSecond }: typeof resets): string => `${number(burst)}, and ${perSecond} a second`;
  const expected: Readonly<Record<keyof typeof HTTP2_BOUNDS, readonly [bound: string, value: string]>> = {
    frameBytes: ['payload of a frame', kib(HTTP2_BOUNDS.frameBytes)],
    headerBlockBytes: ['compressed header block', kib(HTTP2_BOUNDS.headerBlockBytes)],
    continuations: ['CONTINUATION frames of a header block', number(HTTP2_BOUNDS.continuations)],
    fieldsPerBlock: ['fields that a header block names', number(HTTP2_BOUNDS.fieldsPerBlock)],
    crumbs: ['cookie fields of a head', number(HTTP2_BOUNDS.crumbs)],
    tableBytes: ['table of HPACK', kib(HTTP2_BOUNDS.tableBytes)],
    settingsPerFrame: ['settings in a frame', number(HTTP2_BOUNDS.settingsPerFrame)],
    streams: ['streams at once', number(HTTP2_BOUNDS.streams)],
    hushedStreams: ['streams at once of a client whose requests are refused', number(HTTP2_BOUNDS.hushedStreams)],
    streamWindowBytes: ['window of a stream', `${number(HTTP2_BOUNDS.streamWindowBytes)} B`],
    connectionWindowBytes: ['window of a connection', kib(HTTP2_BOUNDS.connectionWindowBytes)],
    settingsAckMs: ['acknowledging settings', `${HTTP2_BOUNDS.settingsAckMs / 1000} s`],
    drainMs: ['between the two GOAWAY of a connection that is to end', `${HTTP2_BOUNDS.drainMs / 1000} s`],
    resets: ['streams that end by a reset', allowance(resets)],
    chatter: ['frames that bring nothing', allowance(chatter)],
    chatterPerFrameSent: ['more of those for each frame sent', number(HTTP2_BOUNDS.chatterPerFrameSent)],
    settings: ['SETTINGS frames', allowance(settings)],
    freeBytes: ['what a connection holds of its own', kib(HTTP2_BOUNDS.freeBytes)],
    shareBytes: ['what it then takes at once of the memory for collected bodies', kib(HTTP2_BOUNDS.shareBytes)],
    headsBytes: ['heads of open streams together', kib(HTTP2_BOUNDS.headsBytes)],
    heldBytes: [
      'what all streams wait for together: the socket, or the window of the connection',
      kib(HTTP2_BOUNDS.heldBytes),
    ],
  };
  const rows = rowsOf(section(operations, 'HTTP/2')).slice(1);
  assert.deepEqual(
    rows.map(([bound, value]) => [bound, value]),
    Object.values(expected),
  );
});

test('the suites and groups that the guide lists are those of the code, in its order', () => {
  const settings = read('src/wire/tls-settings.ts');
  const suites = [...settings.matchAll(/'((?:TLS|ECDHE)[A-Z0-9_-]+)'/g)].map(([, suite]) => suite as string);
  const groups = /GROUPS = '([^']+)'/.exec(settings)?.[1]?.split(/[:/]/) ?? [];
  assert.ok(suites.length >= 9 && groups.length >= 4);
  const spoken = rowsOf(section(read('docs/guide/tls.md'), 'What is spoken'))
    .slice(1)
    .map(([, cell = '']) => codes(cell));
  assert.deepEqual(spoken, [suites.slice(0, 3), suites.slice(3), groups, ['h2', 'http/1.1']]);
});

test('every target that the guide shows is read as it says', () => {
  const shown = rowsOf(section(http, 'Request line and target')).map(([sent = '', result = '']) => ({
    targets: codes(sent),
    result,
  }));
  let tried = 0;
  for (const { targets, result } of shown) {
    const [expected = ''] = codes(result);
    for (const sent of targets.filter((target) => target.startsWith('/'))) {
      tried++;
      const reading = canonicalizeTarget(sent);
      const text = reading.fault ?? (reading.query === null ? reading.path : `${reading.path}?${reading.query}`);
      assert.equal(text, expected.startsWith('/') || reading.fault !== null ? expected : sent, sent);
    }
  }
  assert.ok(tried >= 18, `${tried}`);
});

test('every problem code that a page names with its status has that status', () => {
  for (const path of globSync('docs/**/*.md', { cwd: ROOT })) {
    for (const [named, status, code = ''] of read(path).matchAll(/\b([45]\d\d) `([a-z-]+)`/g)) {
      if (!Object.hasOwn(problemCatalogue, code)) assert.fail(`${path}: ${named}`);
      assert.equal(problemCatalogue[code as keyof typeof problemCatalogue].status, Number(status), `${path}: ${named}`);
    }
  }
});

// What ends at every hop or frames the message is dropped for other reasons than that it could be forged.
const HOP_BY_HOP = new Set(
  'host content-length transfer-encoding connection expect keep-alive proxy-connection proxy-authenticate proxy-authentication-info proxy-authorization te trailer upgrade http2-settings sec-websocket-key sec-websocket-version sec-websocket-protocol sec-websocket-extensions sec-websocket-accept'.split(
    ' ',
  ),
);

test('the decision record lists the very names that only the gateway may write', () => {
  const record = read('docs/adr/0005-names-only-the-gateway-writes.md');
  const list = record.slice(record.indexOf('## Decision'), record.indexOf('Naming one of them'));
  const bullets = list.split('\n- ').slice(1);
  const prefixes = codes(bullets[0] ?? '');
  const names = bullets
    .slice(1)
    .flatMap((bullet) => codes(bullet))
    .map((name) => (name.startsWith('-') ? `x-forwarded${name}` : name));
  const dropped = Object.entries(FIELD)
    .filter(([name, number]) => ((FIELD_MARKS[number] ?? 0) & FieldMark.drop) !== 0 && !HOP_BY_HOP.has(name))
    .map(([name]) => name);
  assert.deepEqual([...names].toSorted(), dropped.toSorted());
  for (const prefix of prefixes) {
    const name = Buffer.from(`${prefix}anything`);
    assert.notEqual((FIELD_MARKS[fieldNumber(name, 0, name.length)] ?? 0) & FieldMark.drop, 0, prefix);
  }
  const own = /OWN_PREFIXES = \[([^\]]+)\]/.exec(read('src/wire/field-names.ts'))?.[1] ?? '';
  assert.deepEqual(
    [...own.matchAll(/'([^']+)'/g)].map(([, prefix]) => prefix),
    prefixes,
  );
});

test('the table of rooms is the table that the walls are tested by', async () => {
  const { WALLS } = await import('../tidy/walls.ts');
  const rooms = rowsOf(section(read('docs/architecture.md'), 'Rooms')).filter(([room = '']) => room.startsWith('`'));
  assert.deepEqual(rooms.map(([room = '']) => codes(room)[0] as string).toSorted(), Object.keys(WALLS).toSorted());
  for (const [room = '', , allowed = ''] of rooms) {
    const name = codes(room)[0] as string;
    const wall = WALLS[name] ?? '';
    if (allowed === 'nothing') assert.equal(wall, '');
    else if (!allowed.startsWith('all')) assert.equal(allowed.replaceAll(' (', '(').replaceAll(', ', ' '), wall, name);
  }
});

test('the guide on leaks says how many forms of secrets are known', () => {
  const forms = new Set(FORMS.filter(({ kind }) => kind === 'secrets').map(({ name }) => name));
  assert.ok(read('docs/guide/leaks.md').includes(`| ${forms.size} forms, `));
  assert.ok(read('CHANGELOG.md').includes(`keys and tokens of ${forms.size} forms`));
  const countries = new Set([...read('src/leaks/iban.ts').matchAll(/\b([A-Z]{2})[0-9]{2}\b/g)].map(([, code]) => code));
  assert.ok(read('docs/guide/leaks.md').includes(`| lengths of ${countries.size} countries, `));
});

test('as many numbers pass for cards by chance as the guide on leaks says', () => {
  const words = read('docs/guide/leaks.md').replaceAll(/\s+/g, ' ');
  assert.match(
    words,
    /Of numbers of 16 digits that chance makes, three in a hundred pass for a card, of 13 and 19 digits one or two, of others fewer/,
  );
  const isCard = (number: string): boolean => cardsIn(Buffer.from(number), [{ from: 0, to: number.length }]).length > 0;
  const drawn = Array.from({ length: 20_000 }, (_, at) =>
    BigInt(`0x${createHash('sha256').update(String(at)).digest('hex')}`).toString(),
  );
  const inAHundred = (length: number): number => drawn.filter((digits) => isCard(digits.slice(-length))).length / 200;
  assert.deepEqual(
    [12, 13, 14, 15, 16, 17, 18, 19].map((length) => Math.round(inAHundred(length))),
    [0, 1, 0, 0, 3, 0, 0, 2],
  );
});

test('the guide on sanitizing says what the code holds', () => {
  const page = read('docs/guide/sanitizing.md');
  const { tags, attributes } = keptByHtml('basic');
  const row = page.split('\n').find((line) => line.startsWith('| `html` |')) ?? '';
  assert.deepEqual(
    codes(row).slice(1),
    tags.flatMap((tag) => [tag, ...(attributes[tag] ?? [])]),
  );
  const bidi = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) =>
    /^\p{Bidi_Control}$/u.test(String.fromCodePoint(code)),
  );
  assert.ok(page.includes(`the ${bidi.length} characters of \`Bidi_Control\``));
  for (const code of bidi) assert.equal(PLAIN_CHANGES.bidi(String.fromCodePoint(code)), '');
  const limits = [...read('src/policy/kinds/sanitize/html.ts').matchAll(/_LIMIT = ([0-9_]{5,});/g)];
  const told = limits.map(([, limit = '']) => limit.replaceAll('_', ','));
  assert.equal(told.length, 3);
  for (const limit of told) assert.ok(page.includes(` ${limit} `), limit);
});

test('the pages on XML and on forms of parts say how much of them is read, and that on files how many formats are known', () => {
  const number = (value: number): string => value.toLocaleString('en-US');
  const { depth, nodes, attributes, name } = DEFAULT_XML_LIMITS;
  const xml =
    `more than ${depth} elements in one another, ${number(nodes)} elements and attributes, ` +
    `${attributes} attributes of one element, ${number(name)} characters of a name`;
  assert.ok(read('docs/guide/xml.md').includes(xml), xml);
  const { parts, headFields, headBytes, nameBytes, fileNameBytes } = DEFAULT_MULTIPART_LIMITS;
  const multipart =
    `more than ${number(parts)} parts, ${headFields} header fields in a part, ${headBytes / 1024} KiB of them, ` +
    `${nameBytes} bytes of a name, ${fileNameBytes} bytes of a file name`;
  assert.ok(read('docs/guide/validation.md').includes(multipart), multipart);
  assert.ok(read('docs/guide/files.md').includes('that of more than sixty formats'));
  const formats = new Set(SIGNATURES.values()).size;
  assert.ok(formats > 60, String(formats));
});

test('the pages on GraphQL and on files say what the code bounds', () => {
  const numberIn = (path: string, form: RegExp): number => {
    const [, digits = ''] = form.exec(read(path)) ?? assert.fail(`${path}: ${form.source}`);
    return Number(digits.replaceAll('_', ''));
  };
  const wordsOf = (path: string): string => read(path).replaceAll(/\s+/g, ' ');
  const graphql = wordsOf('docs/guide/graphql.md');
  const kept = numberIn('src/graphql/known-documents.ts', /LIMIT_DOCUMENTS = ([0-9_]+);/);
  const keptKi = numberIn('src/graphql/known-documents.ts', /LIMIT_CHARACTERS = ([0-9_]+) \* 1024;/);
  const ki = DOCUMENT_LIMIT_CHARACTERS / 1024;
  for (const words of [
    `Documents of more than ${ki} Ki characters, or with more than ${NESTING_LIMIT} brackets within each other`,
    `\`fields\` can be ${numberIn('src/config/graphql.ts', /FIELDS_LIMIT = ([0-9_]+);/)} at most`,
    `Each thread keeps ${kept} documents, ${keptKi} Ki characters in all`,
  ])
    assert.ok(graphql.includes(words), words);
  const waiting = numberIn('src/policy/kinds/files/unpacking.ts', /WAITING_LIMIT = ([0-9_]+);/);
  assert.equal(numberIn('src/policy/kinds/files/unpacking.ts', /OWN_LIMIT = ([0-9_]+);/), 8);
  const files = wordsOf('docs/guide/files.md');
  assert.ok(files.includes(`At most ${waiting} requests wait for theirs in a thread, eight of one address`));
  const held = numberIn('src/policy/kinds/files/kind.ts', /HELD_BYTES = ([0-9_]+) \* 1024 \* 1024;/);
  assert.ok(files.includes(`more than ${held} MiB of archives in each other`));
});
