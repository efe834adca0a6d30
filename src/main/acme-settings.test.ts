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
  profile: null,
  names: null,
};

function read(key: string | null, file: string | null = 'PEM') {
  const host = {
    secrets: {
      resolve: () =>
        Promise.resolve(key === null ? err('nothing is behind env:KEY') : ok(new Secret(Buffer.from(key)))),
    },
    files: {
      read: () =>
        Promise.resolve(file === null ? err({ reason: 'missing', detail: 'not there' }) : ok(Buffer.from(file))),
    },
  };
  return acmeSettings(config, '/etc/portcullis.yaml', host as unknown as Pick<HostPorts, 'files' | 'secrets'>);
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
