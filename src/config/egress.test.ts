import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue } from '../base/index.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { usualParty } from './diff-egress.ts';
import { gather } from './gather.ts';
import type { GatherOptions } from './gather-work.ts';
import { literalSecretWarnings, partyWarnings } from './gather-party.ts';
import { parseConfig } from './parse.ts';

const BASE = `version: 1
apis:
  own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:3001', auth: public }
egress:
  callers: { orders: { key: '\${env:ORDERS}' }, billing: { key: '\${env:BILLING}' } }
  parties:
    pay:
      url: https://api.pay.example/v1
      allow: ['POST /charges']
      secret: { header: Authorization, value: 'Bearer \${env:PAY}' }
`;

function edited(...edits: readonly (readonly [from: string, to: string])[]): string {
  let text = BASE;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  return text;
}

function read(text: string) {
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

/** The first issue, without where it stands. */
function issueOf(text: string): string {
  const parsed = read(text);
  const [first] = parsed.ok ? [] : parsed.error;
  return first === undefined ? 'none' : formatIssue(first).replace(/^\S+ /, '');
}

test('a third party is an API behind all others, under a path of its name', () => {
  const parsed = read(BASE);
  assert.ok(parsed.ok);
  const [own, pay] = parsed.value.config.apis;
  assert.equal(own?.party, null);
  assert.deepEqual(
    [pay?.basePath, pay?.path, pay?.auth, pay?.upstream.pathPrefix, pay?.upstream.scheme],
    ['/pay', 'egress.parties.pay', ['orders', 'billing'], '/v1', 'https'],
  );
  assert.deepEqual(pay?.party, {
    from: null,
    allow: null,
    secrets: [
      {
        place: 'header',
        name: 'authorization',
        before: 'Bearer ',
        reference: '${env:PAY}',
        after: '',
        path: 'egress.parties.pay.secret',
      },
    ],
    replyLimitBytes: 5 * 1024 * 1024,
    totalMs: 60_000,
    types: ['application/json', 'application/*+json', 'text/plain'],
    redirects: 0,
    hosts: [],
    resolver: null,
  });
  assert.deepEqual(
    pay?.policies.map(({ kind }) => kind),
    ['callers', 'upstream-errors'],
  );
});

const PAY = 'url: https://api.pay.example/v1';

for (const [edits, words] of [
  [[["{ orders: { key: '${env:ORDERS}' }, billing: { key: '${env:BILLING}' } }", '{}']], /at least one caller/],
  [
    [["  callers: { orders: { key: '${env:ORDERS}' }, billing: { key: '${env:BILLING}' } }\n", '']],
    /needs its `callers`/,
  ],
  [[["key: '${env:ORDERS}'", 'key: plain-key-0123456789']], /must be a reference/],
  [[['Bearer ${env:PAY}', 'Bearer sk_live_1234567890']], /must be a reference/],
  [[[PAY, 'url: http://api.pay.example/v1']], /reached over https only/],
  [[[PAY, 'url: https://10.0.0.7/v1']], /no address of the open internet/],
  [[[PAY, 'url: https://169.254.169.254/v1\n      private: [169.254.0.0/16]']], /cloud’s metadata/],
  [[[PAY, 'url: https://[::ffff:127.0.0.1]/v1']], /./],
  [[[PAY, 'url: https://2130706433/v1']], /unusual way/],
  [[[PAY, 'url: https://localhost/v1']], /a name of this machine/],
  [[[PAY, 'url: https://api.pay.example/v1\n      private: [0.0.0.0/0]']], /whatever there is/],
  [[["      allow: ['POST /charges']\n", '']], /nobody has said what may be called/],
  [[[PAY, `${PAY}\n      hosts: ['https://files.example']`]], /redirects are not followed/],
  [[[PAY, `${PAY}\n      redirects: 1\n      hosts: ['http://files.example']`]], /https only/],
  [[[PAY, `${PAY}\n      redirects: 1\n      hosts: ['https://127.0.0.1']`]], /address of this machine/],
  [[[PAY, `${PAY}\n      redirects: 6`]], /from 0 to 5/],
  [[[PAY, `${PAY}\n      from: [order]`]], /no caller is named so.*did you mean "orders"/],
  [[[PAY, `${PAY}\n      rejectUnauthorized: false`]], /unknown key/],
  [[[PAY, `${PAY}\n      cert: us.pem`]], /parties\.pay\.cert: this says nothing without a `key`/],
  [[[PAY, `${PAY}\n      key: us.key`]], /parties\.pay\.key: this says nothing without a `cert`/],
  [[['    pay:', '    own:']], /an API of yours has this name/],
  [[['egress:\n', 'egress:\n  host: 0.0.0.0\n']], /would be read by whoever is on the way/],
  [[['egress:\n', 'egress:\n  port: 8443\n']], /is the https port already/],
] as const) {
  test(`refused: ${
    edits
      .map(([, to]) => to.trim())
      .join(' ')
      .slice(0, 90) || words.source
  }`, () => {
    assert.match(issueOf(edited(...edits)), words);
  });
}

test('no spelling of an address of the inside is taken, for a third party or for where its redirects lead', () => {
  for (const host of [
    ...['127.0.0.1', '127.1', '0177.0.0.1', '0x7f.0.0.1', '0x7f000001', '017700000001', '127.0.0.1.', '0', '0.0.0.0'],
    ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '168.63.129.16', '100.64.0.1'],
    ...['[::1]', '[::]', '[::127.0.0.1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:a9fe:a9fe]', '[fe80::1]'],
    ...['[64:ff9b::7f00:1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b::a00:7]', '[64:ff9b:1::808:808]', '[fe80::1%25lo]'],
    ...['[2002:7f00:1::]', '[2002:a9fe:a9fe::]', '[fd00:ec2::254]', '[fd00::1]'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'api.localhost', '%6c%6fcalhost', 'api.pay.example.'],
    ...['\uff11\uff12\uff17.0.0.1', '127\u3002 0.0.1', '127\u30020.0.1', 'b\u00fccher.example'],
    ...['a@api.pay.example', 'a:b@127.0.0.1', 'api.pay.example\\@127.0.0.1', 'api.pay.example#@127.0.0.1'],
  ])
    for (const keys of [`url: 'https://${host}'`, `${PAY}\n      redirects: 1\n      hosts: ['https://${host}']`])
      assert.notEqual(issueOf(edited([PAY, keys])), 'none', keys);
});

