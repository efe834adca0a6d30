import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, ok } from '../base/index.ts';
import { parseConfig } from '../config/index.ts';
import type { AdminClient, ApiKeyReport } from '../control/client.ts';
import { checkApiKeys } from './checks/api-keys.ts';
import { besideGateway, NOW_MS, runIn, type Said } from './fake-context.test.ts';

const DAY_MS = 86_400_000;
const ID = '0123456789abcdef';

const KEY: ApiKeyReport = {
  id: ID,
  environment: 'live',
  name: 'nightly \u001b[2J',
  owner: 'ada',
  subject: 'jobs',
  tenant: null,
  roles: ['reader'],
  scopes: null,
  apis: null,
  addresses: null,
  createdAt: NOW_MS - DAY_MS,
  createdBy: 'bob (admin)',
  expiresAt: NOW_MS + 89 * DAY_MS,
  state: 'active',
  stateAt: NOW_MS - DAY_MS,
  stateBy: 'bob (admin)',
  reason: null,
  replaces: null,
  replacedBy: null,
  lastUsedAt: NOW_MS - 60_000,
};

type Keys = AdminClient['keys'];

/** Runs the command beside a gateway that answers so; what it was asked is noted. */
async function keys(answers: Partial<Keys>, ...argv: readonly string[]): Promise<Said & { asked: readonly unknown[] }> {
  const asked: unknown[] = [];
  const noted = Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      (...given: readonly unknown[]) => {
        asked.push(name, ...given);
        return (answer as (...all: readonly unknown[]) => unknown)(...given);
      },
    ]),
  );
  const said = await runIn(besideGateway({ keys: noted as unknown as Keys }), 'keys', ...argv);
  return { ...said, asked };
}

test('of a key it is told how its caller is written, where that can be pasted into a shell', async () => {
  const shown = async (more: Partial<ApiKeyReport>): Promise<string> => {
    const found = { ...KEY, ...more };
    return (await keys({ show: () => Promise.resolve(ok(found)) }, 'show', ID)).out;
  };
  assert.match(
    await shown({}),
    /its caller +portcullis explain METHOD URL --as subject=jobs,client=jobs,roles=reader\n/,
  );
  assert.match(
    await shown({ tenant: 'acme', roles: ['reader', 'writer'], scopes: ['orders:read'] }),
    /--as subject=jobs,client=jobs,tenant=acme,roles=reader,writer,scopes=orders:read\n/,
  );
  for (const more of [{ subject: 'a b' }, { subject: 'a,roles=x' }, { tenant: "a';x" }, { roles: ['$(x)'] }])
    assert.doesNotMatch(await shown(more), /its caller/);
});

test('a key that is made stands alone on standard output, and what it opens on the other', async () => {
  const made = { key: 'pcl_live_x', report: KEY };
  const create = () => Promise.resolve(ok(made));
  const { code, out, complaints, asked } = await keys(
    { create },
    ...['create', '--name', 'nightly', '--role', 'reader', '--role', 'writer', '--api', 'orders', '--expires', '30d'],
    ...['--author', 'ada'],
  );
  assert.deepEqual([code, out], [0, 'pcl_live_x\n']);
  assert.match(complaints, /subject +jobs/);
  assert.match(complaints, /This is the key. It is shown this once:\n$/);
  assert.ok(!complaints.includes('\u001b'));
  const wish = { name: 'nightly', expires: '30d', roles: ['reader', 'writer'], apis: ['orders'] };
  assert.deepEqual(asked, ['create', wish, 'ada']);
  assert.deepEqual(JSON.parse((await keys({ create }, 'create', '--name', 'x', '--json')).out), made);
});

test('each action asks for what its name says', async () => {
  const one = () => Promise.resolve(ok(KEY));
  const made = () => Promise.resolve(ok({ key: 'k', report: { ...KEY, replaces: ID } }));
  const say = ['--author', 'ada'];
  assert.deepEqual((await keys({ show: one }, 'show', ID)).asked, ['show', ID]);
  assert.deepEqual((await keys({ rotate: made }, 'rotate', ID, '--overlap', '1h', ...say)).asked, [
    'rotate',
    ID,
    { overlap: '1h' },
    'ada',
  ]);
  assert.deepEqual((await keys({ revoke: one }, 'revoke', ID, '--reason', 'lost', ...say)).asked, [
    ...['revoke', ID, 'ada', 'lost'],
  ]);
  for (const verb of ['enable', 'disable'])
    assert.deepEqual((await keys({ switch: one }, verb, ID, ...say)).asked, ['switch', ID, verb, 'ada']);
});

