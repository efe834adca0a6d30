import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../base/index.ts';
import type { EgressFault } from '../ports/index.ts';
import { FOLDER, NOW_MS, runIn, SOUND, type Surroundings, surroundings } from './fake-context.test.ts';

const DATA = `${FOLDER}/.portcullis`;

interface Check {
  readonly check: string;
  readonly state: string;
  readonly says: string;
  readonly fix: string | null;
}

async function checksIn(around: Surroundings, name: string): Promise<readonly Check[]> {
  const { out } = await runIn(around, 'doctor', '--json');
  return (JSON.parse(out) as { checks: readonly Check[] }).checks.filter(({ check }) => check === name);
}

async function states(around: Surroundings, name: string): Promise<readonly string[]> {
  return (await checksIn(around, name)).map(({ state }) => state);
}

test('where all is well, doctor says so and exits 0', async () => {
  const around = surroundings();
  around.files.folder(DATA, 0o700);
  around.files.put(`${DATA}/keyring.json`, '{}');
  around.files.put(`${DATA}/admin.key`, 'k');
  const { code, out, complaints } = await runIn(around, 'doctor');
  assert.deepEqual([code, complaints], [0, '']);
  assert.doesNotMatch(out, /^(warn|fail)/m);
  assert.match(out, /\nNothing fails, 0 warnings\.\n$/);
});

test('a Node below the security floor of its release line is a warning that says what it means', async () => {
  const expected = {
    'v26.10.0': 'warn',
    'v26.13.1': 'ok',
    'v24.22.2': 'warn',
    'v24.22.3': 'ok',
    'v25.9.0': 'warn',
    'v22.1.0': 'warn',
    'v27.0.0': 'ok',
    nonsense: 'warn',
  };
  for (const [node, state] of Object.entries(expected)) {
    const around = surroundings();
    around.node = node;
    assert.deepEqual(await states(around, 'node'), [state], node);
  }
  const around = surroundings();
  around.node = 'v26.10.0';
  const { code, out } = await runIn(around, 'doctor');
  assert.equal(code, 0, 'a warning alone is fine');
  assert.match(
    out,
    /^warn +node +Node 26\.10\.0 is older than 26\.13\.1: holes that were known in 2026-11 may be open/m,
  );
  assert.match(out, /^ +→ update portcullis/m);
});

test('files that others may read or change fail, with the command that mends them', async () => {
  const around = surroundings();
  around.files.folder(DATA, 0o755);
  around.files.put(`${DATA}/keyring.json`, '{}', 0o640);
  around.files.put(`${DATA}/admin.key`, 'k', 0o604);
  around.files.put(`${FOLDER}/portcullis.yaml`, SOUND, 0o646);
  const { code } = await runIn(around, 'doctor');
  const fixes = (await checksIn(around, 'files')).map(({ state, fix }) => `${state} ${fix}`);
  assert.equal(code, 1);
  assert.deepEqual(
    fixes.map((fix) => fix.split(',')[0]),
    [
      `fail chmod 700 ${DATA}`,
      `fail chmod o-w ${FOLDER}/portcullis.yaml`,
      `fail chmod 600 ${DATA}/keyring.json`,
      `fail chmod 600 ${DATA}/admin.key`,
    ],
  );
});

test('little space for the ledger is a warning, next to none a failure, and before the first start nothing is said', async () => {
  const around = surroundings();
  assert.deepEqual(await states(around, 'space'), []);
  around.files.folder(DATA, 0o700);
  assert.deepEqual(await states(around, 'space'), ['ok']);
  const totalBytes = 40 * 2 ** 30;
  around.files.volume = { totalBytes, freeBytes: 2 * 2 ** 30 };
  const [low] = await checksIn(around, 'space');
  assert.equal(low?.state, 'warn');
  assert.match(low?.says ?? '', /^on the volume of the data folder 2\.0 GiB of 40\.0 GiB are free; without space/);
  around.files.volume = { totalBytes, freeBytes: 200 * 2 ** 20 };
  assert.deepEqual(await states(around, 'space'), ['fail']);
  assert.equal((await runIn(around, 'doctor')).code, 1);
});

