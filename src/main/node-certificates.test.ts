import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createDiskFiles, createSeededRandom, createVirtualClock } from '../adapters/index.ts';
import { err } from '../base/index.ts';
import { type Config, parseConfig } from '../config/index.ts';
import type { EgressRequest } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';
import { openNodeCertificates } from './node-certificates.ts';
import { storeFor } from './store-fixture.test.ts';

function configOf(file: string, certificate: string, hosts: readonly string[]): Config {
  const apis = hosts.map(
    (host, at) => `  api${at}: { host: ${host}, routes: ['GET /'], upstream: 'http://127.0.0.1:9', auth: public }`,
  );
  const text = `version: 1\nserver: { https: { certificate: ${certificate} } }\napis:\n${apis.join('\n')}\n`;
  const parsed = parseConfig(text, { file, kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return parsed.value.config;
}

/** The certificates of a node whose CA can't be reached, and for which hosts it was asked. */
async function open(t: TestContext, hosts: readonly string[]) {
  const [random, clock] = [createSeededRandom(7), createVirtualClock(Date.now())];
  const { folder, keyring, store } = await storeFor(t, clock);
  const file = join(folder, 'portcullis.yaml');
  const files = createDiskFiles({ clock });
  const asked = new Set<string>();
  const calls: EgressRequest[] = [];
  const log = {
    write: (_level: string, event: string, message: string): void => {
      if (event === 'acme.failed') asked.add(/for (\S+):/.exec(message)?.[1] ?? '');
    },
  };
  const egress = {
    call: (request: EgressRequest) => {
      calls.push(request);
      return Promise.resolve(err({ reason: 'unreachable', detail: 'down' } as const));
    },
  };
  const host = { files, random, clock, log, egress } as unknown as HostPorts;
  const config = (names: readonly string[]): Config => configOf(file, '{ acme: { email: ops@acme.example } }', names);
  const certificates = await openNodeCertificates({
    config: config(hosts),
    file,
    host,
    keyring,
    alerts: { raise: () => {}, list: () => Promise.resolve([]) },
    store,
    passphrase: null,
    metrics: { certificateOrdered: () => {} },
  });
  assert.ok(certificates.ok, certificates.ok ? '' : certificates.error.words);
  t.after(() => certificates.value.close());
  const localNames = (): readonly string[] =>
    (certificates.value.local.current()[0]?.names ?? []).filter((name) => name.endsWith('.example')).toSorted();
  return { certificates: certificates.value, config, asked, localNames };
}

async function until(happened: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 40_000;
  while (!happened()) {
    assert.ok(performance.now() < deadlineMs, 'this did not happen');
    await setImmediate();
  }
}

test('a configuration that is refused in the end has asked no CA for its hosts, and leaves none of its names', async (t) => {
  const { certificates, config, asked, localNames } = await open(t, ['a.acme.example']);
  certificates.begin();
  await until(() => asked.has('a.acme.example'));
  assert.ok((await certificates.prepare(config(['b.acme.example']))).ok);
  // Until it is known which one is in force, both have a certificate.
  assert.deepEqual(localNames(), ['a.acme.example', 'b.acme.example']);
  await certificates.follow(config(['a.acme.example']));
  assert.deepEqual(localNames(), ['a.acme.example']);
  assert.deepEqual([...asked], ['a.acme.example']);
});

test('hosts that are in force are asked for, and those that are not any more are named no longer', async (t) => {
  const { certificates, config, asked, localNames } = await open(t, ['a.acme.example']);
  certificates.begin();
  const next = config(['b.acme.example']);
  assert.ok((await certificates.prepare(next)).ok);
  await certificates.follow(next);
  assert.deepEqual(localNames(), ['b.acme.example']);
  await until(() => asked.has('b.acme.example'));
});
