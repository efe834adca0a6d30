import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, ok } from '../base/index.ts';
import type { AdminClient } from '../control/client.ts';
import { besideGateway, FOLDER, NOW_MS, runIn, surroundings } from './fake-context.test.ts';

const THREAD = { state: 'serving', epoch: 1, startedAt: NOW_MS - 93_784_000 } as const;

const STATUS = {
  version: '1.2.3',
  node: 'v26.13.1',
  startedAt: NOW_MS - 93_784_000,
  readiness: 'ready',
  revision: 4,
  hash: 'ab'.repeat(32),
  configuration: `${FOLDER}/portcullis.yaml`,
  installed: { author: 'ada (admin)', at: NOW_MS - 60_000 },
  lacking: [],
  ports: { https: 8443, http: null, admin: 9443 },
  threads: [
    { ...THREAD, name: 'gateway-1', revision: 4, connections: 2, inFlight: 1, livingSnapshots: 1 },
    { ...THREAD, name: 'gateway-2', revision: 3, connections: 1, inFlight: 0, livingSnapshots: 2 },
  ],
  issuers: [{ name: 'acme', keys: 2, fetchedAt: NOW_MS - 180_000, fault: null }],
  discovery: [
    { name: 'srv _http._tcp.orders.internal', kind: 'srv', targets: 3, foundAt: NOW_MS - 4_000, fault: null },
  ],
  targets: [
    {
      upstream: 'orders',
      target: 'http://10.0.0.1:3001',
      state: 'down',
      since: NOW_MS - 9_000,
      until: null,
      reason: 'status 500\u001b[2J',
      threads: 2,
      asking: 0,
    },
    {
      upstream: 'orders',
      target: 'http://10.0.0.2:3001',
      state: 'ejected',
      since: NOW_MS - 4_000,
      until: NOW_MS,
      reason: 'ECONNRESET',
      threads: 2,
      asking: 1,
    },
    {
      upstream: 'orders',
      target: 'http://10.0.0.3:3001',
      state: 'up',
      since: NOW_MS - 90_000,
      until: null,
      reason: '',
      threads: 2,
      asking: 2,
    },
  ],
  certificates: [
    { names: ['localhost', '127.0.0.1', '::1', 'api.test'], origin: 'local', notAfter: NOW_MS + 86_400_000 * 20 },
    { names: ['shop.test'], origin: 'file', notAfter: NOW_MS - 3_600_000 },
  ],
  revocationLists: [
    { file: '/tls/a.crl', endsAt: NOW_MS + 86_400_000 * 3, hosts: ['*'] },
    { file: '/tls/b.crl', endsAt: NOW_MS - 60_000, hosts: ['*', 'b.test'] },
  ],
  lists: [
    { file: '/lists/bad.netset', kind: 'addresses', entries: 1_200, readAt: NOW_MS - 60_000, fault: null },
    { file: '/lists/geo.mmdb', kind: 'country', entries: null, readAt: NOW_MS - 3_600_000, fault: 'is cut short' },
  ],
  ledger: { state: 'recording', reason: null },
  alerts: { count: 0, newest: [] },
  refusedReload: null,
} as const;

/** What is told of its targets, certificates and lists. */
const TOLD_OF_PARTS = [
  '  discovery      srv _http._tcp.orders.internal: 3 targets, found 4 s ago',
  '  targets        orders: 2 of 3 get requests',
  '  target         orders http://10.0.0.1:3001: down for 9 s: status 500\\u{001b}[2J',
  '  target         orders http://10.0.0.2:3001: ejected for 4 s, in 1 of 2 threads: ECONNRESET',
  '  certificate    shop.test: from files, ended 1 h 0 min ago',
  '  certificate    localhost, 127.0.0.1, ::1 and 1 more: of the local CA, ends in 20 d 0 h',
  '  revocations    all other hosts, b.test: /tls/b.crl ended 1 min 0 s ago, so its clients are refused',
  '  list           /lists/geo.mmdb: a database for country, of 1 h 0 min ago; what stands there now is refused: is cut short',
  '  list           /lists/bad.netset: 1200 entries, of 1 min 0 s ago',
];

test('status tells version, age, configuration, ports and what goes on', async () => {
  const around = besideGateway({ status: () => Promise.resolve(ok(STATUS)) });
  const { code, out } = await runIn(around, 'status');
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'Portcullis 1.2.3 on Node v26.13.1: ready',
    '  since          2026-11-20T09:56:56.000Z (1 d 2 h)',
    '  configuration  portcullis.yaml, revision 4 (abababababab)',
    '  in force       since 1 min 0 s, by ada (admin)',
    '  ports          https 8443, http off, admin 9443',
    '  threads        2, 1 at another revision',
    '  now            3 connections, 1 request in flight',
    '  ledger         recording',
    '  issuer         acme: 2 keys, fetched 3 min 0 s ago',
    ...TOLD_OF_PARTS,
    '  alerts         none in 24 h',
    '',
  ]);
  assert.deepEqual(JSON.parse((await runIn(around, 'status', '--json')).out), STATUS);
});