test('keys are listed as a table', async () => {
  const list = () => Promise.resolve(ok([KEY, { ...KEY, expiresAt: null, lastUsedAt: null }]));
  const { out, asked } = await keys({ list }, 'list', '--state', 'active', '--unused', '30d');
  assert.deepEqual(asked, ['list', { state: 'active', unused: '30d' }]);
  const [head, first, second] = out.split('\n');
  assert.match(head ?? '', /^ID +STATE +ENDS +LAST USED +NAME +SUBJECT +ROLES$/);
  assert.match(
    first ?? '',
    /^0123456789abcdef +active +2027-02-18T12:00Z +2026-11-21T11:59Z +nightly .* +jobs +reader$/,
  );
  assert.match(second ?? '', /active +never +never/);
  assert.equal((await keys({ list: () => Promise.resolve(ok([])) }, 'list')).out, 'there are no such keys\n');
});

test('what is refused is told with its reason', async () => {
  const refused = () => Promise.resolve(err([errorIssue('roles[0]', 'no such role', { fix: 'name another' })]));
  const { code, complaints } = await keys({ create: refused }, 'create', '--name', 'x', '--role', 'y');
  assert.equal(code, 1);
  assert.match(complaints, /roles\[0\]\s+no such role\s+name another/);
  const none = await keys({ show: () => Promise.resolve(ok(null)) }, 'show', ID);
  assert.deepEqual([none.code, none.complaints], [1, `portcullis: there is no key ${ID}.\n`]);
  const silent = await keys({ list: () => Promise.resolve(err('nothing listens')) }, 'list');
  assert.match(silent.complaints, /nothing listens/);
});

for (const [words, argv] of [
  ['knows no action "make"', ['make']],
  ['`keys create` needs --name NAME', ['create']],
  ['takes no id', ['list', ID]],
  ['takes one id', ['show']],
  ['takes one id', ['revoke', ID, ID]],
  ['an id has 16 letters and digits, as `keys list` shows them', ['show', 'x']],
  ['never the key itself', ['revoke', 'pcl_live_0123456789abcdef_x']],
  ['`keys revoke` takes no --role', ['revoke', ID, '--role', 'x']],
  ['--state is one of', ['list', '--state', 'gone']],
  ['--unused: expected a duration', ['list', '--unused', 'long']],
  ['--expires: expected a duration', ['create', '--name', 'x', '--expires', 'soon']],
] as const) {
  test(`\`keys ${argv.join(' ')}\` is refused: ${words}`, async () => {
    const { code, complaints } = await keys({}, ...argv);
    assert.equal(code, 2);
    assert.ok(complaints.includes(words), complaints);
    assert.ok(!complaints.includes('pcl_live_0'), 'a key given by mistake is not repeated');
  });
}

test('doctor tells of keys that never end, that end soon, and that nobody uses', async () => {
  const text = "version: 1\napis: { a: { routes: [GET /x], upstream: 'http://127.0.0.1:1', auth: [api-key] } }\n";
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const { config } = parsed.value;
  const told = async (list: readonly ApiKeyReport[]): Promise<readonly string[]> => {
    const admin = ok({ keys: { list: () => Promise.resolve(ok(list)) } } as unknown as AdminClient);
    const found = await checkApiKeys({ admin: () => Promise.resolve(admin) }, { now: () => NOW_MS }, config);
    return found.map(({ state, says }) => `${state} ${says.replace(/^.*\) /, '')}`);
  };
  assert.deepEqual(await told([KEY]), ['ok 1 key in force; each ends, and is used']);
  const soon = { ...KEY, expiresAt: NOW_MS + DAY_MS };
  assert.deepEqual(await told([{ ...soon, replacedBy: ID }]), ['ok 1 key in force; each ends, and is used']);
  assert.deepEqual(await told([{ ...KEY, expiresAt: null }, soon, { ...soon, replacedBy: ID }]), [
    'warn never end',
    'warn end within 14 days, and nothing takes their place',
  ]);
  assert.deepEqual(await told([{ ...KEY, lastUsedAt: null, createdAt: NOW_MS - 91 * DAY_MS }]), [
    'warn were not used for 90 days',
  ]);
  const unreached = await checkApiKeys({ admin: () => Promise.resolve(err('x')) }, { now: () => NOW_MS }, config);
  assert.deepEqual(unreached, []);
});
