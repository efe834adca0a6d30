import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { ok } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { Desks } from '../control/index.ts';
import { type OwnerLookup, OWNERS, ownerService, type Told } from '../policy/index.ts';
import type { EgressRequest } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { openNodeOwners } from './node-owners.ts';

const LOOKUP: OwnerLookup = {
  ...{
    url: 'https://o.example/{params.id}',
    pieces: ['https://o.example/', { names: ['params', 'id'], part: 'path' }],
  },
  secret: { field: 'x-key', before: 'Key ', reference: '${env:S}', after: '' },
  ...{ cacheMs: 5_000, timeoutMs: 1_000, caFile: '/ca.pem', path: 'p' },
};

function gatheredWith(lookups: readonly OwnerLookup[], secret = 'hush'): Gathered {
  const operations = Object.fromEntries(
    lookups.map((lookup, at) => [`GET /${at}`, { access: { object: { lookup } } }]),
  );
  const config = { apis: [{ operations: { ...operations, 'GET /none': { access: { object: null } } } }] };
  const files = { '/ca.pem': Buffer.from('PEM') };
  return { config, files, secrets: { '${env:S}': Buffer.from(`${secret}\n`) } } as unknown as Gathered;
}

function bench() {
  const calls: EgressRequest[] = [];
  const egress = {
    call: async (request: EgressRequest) => {
      calls.push(request);
      return await Promise.resolve(
        ok({ status: 200, headers: new Map([['content-type', 'application/json']]), body: Buffer.from('{"a":1}') }),
      );
    },
  };
  const desks = new Desks({ write() {} });
  const part = openNodeOwners({
    ...{ host: { egress, clock: createVirtualClock() }, desks, alerts: { raise() {} }, metrics: { ownerAsked() {} } },
  } as unknown as PartOptions);
  const ask = (url = 'https://o.example/7', lookup = LOOKUP): Promise<Told> =>
    desks.answer(OWNERS, { service: ownerService(lookup), url, source: 'n' });
  return { part, ask, calls, desks };
}

test('a service is asked with its secret and by its CAs, and none that no configuration names', async () => {
  const { part, ask, calls, desks } = bench();
  assert.equal(await ask(), null, 'nobody is asked before a configuration says whom');
  await part.fill(gatheredWith([LOOKUP]));
  const told = (await ask()) as { readonly body: Uint8Array };
  assert.equal(Buffer.from(told.body).toString(), '{"a":1}');
  assert.deepEqual([calls[0]?.headers['x-key'], calls[0]?.ca], ['Key hush', 'PEM']);
  assert.equal(await ask('https://evil.example/7'), null);
  assert.equal(await ask(undefined, { ...LOOKUP, cacheMs: 1 }), null);
  for (const odd of [{}, { service: 7, url: 'x', source: 'n' }, { service: ownerService(LOOKUP), source: 'n' }])
    assert.equal(await desks.answer(OWNERS, odd), null);
});

test('another secret asks anew, and a service that is no longer named is not asked', async () => {
  const { part, ask, calls } = bench();
  await part.fill(gatheredWith([LOOKUP]));
  await ask();
  await part.fill(gatheredWith([LOOKUP], 'newer'));
  await ask();
  assert.deepEqual(
    calls.map(({ headers }) => headers['x-key']),
    ['Key hush', 'Key newer'],
  );
  part.retain(gatheredWith([{ ...LOOKUP, timeoutMs: 2_000 }]));
  assert.equal(await ask(), null);
});
