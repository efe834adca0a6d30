import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamDialer } from './upstream-dialer.ts';
import { ADDRESS_REFUSED, upstreamLookup } from './upstream-lookup.ts';

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

test('upstreams are looked up so', () => {
  const bounds = { connectMs: 1, responseMs: 1, idleMs: 1 };
  const target = { scheme: 'http', host: 'a.internal', port: 1, ca: null, bounds } as const;
  let lookup: unknown = null;
  const dialer = new UpstreamDialer(target, 'http/1.1', (options) => {
    lookup = options.lookup;
    throw new Error('far enough');
  });
  assert.throws(() => dialer.dial(() => undefined), /far enough/);
  assert.equal(typeof lookup, 'function');
});
