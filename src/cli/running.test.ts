import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, ok } from '../base/index.ts';
import type { AdminClient } from '../control/client.ts';
import { FOLDER, NOW_MS, runIn, type Surroundings, surroundings } from './fake-context.test.ts';

const STATUS = {
  version: '1.2.3',
  node: 'v26.13.1',
  startedAt: NOW_MS - 93_784_000,
  readiness: 'ready',
  revision: 4,
  hash: 'ab'.repeat(32),
  configuration: `${FOLDER}/portcullis.yaml`,
  ports: { https: 8443, http: null, admin: 9443 },
  threads: [
    { revision: 4, connections: 2, inFlight: 1, livingSnapshots: 1 },
    { revision: 3, connections: 1, inFlight: 0, livingSnapshots: 2 },
  ],
} as const;

function running(answers: Partial<AdminClient>): Surroundings {
  const around = surroundings();
  around.files.folder(`${FOLDER}/.portcullis`, 0o700);
  const silent = (): Promise<never> => Promise.reject(new Error('not asked for'));
  around.admin = ok({ status: silent, reload: silent, ...answers });
  return around;
}

test('status tells version, age, configuration, ports and what goes on', async () => {
  const around = running({ status: () => Promise.resolve(ok(STATUS)) });
  const { code, out } = await runIn(around, 'status');
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'Portcullis 1.2.3 on Node v26.13.1: ready',
    '  since          2026-11-20T09:56:56.000Z (1 d 2 h)',
    '  configuration  portcullis.yaml, revision 4 (abababababab)',
    '  ports          https 8443, http off, admin 9443',
    '  threads        2, 1 at another revision',
    '  now            3 connections, 1 request in flight',
    '',
  ]);
  assert.deepEqual(JSON.parse((await runIn(around, 'status', '--json')).out), STATUS);
});

test('a gateway that runs and is not ready is a finding', async () => {
  const around = running({
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
    const stopped = running({});
    stopped.admin = err('the admin key can not be read: permission denied');
    assert.match((await runIn(stopped, verb)).complaints, /the gateway can't be asked: the admin key can not be read/);
    const mute = running({
      status: () => Promise.resolve(err('no answer in time')),
      reload: () => Promise.resolve(err('no answer in time')),
    });
    const { code, complaints } = await runIn(mute, verb);
    assert.equal(code, 1);
    assert.match(complaints, /can't be asked: no answer in time/);
  });

  test(`${verb} by --data reads no configuration`, async () => {
    const around = running(ANSWERS);
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
      const around = running(ANSWERS);
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
    const missing = running({});
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
  const around = running({ reload: () => Promise.resolve(ok({ revision: 5 })) });
  assert.deepEqual(
    [(await runIn(around, 'reload')).out, (await runIn(around, 'reload')).code],
    ['Revision 5 is in force.\n', 0],
  );
  assert.deepEqual(JSON.parse((await runIn(around, 'reload', '--json')).out), { revision: 5 });
});

test('a configuration that was refused is told with its issues, and that the old one stays', async () => {
  const place = { file: `${FOLDER}/portcullis.yaml`, line: 7, column: 5 };
  const issue = errorIssue('apis.orders.auth', 'no issuer is called that', { place });
  const around = running({ reload: () => Promise.resolve(err([issue])) });
  const { code, complaints } = await runIn(around, 'reload');
  assert.equal(code, 1);
  assert.match(complaints, /^portcullis\.yaml:7:5 error apis\.orders\.auth\n {4}no issuer is called that\n/);
  assert.match(complaints, /refused: 1 error\. The old one stays\.\n$/);
  assert.deepEqual(JSON.parse((await runIn(around, 'reload', '--json')).out), { issues: [issue] });
});

test('a broken configuration that the gateway refuses is told as the gateway tells it, and unusable', async () => {
  const place = { file: `${FOLDER}/portcullis.yaml`, line: 1, column: 1 };
  const around = running({ reload: () => Promise.resolve(err([errorIssue('nonsense', 'is no key', { place })])) });
  around.files.put(`${FOLDER}/portcullis.yaml`, 'nonsense: true');
  const { code, complaints } = await runIn(around, 'reload');
  assert.equal(code, 2);
  assert.match(complaints, /looking in the data folder \.portcullis\.\nportcullis\.yaml:1:1 error nonsense\n/);
});
