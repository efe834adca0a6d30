import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, createServer, type LookupFunction } from 'node:net';
import { test } from 'node:test';
import { UpstreamDialer, type UpstreamTarget } from './upstream-dialer.ts';
import { ADDRESS_REFUSED, internetLookup, upstreamLookup } from './upstream-lookup.ts';

type Told = { readonly code: string | undefined; readonly addresses: unknown };

/** What `net.connect` is told of a name that stands for these addresses. */
function lookedUp(
  addresses: readonly string[],
  allowed: readonly string[],
  { all = true, host = 'a.internal' } = {},
): Told {
  let result: Told | null = null;
  const lookup = upstreamLookup(allowed, (_host, options, told) => {
    assert.equal(options.all, true);
    told(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  });
  lookup(host, { all }, (fault, address, family) => {
    result = { code: fault?.code, addresses: all ? address : [address, family] };
  });
  assert.ok(result !== null);
  return result;
}

test('of the addresses of a name only those can be connected to that an upstream may have', () => {
  assert.deepEqual(lookedUp(['127.0.0.1', '10.0.0.1', '169.254.169.254', 'fd00::1'], []), {
    code: undefined,
    addresses: [
      { address: '10.0.0.1', family: 4 },
      { address: 'fd00::1', family: 6 },
    ],
  });
  assert.deepEqual(lookedUp(['::1', '10.0.0.1'], [], { all: false }), { code: undefined, addresses: ['10.0.0.1', 4] });
});

test('a name that has no other address is refused, unless they are allowed, or it is a name of this machine', () => {
  assert.equal(lookedUp(['127.0.0.1', '::ffff:169.254.169.254'], []).code, ADDRESS_REFUSED);
  assert.equal(lookedUp(['127.0.0.1'], ['127.0.0.0/8']).code, undefined);
  assert.equal(lookedUp(['127.0.0.1', '::1'], [], { host: 'localhost' }).code, undefined);
  assert.equal(lookedUp([], []).code, ADDRESS_REFUSED);
});

test('a name that can not be looked up is that fault', () => {
  const fault = Object.assign(new Error('x'), { code: 'ENOTFOUND' });
  const lookup = upstreamLookup([], (_host, _options, told) => told(fault, []));
  let told: unknown = null;
  lookup('a.internal', { all: true }, (error) => (told = error));
  assert.equal(told, fault);
});

test('a name that is turned round between two connections is judged for each', async () => {
  const answers = ['10.0.0.1', '127.0.0.1'];
  const lookup = upstreamLookup([], (_host, _options, told) =>
    told(null, [{ address: answers.shift() ?? '', family: 4 }]),
  );
  const codes = [1, 2].map(() => {
    let code: string | undefined = 'never told';
    lookup('a.internal', { all: true }, (fault) => (code = fault?.code));
    return code;
  });
  assert.deepEqual(codes, [undefined, ADDRESS_REFUSED]);
});

/** What the dialer of an upstream hands to `net.connect` as the way to look up names. */
function lookupOfDialer(
  allowedAddresses: readonly string[],
  internet: UpstreamTarget['internet'] = null,
): LookupFunction {
  let handed: LookupFunction | undefined;
  const dialer = new UpstreamDialer({ ...TARGET, allowedAddresses, internet }, 'http/1.1', ({ lookup }) => {
    handed = lookup;
    throw new Error('far enough');
  });
  assert.throws(() => dialer.dial(() => undefined), /far enough/);
  assert.ok(handed !== undefined, 'the system would be asked, and nobody would judge its answer');
  return handed;
}

const TARGET: UpstreamTarget = {
  scheme: 'http',
  ...{ host: 'a.internal', port: 1, ca: null },
  bounds: { connectMs: 1, responseMs: 1, idleMs: 1 },
};

test('what the dialer hands to connect asks the system, and judges its answer', (t) => {
  const system = t.mock.method(
    dns,
    'lookup',
    (
      _host: string,
      _options: dns.LookupAllOptions,
      told: (fault: null, addresses: readonly dns.LookupAddress[]) => void,
    ) => told(null, [{ address: '169.254.169.254', family: 4 }]),
  );
  syncBuiltinESMExports();
  try {
    const ask = (allowed: readonly string[], all: boolean): unknown => {
      let told: unknown = 'nothing';
      lookupOfDialer(allowed)('a.internal', { all }, (fault, addresses) => (told = fault?.code ?? addresses));
      return told;
    };
    assert.equal(ask([], true), ADDRESS_REFUSED);
    assert.equal(ask([], false), ADDRESS_REFUSED);
    assert.equal(ask(['169.254.169.0/24'], false), '169.254.169.254');
    assert.equal(system.mock.callCount(), 3);
  } finally {
    system.mock.restore();
    syncBuiltinESMExports();
  }
});

test('of a third party the dialer takes no private address from the system either', (t) => {
  const system = t.mock.method(
    dns,
    'lookup',
    (_host: string, _options: object, told: (fault: null, addresses: readonly dns.LookupAddress[]) => void) =>
      told(null, [{ address: '10.0.0.1', family: 4 }]),
  );
  syncBuiltinESMExports();
  try {
    const ask = (internet: UpstreamTarget['internet']): unknown => {
      let told: unknown = 'nothing';
      const judge = lookupOfDialer([], internet);
      judge('a.internal', { all: false }, (fault, addresses) => (told = fault?.code ?? addresses));
      return told;
    };
    assert.equal(ask({ resolver: null }), ADDRESS_REFUSED);
    assert.equal(ask(null), '10.0.0.1');
  } finally {
    system.mock.restore();
    syncBuiltinESMExports();
  }
});

test('a name that the system itself takes for an address of this machine is not connected to, over http and https', async (t) => {
  let reached = 0;
  const server = createServer((socket) => {
    reached++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  // No address to `net.connect`, which looks it up; the system reads it as 127.0.0.1.
  const here = { ...TARGET, host: '2130706433', port: (server.address() as AddressInfo).port };
  for (const scheme of ['http', 'https'] as const) {
    const socket = new UpstreamDialer({ ...here, scheme }, 'http/1.1', null).dial(() => undefined);
    const code = await new Promise((told) => {
      socket.once('error', (fault: NodeJS.ErrnoException) => told(fault.code));
      socket.once('connect', () => told('connected'));
    });
    socket.destroy();
    assert.equal(code, ADDRESS_REFUSED, scheme);
  }
  assert.equal(reached, 0);
  const allowed = new UpstreamDialer({ ...here, allowedAddresses: ['127.0.0.1'] }, 'http/1.1', null);
  const socket = allowed.dial(() => undefined);
  await once(socket, 'connect');
  socket.destroy();
});

/** The same of a third party. */
function outside(addresses: readonly string[], allowed: readonly string[] = [], all = true): Told {
  let result: Told | null = null;
  const lookup = internetLookup(allowed, (_host, _options, told) =>
    told(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
  );
  lookup('api.pay.example', { all }, (fault, address, family) => {
    result = { code: fault?.code, addresses: all ? address : [address, family] };
  });
  assert.ok(result !== null);
  return result;
}

test('of a third party every address must be on the open internet, else nothing of its name is used', () => {
  assert.deepEqual(outside(['8.8.8.8', '2606:4700::1']).addresses, [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1', family: 6 },
  ]);
  assert.deepEqual(outside(['8.8.8.8'], [], false).addresses, ['8.8.8.8', 4]);
  for (const mixed of [
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
    ['10.0.0.1'],
    ['8.8.8.8', '::ffff:10.0.0.1'],
    [],
  ])
    assert.deepEqual(outside(mixed), { code: ADDRESS_REFUSED, addresses: [] }, mixed.join());
  assert.equal(outside(['8.8.8.8', '10.0.0.1'], ['10.0.0.0/8']).code, undefined);
});