test('a limit of open files below 4,096 is a warning that says how to raise it', async () => {
  const around = surroundings();
  assert.deepEqual(await states(around, 'open files'), ['ok']);
  around.openFiles = 1_024;
  const [few] = await checksIn(around, 'open files');
  assert.equal(few?.state, 'warn');
  assert.match(few?.says ?? '', /^1,024 files and connections may be open at once in what is started from here/);
  assert.match(few?.fix ?? '', /LimitNOFILE=65536/);
  assert.equal((await runIn(around, 'doctor')).code, 0, 'a warning alone is fine');
  around.openFiles = null;
  assert.deepEqual(await states(around, 'open files'), ['ok']);
});

test('a file from the future means that the clock runs behind', async () => {
  const around = surroundings();
  assert.deepEqual(await states(around, 'clock'), ['ok']);
  around.files.put(`${DATA}/store.sqlite`, '', 0o600, NOW_MS + 3_600_000);
  assert.deepEqual(await states(around, 'clock'), ['fail']);
});

test('an admin port that other machines reach is a warning', async () => {
  assert.deepEqual(await states(surroundings(), 'admin port'), ['ok']);
  assert.deepEqual(await states(surroundings(`${SOUND}admin: { host: 0.0.0.0 }\n`), 'admin port'), ['warn']);
});

test('any status of an upstream is an answer, and each fault is told by its name', async () => {
  const around = surroundings(SOUND.replace('http://127.0.0.1:3001', 'https://orders.internal'));
  const told = async (reason: EgressFault['reason']): Promise<Check | undefined> => {
    around.reply = (url) => {
      assert.equal(url, 'https://orders.internal:443/internal/');
      return err({ reason, detail: 'self-signed certificate' });
    };
    return (await checksIn(around, 'upstream'))[0];
  };
  assert.deepEqual(await states(around, 'upstream'), ['ok']);
  assert.deepEqual(await states(around, 'dns'), ['ok']);
  const untrusted = await told('untrusted');
  assert.deepEqual(
    [untrusted?.state, untrusted?.fix],
    ['fail', 'give it a certificate for its name, or name its CA under `ca`'],
  );
  assert.match(untrusted?.says ?? '', /does not prove who it is: self-signed certificate/);
  assert.match((await told('timeout'))?.says ?? '', /did not answer within 3 s/);
  assert.equal((await told('unreachable'))?.state, 'fail');
  assert.equal((await told('unresolved'))?.state, 'fail');
  assert.equal((await told('forbidden-address'))?.state, 'fail');
  assert.equal((await told('malformed-reply'))?.state, 'warn');
  assert.equal((await told('too-large'))?.state, 'ok');
  around.addresses = () => err('NXDOMAIN');
  assert.deepEqual(await states(around, 'dns'), ['fail']);
});

test('a name that stands for no address which an upstream may have is told of, unless it stands for others too', async () => {
  const around = surroundings(SOUND.replace('http://127.0.0.1:3001', 'https://orders.internal'));
  around.addresses = () => ok([{ address: '127.0.0.1', family: 4 }]);
  const [refused] = await checksIn(around, 'dns');
  assert.equal(
    refused?.says,
    'orders.internal is 127.0.0.1, which is an address of this machine itself: no request goes there',
  );
  around.addresses = () =>
    ok([
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]);
  assert.deepEqual(await states(around, 'dns'), ['ok'], 'the other one is connected to');
});

test('an upstream over HTTP/2, or one that is shown a certificate, is not told to be down for what HTTP/1.1 meets there', async () => {
  const target = "targets: ['https://orders.internal']";
  const shown = 'cert: /tls/a.pem, key: /tls/a.key';
  for (const upstream of [`{ ${target}, protocol: h2 }`, `{ ${target}, ${shown} }`]) {
    const around = surroundings(SOUND.replace('http://127.0.0.1:3001/internal', upstream));
    for (const reason of ['unreachable', 'timeout', 'untrusted', 'malformed-reply'] as const) {
      around.reply = () => err({ reason, detail: 'alert' });
      assert.deepEqual(await states(around, 'upstream'), ['warn'], `${upstream} ${reason}`);
    }
    around.reply = () => err({ reason: 'unresolved', detail: 'NXDOMAIN' });
    assert.deepEqual(await states(around, 'upstream'), ['fail']);
    around.reply = () => err({ reason: 'unreachable', detail: 'connect ECONNREFUSED 10.0.0.1:443' });
    assert.deepEqual(await states(around, 'upstream'), ['fail'], 'nobody is there, whatever is spoken');
  }
});

