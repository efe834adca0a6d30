import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, Secret } from '../base/index.ts';
import type { AcmeConfig } from '../config/index.ts';
import { acmeSettings } from './acme-settings.ts';
import type { HostPorts } from './host-ports.ts';

const config: AcmeConfig = {
  kind: 'acme',
  email: 'ops@acme.example',
  authorities: [
    { directory: 'https://ca.test/', externalAccount: { id: 'kid', key: '${env:KEY}' }, caFile: '/etc/ca.pem' },
    { directory: 'https://other.test/', externalAccount: null, caFile: null },
  ],
  challenges: ['http-01'],
  dnsHook: null,
  profile: null,
  names: null,
  folder: null,
};

function read(
  key: string | null,
  file: string | null = 'PEM',
  hook: { mode: number; directory: boolean } | null = null,
  folderMode = 0o755,
) {
  const host = {
    secrets: {
      resolve: () =>
        Promise.resolve(key === null ? err('nothing is behind env:KEY') : ok(new Secret(Buffer.from(key)))),
    },
    files: {
      facts: (path: string) => {
        if (path === '/etc') return Promise.resolve(ok({ mode: folderMode, directory: true }));
        return Promise.resolve(hook === null ? err({ reason: 'missing', detail: 'no hook there' }) : ok(hook));
      },
      read: () =>
        Promise.resolve(file === null ? err({ reason: 'missing', detail: 'not there' }) : ok(Buffer.from(file))),
    },
  };
  const dnsHook = hook === null ? null : { path: '/etc/dns.sh', settleMs: 7 };
  return acmeSettings(
    { ...config, dnsHook },
    { file: '/etc/portcullis.yaml', secrets: { vault: null, notSecrets: [] } },
    host as unknown as Pick<HostPorts, 'files' | 'secrets'>,
  );
}

test('the key of an account is decoded, with padding, white space around it, or neither', async () => {
  const bytes = Buffer.alloc(32, 0xfb);
  for (const text of [bytes.toString('base64url'), `${bytes.toString('base64url')}=\n`]) {
    const settings = await read(text);
    assert.ok(settings.ok);
    const [first, second] = settings.value.authorities;
    assert.deepEqual(Buffer.from(first?.externalAccount?.key.reveal() ?? []), bytes);
    assert.deepEqual([first?.caPem, second?.caPem, second?.externalAccount], ['PEM', null, null]);
  }
});

test('a key that is none, or too short, and what can not be read, is an error that repeats no secret', async () => {
  for (const key of ['', 'hunter2', 'not base64url of anything at all!', Buffer.alloc(32, 0xfb).toString('base64')]) {
    const settings = await read(key);
    assert.ok(!settings.ok, key);
    assert.match(settings.error, /^the key of eab is not base64url of 16 bytes or more$/);
  }
  assert.equal((await read(null)).ok, false);
  assert.equal((await read('x', null)).ok, false);
});

test('a hook that others may change, or that is no program, is not run', async () => {
  const key = Buffer.alloc(32, 1).toString('base64url');
  const settings = await read(key, 'PEM', { mode: 0o755, directory: false });
  assert.equal(settings.ok && settings.value.settleMs, 7);
  for (const [mode, words] of [
    [0o775, /chmod go-w/],
    [0o757, /chmod go-w/],
    [0o1757, /chmod go-w/],
    [0o644, /no program/],
  ] as const) {
    const refused = await read(key, 'PEM', { mode, directory: false });
    assert.match(refused.ok ? '' : refused.error, words);
  }
  const beside = { mode: 0o755, directory: false };
  for (const folderMode of [0o775, 0o757]) {
    const replaceable = await read(key, 'PEM', beside, folderMode);
    assert.match(replaceable.ok ? '' : replaceable.error, /^\/etc may be changed by others than its owner/);
  }
  assert.ok((await read(key, 'PEM', beside, 0o1777)).ok);
  const folder = await read(key, 'PEM', { mode: 0o755, directory: true });
  assert.match(folder.ok ? '' : folder.error, /no program/);
});