test('status of a gateway from before certificates and lists were told is shown without them', async () => {
  const older = JSON.parse(
    JSON.stringify({
      ...STATUS,
      certificates: undefined,
      revocationLists: undefined,
      lists: undefined,
      discovery: undefined,
      targets: undefined,
    }),
  ) as typeof STATUS;
  const { code, out } = await runIn(besideGateway({ status: () => Promise.resolve(ok(older)) }), 'status');
  assert.equal(code, 0);
  assert.match(out, /\n {2}issuer .*\n {2}alerts /);
});

test('status tells what is wrong: issuers without keys first, a ledger that halts, alerts, a reload that was refused', async () => {
  const issuers = Array.from({ length: 12 }, (_, at) => ({ name: `i${at}`, keys: 1, fetchedAt: NOW_MS, fault: null }));
  const wrong = {
    ...STATUS,
    issuers: [...issuers, { name: 'bad', keys: 0, fetchedAt: null, fault: 'status 500\u001b[2J' }],
    discovery: [
      ...STATUS.discovery,
      { name: 'dns down.internal:80', kind: 'dns', targets: 0, foundAt: null, fault: 'no reply within 2000 ms' },
    ],
    ledger: { state: 'halted', reason: 'no space left' },
    alerts: {
      count: 7,
      newest: [
        { kind: 'ledger.fault', severity: 'critical', at: NOW_MS - 60_000 },
        { kind: 'node.below-security-floor', severity: 'medium', at: NOW_MS - 3_600_000 },
      ],
    },
    refusedReload: { at: NOW_MS - 5_000, issues: 2, first: 'portcullis.yaml:3:1: nonsense' },
  } as const;
  const around = besideGateway({ status: () => Promise.resolve(ok(wrong)) });
  const { code, out } = await runIn(around, 'status');
  assert.equal(code, 0);
  const lines = out.split('\n').slice(7);
  assert.deepEqual(lines.slice(0, 3), [
    '  ledger         halted, requests are refused: no space left',
    "  issuer         bad: 0 keys, never fetched; can't be fetched now: status 500\\u{001b}[2J",
    '  issuer         i0: 1 key, fetched 0 s ago',
  ]);
  assert.deepEqual(lines.slice(11), [
    '  issuer         3 more, see --json',
    "  discovery      dns down.internal:80: no targets, never found; can't be found now: no reply within 2000 ms",
    ...TOLD_OF_PARTS,
    '  alerts         7 in 24 h: ledger.fault (critical, 1 min 0 s ago), node.below-security-floor (medium, 1 h 0 min ago)',
    '  last reload    refused 5 s ago, 2 issues: portcullis.yaml:3:1: nonsense',
    '',
  ]);
  for (const [ledger, words] of [
    [{ state: 'short', reason: 'ENOSPC' }, /gets no more space; requests are refused when .* used up: ENOSPC/],
    [{ state: 'off', reason: null }, /ledger +off, requests are not recorded/],
  ] as const) {
    const other = besideGateway({ status: () => Promise.resolve(ok({ ...STATUS, ledger })) });
    assert.match((await runIn(other, 'status')).out, words);
  }
});

test('a gateway that runs and is not ready is a finding', async () => {
  const around = besideGateway({
    status: () => Promise.resolve(ok({ ...STATUS, readiness: 'faulty', revision: null, hash: null })),
  });
  const { code, out } = await runIn(around, 'status');
  assert.equal(code, 1);
  assert.match(out, /: faulty\n[^]*revision none in force\n/);
});

const ANSWERS: Partial<AdminClient> = {
  status: () => Promise.resolve(ok(STATUS)),
  reload: () => Promise.resolve(ok({ revision: 5 })),
};