test('an upstream is tried once, however many APIs have it, and an address is not looked up', async () => {
  const twice = `${SOUND}  more: { routes: ['GET /more'], upstream: http://127.0.0.1:3001/internal, auth: public }\n`;
  const around = surroundings(twice);
  assert.deepEqual(await states(around, 'upstream'), ['ok']);
  assert.deepEqual(await states(around, 'dns'), []);
});

test('a local CA that can’t be read as one fails; before the first start there is none', async () => {
  const around = surroundings();
  assert.deepEqual(await states(around, 'certificate'), ['ok']);
  around.files.put(`${DATA}/certificates/local-ca.pem`, 'nonsense');
  assert.deepEqual(await states(around, 'certificate'), ['fail']);
});

test('without a usable configuration, what can be said is said, and the exit code is 2', async () => {
  const { code, out } = await runIn(surroundings('version: 3'), 'doctor');
  assert.equal(code, 2);
  assert.match(out, /^ok +node/m);
  assert.match(
    out,
    /^fail +configuration +portcullis\.yaml can't be used: 2 errors\n +→ `portcullis check` tells all of it/m,
  );
});

const WITH_ISSUER = `${SOUND}issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, skew: 30s }
`;

test('without issuers none is asked, and one that gives keys is fine', async () => {
  assert.deepEqual(await checksIn(surroundings(), 'issuer'), []);
  const [check, ...more] = await checksIn(surroundings(WITH_ISSUER), 'issuer');
  assert.deepEqual([check?.state, more.length], ['ok', 0]);
  assert.equal(check?.says, 'acme has 2 usable keys at https://id.acme.example/jwks');
});

test('an issuer that gives no keys fails, with the reason', async () => {
  const around = surroundings(WITH_ISSUER);
  around.keys = (issuer) => err(`${issuer}: status 500`);
  const [check] = await checksIn(around, 'issuer');
  assert.equal(check?.state, 'fail');
  assert.match(check?.says ?? '', /its tokens would be refused: acme: status 500$/);
  assert.equal((await runIn(around, 'doctor')).code, 1);
});

test('keys that can’t be used are a warning that tells the first of them', async () => {
  const around = surroundings(WITH_ISSUER);
  around.keys = () => ok({ place: '/keys.json', usable: 1, skipped: ['key 2 is weak', 'key 3'], dateMs: null });
  const [check, ...more] = await checksIn(around, 'issuer');
  assert.deepEqual([check?.state, more.length], ['warn', 0]);
  assert.equal(check?.says, "acme has 1 usable key at /keys.json, and 2 that can't be used: key 2 is weak");
});

test('clocks that differ are a warning, and a failure beyond the skew that is allowed', async () => {
  const told = async (aheadMs: number): Promise<readonly string[]> => {
    const around = surroundings(WITH_ISSUER);
    around.keys = () => ok({ place: 'here', usable: 1, skipped: [], dateMs: NOW_MS + aheadMs });
    const [, ...clocks] = await checksIn(around, 'issuer');
    return clocks.map(({ state, says }) => `${state} ${says}`);
  };
  assert.deepEqual(await told(5_000), []);
  assert.deepEqual(await told(-5_000), []);
  assert.deepEqual(await told(6_000), ['warn the clock of acme is 6 s ahead of this one']);
  assert.deepEqual(await told(-30_000), ['warn the clock of acme is 30 s behind this one']);
  assert.deepEqual(await told(31_000), [
    'fail the clock of acme is 31 s ahead of this one, and 30 s are allowed: good tokens would be refused',
  ]);
});