for (const name of ['Host', 'content-length', 'connection', 'Accept-Encoding', 'x-portcullis-key', 'content-type'])
  test(`a secret is not written into ${name}`, () => {
    assert.match(issueOf(edited(['header: Authorization', `header: ${name}`])), /only the gateway itself writes this/);
  });

for (const name of ['X-Api-Key', 'cookie', 'proxy-authorization'])
  test(`a secret may be written into ${name}`, () => {
    assert.equal(issueOf(edited(['header: Authorization', `header: ${name}`])), 'none');
  });

test('what is wrong with how a third party proves itself, or where it is, is told at its own keys', async () => {
  const read = async () => err({ reason: 'missing' });
  const resolve = async () => err('there is no such secret');
  const parsed = parseConfig(edited([PAY, `${PAY}\n      ca: none.pem`]), { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const ports = { files: { read }, secrets: { resolve }, revision: 1 } as unknown as GatherOptions;
  const gathered = await gather(parsed.value, ports);
  const issue = gathered.ok ? null : gathered.error.find(({ path }) => path === 'egress.parties.pay.ca');
  assert.deepEqual([issue?.place?.line, issue?.place?.column], [9, 7]);
  const own = edited([PAY, 'url: https://localhost:8443/v1\n      private: [127.0.0.1]']);
  assert.match(issueOf(own), /^egress\.parties\.pay\.url: this is the https port of the gateway itself/);
});

test('without keys it listens on this machine alone', () => {
  const callers = "{ orders: { key: '${env:ORDERS}' }, billing: { key: '${env:BILLING}' } }";
  assert.equal(issueOf(edited([callers, 'any'])), 'none');
  assert.match(
    issueOf(edited([callers, 'any'], ['egress:\n', 'egress:\n  host: 10.0.0.1\n  tls: true\n'])),
    /spend the secrets/,
  );
  assert.match(issueOf(edited([callers, 'any'], [PAY, `${PAY}\n      from: [orders]`])), /nobody is known/);
  assert.match(issueOf(edited([callers, 'any'], [PAY, `${PAY}\n      limit: 5/min per app`])), /counts callers/);
});

function changes(...edits: readonly (readonly [from: string, to: string])[]): readonly string[] {
  return changesBetween(BASE, edited(...edits));
}

function changesBetween(before: string, after: string): readonly string[] {
  const comparable = (text: string): Comparable => {
    const parsed = read(text);
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
    return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  return diffConfigurations(comparable(before), comparable(after)).map(
    ({ effect, api, message }) => `${effect} ${api ?? ''}: ${message}`,
  );
}

test('what opens is told as such, and no secret', () => {
  const opened = changes(
    ["allow: ['POST /charges']", "allow: ['POST /charges', 'POST /payouts']"],
    [PAY, `${PAY}\n      redirects: 2\n      hosts: ['https://files.example']\n      size: 1GiB\n      types: ['*/*']`],
    ["secret: { header: Authorization, value: 'Bearer ${env:PAY}' }", "secret: { query: key, value: '${env:OTHER}' }"],
    ["billing: { key: '${env:BILLING}' }", "mail: { key: '${env:MAIL}' }"],
  );
  for (const words of [
    'loosens pay: a reply may have 1073741824 bytes instead of 5242880',
    'loosens pay: 2 redirects are followed instead of 0',
    'loosens pay: redirects may lead to files.example:443',
    'loosens : mail may call third parties',
    'tightens : billing may no longer call third parties',
    'changes pay: requests get the secret ${env:OTHER} in the parameter key',
    'changes pay: requests no longer get the secret ${env:PAY} in the field authorization',
  ])
    assert.ok(opened.includes(words), `${words}\n${opened.join('\n')}`);
  assert.ok(
    opened.some((each) => each.startsWith('loosens pay: replies may be */*')),
    opened.join('\n'),
  );
  assert.ok(changes([PAY, `${PAY}\n      private: [10.0.0.0/8]`]).some((each) => each.startsWith('loosens pay:')));
});

test('where redirects may lead besides is told once', () => {
  const leads = (hosts: string): string => BASE.replace(PAY, `${PAY}\n      redirects: 1\n      hosts: [${hosts}]`);
  const [one, two] = [leads("'https://files.example'"), leads("'https://files.example', 'https://more.example'")];
  assert.deepEqual(changesBetween(one, two), ['loosens pay: redirects may lead to more.example:443']);
  assert.deepEqual(changesBetween(two, one), ['tightens pay: redirects may no longer lead to more.example:443']);
});

test('a new third party is told of as one, without what holds of each', () => {
  const none = BASE.slice(0, BASE.indexOf('egress:'));
  assert.deepEqual(changesBetween(none, BASE).toSorted(), [
    'changes : third parties are called over 127.0.0.1:8081, which needs a restart',
    'changes pay: requests get the secret ${env:PAY} in the field authorization',
    'changes pay: the operation is new, and needs nothing but the key of orders or billing',
    'changes pay: the third party is new, called at /pay of `egress`',
  ]);
  assert.deepEqual(changesBetween(BASE, none).toSorted(), [
    'tightens : third parties are no longer called from here, which needs a restart',
    'tightens pay: the API is gone',
  ]);
  const open = edited(["{ orders: { key: '${env:ORDERS}' }, billing: { key: '${env:BILLING}' } }", 'any']);
  const told = changesBetween(none, open);
  assert.ok(told.includes('loosens : third parties can be called without a key'));
  assert.ok(told.includes('loosens pay: the operation is new, and open to whatever runs on this machine'));
});

test('a name hides nothing: what a new third party opens beyond the usual is told of', () => {
  const none = BASE.slice(0, BASE.indexOf('egress:'));
  const keys = "resolver: '10.0.0.53:53', size: 1GiB, total: 1h, redirects: 1, types: [application/json, image/png]";
  const told = changesBetween(
    none,
    edited(['    pay:\n', `    other: { url: 'https://a.example', allow: ['GET /x'], ${keys} }\n    pay:\n`]),
  );
  for (const words of [
    'loosens other: its name is asked of 10.0.0.53:53',
    'loosens other: a reply may have 1073741824 bytes instead of 5242880',
    'loosens other: a call may take 3600000 ms instead of 60000',
    'loosens other: 1 redirects are followed instead of 0',
    'loosens other: replies may be image/png',
  ])
    assert.ok(told.includes(words), `${words}\n${told.join('\n')}`);
});

test('a third party of which nothing is said is what a new one is held against', () => {
  const parsed = read(BASE);
  const party = parsed.ok ? parsed.value.config.apis[1]?.party : null;
  assert.ok(party);
  assert.deepEqual({ ...usualParty(party), secrets: party.secrets }, party);
});

test('which server its name is asked of is told of', () => {
  const asked = edited([PAY, `${PAY}\n      resolver: '10.0.0.53:53'`]);
  assert.deepEqual(changesBetween(BASE, asked), ['loosens pay: its name is asked of 10.0.0.53:53']);
  assert.deepEqual(changesBetween(asked, BASE), ['loosens pay: its name is asked of the system']);
  assert.deepEqual(changesBetween(asked, asked), []);
});

test('who may call a third party is told of as of callers with keys, and not of clients', () => {
  const from = edited([PAY, `${PAY}\n      from: [orders]`]);
  assert.ok(changesBetween(BASE, from).includes('tightens pay: billing may no longer call it'));
  assert.ok(changesBetween(from, BASE).includes('loosens pay: billing may call it too'));
  const open = edited(["{ orders: { key: '${env:ORDERS}' }, billing: { key: '${env:BILLING}' } }", 'any']);
  const opened = 'loosens pay: whatever runs on this machine may call it, without a key';
  assert.ok(changesBetween(BASE, open).includes(opened));
  assert.ok(changesBetween(open, BASE).includes('tightens pay: callers must show a key (orders, billing)'));
});

test('a type that a pattern holds already opens nothing', () => {
  const types = (list: string): string => edited([PAY, `${PAY}\n      types: ${list}`]);
  assert.deepEqual(changesBetween(types("['image/*']"), types('[image/png]')), [
    'tightens pay: replies may no longer be image/*',
  ]);
  assert.deepEqual(changesBetween(types('[application/a+json]'), types("['application/*+json']")), [
    'loosens pay: replies may be application/*+json',
  ]);
  assert.deepEqual(changesBetween(types("['application/*']"), types("['application/*+json', '*/*']")), [
    'loosens pay: replies may be */*',
  ]);
});

test('that calls come without TLS is told as what opens', () => {
  const secured = edited(['egress:\n', 'egress:\n  tls: true\n']);
  assert.ok(changesBetween(secured, BASE).includes('loosens : keys and calls of third parties come without TLS'));
  assert.ok(changesBetween(BASE, secured).includes('tightens : keys and calls of third parties come over TLS'));
});

test('an API of others among our own is told of', () => {
  const parsed = read(edited(["'http://127.0.0.1:3001'", 'https://api.stripe.com']));
  assert.ok(parsed.ok);
  const told = partyWarnings(parsed.value.config, parsed.value.places).map(formatIssue);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /api\.stripe\.com is on the open internet: an API of others belongs below `egress`/);
});

test('a secret that stands in the configuration itself is told of, and never repeated', () => {
  const told = (rewrite: string): readonly string[] => {
    const parsed = read(edited(['auth: public }', `auth: public, rewrite: ${rewrite} }`]));
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join());
    return literalSecretWarnings(parsed.value.config, parsed.value.places).map(formatIssue);
  };
  const [first = ''] = told("{ request: { set: { x-api-key: 'correct-horse-battery' } } }");
  assert.match(first, /x-api-key gets a text that looks like a secret/);
  assert.ok(!first.includes('correct'));
  assert.deepEqual(told("{ request: { set: { x-tone: 'correct-horse-battery' } } }"), []);
});