for (const verb of ['status', 'reload']) {
  test(`${verb} says so when there is no data folder, when nothing runs, and when there is no answer`, async () => {
    const never = await runIn(surroundings(), verb);
    assert.deepEqual([never.code, never.out], [1, '']);
    assert.match(
      never.complaints,
      /there is no data folder \.portcullis, so no gateway has run with portcullis\.yaml yet/,
    );
    const stopped = besideGateway({});
    stopped.admin = err('the admin key can not be read: permission denied');
    assert.match((await runIn(stopped, verb)).complaints, /the gateway can't be asked: the admin key can not be read/);
    const mute = besideGateway({
      status: () => Promise.resolve(err('no answer in time')),
      reload: () => Promise.resolve(err('no answer in time')),
    });
    const { code, complaints } = await runIn(mute, verb);
    assert.equal(code, 1);
    assert.match(complaints, /can't be asked: no answer in time/);
  });

  test(`${verb} by --data reads no configuration`, async () => {
    const around = besideGateway(ANSWERS);
    around.files.held.clear();
    around.files.folder(`${FOLDER}/.portcullis/demo`, 0o700);
    const { code, complaints } = await runIn(around, verb, '--data', '.portcullis/demo');
    assert.deepEqual([code, complaints], [0, '']);
    assert.deepEqual(around.calls, [`admin ${FOLDER}/.portcullis/demo`]);
    const nowhere = await runIn(around, verb, '--data=/nowhere');
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.complaints, /there is no data folder \/nowhere/);
    const both = await runIn(around, verb, '--data', 'x', '--config', 'y');
    assert.deepEqual([both.code, both.complaints], [2, 'portcullis: --data and --config can not both be given.\n']);
    assert.match((await runIn(around, verb, '--data', '~/x')).complaints, /--data holds a path that begins with `~`/);
  });

  test(`${verb} finds the gateway of a broken configuration by its line \`data\`, and says so`, async () => {
    for (const [line, folder] of [
      ['data: ./kept # here', `${FOLDER}/kept`],
      [`data: '/var/lib/my data'`, '/var/lib/my data'],
      ['data: "kept"\r', `${FOLDER}/kept`],
      ['data: { postgres: x }', `${FOLDER}/.portcullis`],
      ['data: ./one\ndata: ./two', `${FOLDER}/.portcullis`],
      ['server: {\n  data: ./inner', `${FOLDER}/.portcullis`],
    ] as const) {
      const around = besideGateway(ANSWERS);
      around.files.put(`${FOLDER}/portcullis.yaml`, `version: 1\n${line}\napis: [}\n`);
      around.files.folder(folder, 0o700);
      const { code, complaints } = await runIn(around, verb);
      assert.equal(code, 0, line);
      assert.match(
        complaints,
        /^portcullis: portcullis\.yaml can't be used \(\d+ errors?\); looking in the data folder .+\.\n$/,
      );
      assert.deepEqual(around.calls, [`admin ${folder}`], line);
    }
  });

  test(`${verb} tells what is wrong with a configuration that leads to no data folder`, async () => {
    const { code, complaints } = await runIn(surroundings('nonsense: true'), verb);
    assert.equal(code, 2);
    assert.match(complaints, /portcullis\.yaml:1:1/);
    const missing = besideGateway({});
    missing.files.held.delete(`${FOLDER}/portcullis.yaml`);
    const none = await runIn(missing, verb);
    assert.deepEqual([none.code, missing.calls], [2, []]);
    assert.match(
      none.complaints,
      /no configuration file[^]*--config FILE, or name the data folder of the gateway by --data DIR/,
    );
  });
}

test('reload says which revision is in force', async () => {
  const around = besideGateway({ reload: () => Promise.resolve(ok({ revision: 5 })) });
  assert.deepEqual(
    [(await runIn(around, 'reload')).out, (await runIn(around, 'reload')).code],
    ['Revision 5 is in force.\n', 0],
  );
  assert.deepEqual(JSON.parse((await runIn(around, 'reload', '--json')).out), { revision: 5 });
});

test('a configuration that was refused is told with its issues, and that the old one stays', async () => {
  const place = { file: `${FOLDER}/portcullis.yaml`, line: 7, column: 5 };
  const issue = errorIssue('apis.orders.auth', 'no issuer is called that', { place });
  const around = besideGateway({ reload: () => Promise.resolve(err([issue])) });
  const { code, complaints } = await runIn(around, 'reload');
  assert.equal(code, 1);
  assert.match(complaints, /^portcullis\.yaml:7:5 error apis\.orders\.auth\n {4}no issuer is called that\n/);
  assert.match(complaints, /refused: 1 error\. The old one stays\.\n$/);
  assert.deepEqual(JSON.parse((await runIn(around, 'reload', '--json')).out), { issues: [issue] });
});

test('a broken configuration that the gateway refuses is told as the gateway tells it, and unusable', async () => {
  const place = { file: `${FOLDER}/portcullis.yaml`, line: 1, column: 1 };
  const around = besideGateway({
    reload: () => Promise.resolve(err([errorIssue('nonsense', 'is no key', { place })])),
  });
  around.files.put(`${FOLDER}/portcullis.yaml`, 'nonsense: true');
  const { code, complaints } = await runIn(around, 'reload');
  assert.equal(code, 2);
  assert.match(complaints, /looking in the data folder \.portcullis\.\nportcullis\.yaml:1:1 error nonsense\n/);
});