test('of many issuers fifty are asked, and it says so', async () => {
  const many = Array.from({ length: 60 }, (_, at) => `  i${at}: { issuer: https://id${at}.example, audience: a }\n`);
  const checks = await checksIn(surroundings(`${SOUND}issuers:\n${many.join('')}`), 'issuer');
  assert.equal(checks.length, 51);
  assert.deepEqual(checks.at(-1)?.says, '10 more issuers were not asked');
});

const ASKED = `${SOUND}issuers:
  asked: { issuer: https://asked.example, audience: a, introspection: { client: { id: g, secret: '\${env:S}' } } }
  people: { issuer: https://people.example, audience: a, login: { clientId: g, clientSecret: '\${env:S}' } }
  plain: { issuer: https://plain.example, audience: a }
`;

test('issuers that are asked, or signed in with, are tried as their client, and what came of it is told', async () => {
  const around = surroundings(ASKED);
  const tried: string[] = [];
  around.trials = (names) => {
    tried.push(...names);
    return [
      { issuer: 'asked', use: 'introspection', came: err('status 401: it does not take this client') },
      { issuer: 'people', use: 'login', came: ok('it takes the gateway as its client') },
    ];
  };
  const checks = (await checksIn(around, 'issuer')).filter(({ says }) => says.includes('('));
  assert.deepEqual(tried, ['asked', 'people']);
  assert.deepEqual(
    checks.map(({ state, says }) => `${state} ${says}`),
    [
      'fail asked (introspection): status 401: it does not take this client; its tokens would be refused',
      'ok people (login): it takes the gateway as its client',
    ],
  );
  assert.equal((await runIn(around, 'doctor')).code, 1);
});

test('what can not be tried for want of a secret or a file is told as that', async () => {
  const around = surroundings(ASKED.replace('client: {', 'ca: ./nothing.pem, client: {'));
  around.trials = () => assert.fail('nobody is tried');
  const warned = (await checksIn(around, 'issuer')).filter(({ state }) => state === 'warn');
  assert.deepEqual(
    warned.map(({ says }) => says),
    ["asked, people can't be tried as their client: the configuration names what can't be read"],
  );
});

test('of many that are asked fifty are tried, and it says so', async () => {
  const client = "introspection: { client: { id: g, secret: '${env:S}' } }";
  const many = Array.from(
    { length: 60 },
    (_, at) => `  i${at}: { issuer: https://i${at}.example, audience: a, ${client} }\n`,
  );
  const around = surroundings(`${SOUND}issuers:\n${many.join('')}`);
  let tried = 0;
  around.trials = ({ size }) => {
    tried = size;
    return [];
  };
  assert.equal((await checksIn(around, 'issuer')).at(-1)?.says, '10 more issuers were not tried');
  assert.equal(tried, 50);
});

test('third parties are resolved, judged and reached, each for itself', async () => {
  const party = `${SOUND}egress:
  callers: any
  parties:
    pay: { url: 'https://api.pay.example/v1', allow: ['GET /charges'] }
`;
  const told = async (address: string, reply: Surroundings['reply']): Promise<string> => {
    const around = surroundings(party);
    around.addresses = () => ok([{ address, family: 4 }]);
    around.reply = reply;
    return (await checksIn(around, 'party')).map(({ state, says }) => `${state} ${says}`).join('\n');
  };
  const answers: Surroundings['reply'] = () => ok({ status: 401, headers: new Map(), body: new Uint8Array() });
  const untrusted: Surroundings['reply'] = () => err({ reason: 'untrusted', detail: 'SELF_SIGNED' });
  assert.equal(await told('8.8.8.8', answers), 'ok pay: https://api.pay.example:443/ answers over TLS (status 401)');
  assert.match(
    await told('10.0.0.7', answers),
    /^fail pay: api\.pay\.example is 10\.0\.0\.7, which .*no call goes there$/,
  );
  assert.match(await told('8.8.8.8', untrusted), /^fail pay: .* is not reached: SELF_SIGNED$/);
});
