import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limiterContract } from '../../../ports/limiter-contract.ts';
import { type Call, caller, RateBench } from './bench.test.ts';
import { PlainLimiter } from './plain-limiter.test.ts';

limiterContract('the plain limiter that these tests count with', () => new PlainLimiter());

const ADA = caller('ada');
const BOB = caller('bob');

test('10/min lets ten calls through at once, then one each six seconds', () => {
  const bench = new RateBench(['10/min per user']);
  assert.equal(bench.passing(12, { principal: ADA }), 10);
  const { problem, rule } = bench.call({ principal: ADA });
  assert.deepEqual(problem, { code: 'rate-limited', headers: [['retry-after', '6']] });
  assert.equal(rule, 'limit 10/min per user');
  bench.nowMs += 5_999;
  assert.deepEqual(bench.call({ principal: ADA }).problem?.headers, [['retry-after', '1']]);
  bench.nowMs += 1;
  assert.equal(bench.passing(2, { principal: ADA }), 1);
  assert.equal(bench.call({ principal: BOB }).problem, null);
});

test('several limits hold together, and a call that one refuses is counted by none', () => {
  const bench = new RateBench(['3/s per user', '4/min per user']);
  assert.equal(bench.passing(5, { principal: ADA }), 3);
  bench.nowMs += 1_000;
  assert.equal(bench.passing(5, { principal: ADA }), 1);
  assert.equal(bench.call({ principal: ADA }).rule, 'limit 4/min per user');
});

test('a call that the limit of its caller refuses costs its address nothing', () => {
  const bench = new RateBench(['2/min per user', '5/min per address']);
  assert.equal(bench.passing(100, { principal: ADA }), 2);
  assert.equal(bench.passing(100, { principal: BOB }), 2);
  assert.equal(bench.passing(100, { principal: caller('eve') }), 1);
  const { rule } = bench.call({ principal: caller('mallory') });
  assert.equal(rule, 'limit 5/min per address');
});

test('a call that another policy refuses has cost its address one, so that guessing has an end', () => {
  const bench = new RateBench(['2/min per user', '5/min per address']);
  for (let n = 0; n < 5; n++) assert.equal(bench.call({ refusedBetween: true }).problem, null);
  assert.equal(bench.call({ principal: ADA }).rule, 'limit 5/min per address');
  assert.equal(bench.passing(3, { principal: ADA, address: '192.0.2.8' }), 2);
});

test('limits of the API count all operations together, limits of an operation it alone besides', () => {
  const bench = new RateBench(['5/min per user'], { operations: { refundOrder: ['2/min per user'] } });
  assert.equal(bench.passing(3, { principal: ADA, operation: 'refundOrder' }), 2);
  assert.equal(bench.passing(9, { principal: ADA, operation: 'getOrder' }), 3);
  assert.equal(bench.passing(1, { principal: ADA, operation: 'listOrders' }), 0);
});

test('one text on two operations is two limits, and what is called elsewhere uses up neither', () => {
  const operations = { refundOrder: ['2/min per user'], closeOrder: ['2/min per user'] };
  const bench = new RateBench(['20/min per user'], { operations });
  assert.equal(bench.passing(3, { principal: ADA, operation: 'refundOrder' }), 2);
  assert.equal(bench.passing(9, { principal: ADA, operation: 'getOrder' }), 9);
  assert.equal(bench.passing(3, { principal: ADA, operation: 'closeOrder' }), 2);
});

test('the same text on the API and on an operation is two limits, with two names', () => {
  const bench = new RateBench(['5/min per user'], { operations: { refundOrder: ['5/min per user'] } });
  const { fields } = bench.call({ principal: ADA, operation: 'refundOrder' });
  assert.equal(fields['ratelimit'], '"5/min per user";r=4;t=12, "5/min per user here";r=4;t=12');
  assert.equal(bench.passing(9, { principal: ADA, operation: 'getOrder' }), 4);
});

test('where nobody is known, limits of the API that count callers do not hold, and those by address do', () => {
  const bench = new RateBench(['1/min per user', '3/min per address'], { open: ['health'] });
  assert.equal(bench.passing(9, { operation: 'health' }), 3);
  const onlyCallers = new RateBench(['1/min per user'], { open: ['health'] });
  assert.deepEqual(onlyCallers.steps('health'), {});
});

test('a caller that nobody knows is refused where callers are counted, and not let through uncounted', () => {
  const bench = new RateBench(['1/min per user']);
  const headers = [['www-authenticate', 'Bearer realm="orders"']];
  assert.deepEqual(bench.call({ principal: null }).problem, { code: 'unauthenticated', headers });
});

test('a caller without a client or a tenant counts as the user it is', () => {
  const bench = new RateBench(['1/min per app', '1/h per tenant']);
  const app = { clientId: 'shop', tenant: 't1' };
  assert.equal(bench.passing(2, { principal: caller('ada', app) }), 1);
  assert.equal(bench.passing(1, { principal: caller('bob', app) }), 0);
  assert.equal(bench.passing(2, { principal: ADA }), 1);
  assert.equal(bench.passing(2, { principal: caller('shop') }), 1);
  assert.equal(bench.passing(2, { principal: caller('t1') }), 1);
});

test('an operation without limits has no steps, and one by address alone none that waits for a caller', () => {
  assert.deepEqual(new RateBench([], { operations: { other: ['1/s per user'] } }).steps('getOrder'), {});
  assert.deepEqual(Object.keys(new RateBench(['1/s per address']).steps('getOrder')), ['admit', 'respond']);
  assert.deepEqual(Object.keys(new RateBench(['1/s per user']).steps('getOrder')), ['limit', 'respond']);
});

test('operations called like members of Object.prototype have no limits but their own', () => {
  const bench = new RateBench([], { operations: Object.fromEntries([['__proto__', ['1/s per address']]]) });
  assert.deepEqual(bench.steps('constructor'), {});
  assert.equal(bench.passing(2, { operation: '__proto__' }), 1);
});

test('replies say quota and window of each rule that was asked, and what is left of it', () => {
  const bench = new RateBench(['100/min per user', '1000/h per address']);
  assert.deepEqual(bench.call({ principal: ADA }).fields, {
    'ratelimit-policy': '"1000/h per address";q=1000;w=3600, "100/min per user";q=100;w=60',
    ratelimit: '"1000/h per address";r=999;t=4, "100/min per user";r=99;t=1',
  });
  assert.deepEqual(bench.call({ refusedBetween: true }).fields, {
    'ratelimit-policy': '"1000/h per address";q=1000;w=3600',
    ratelimit: '"1000/h per address";r=998;t=8',
  });
});

test('a refused call says that nothing is left, and of the address what was given back', () => {
  const bench = new RateBench(['1/min per user', '10/min per address']);
  bench.call({ principal: ADA });
  const { fields } = bench.call({ principal: ADA });
  assert.equal(fields['ratelimit'], '"10/min per address";r=9;t=6, "1/min per user";r=0;t=60');
});

/** A list of strings with whole numbers as parameters (RFC 9651 §3.1), as a client reads it. */
function parseField(text: string): readonly Readonly<Record<string, string | number>>[] {
  const items: Record<string, string | number>[] = [];
  let rest = text;
  while (rest !== '') {
    const name = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/.exec(rest) ?? assert.fail(rest);
    const item: Record<string, string | number> = { name: (name[1] ?? '').replaceAll(/\\(.)/g, '$1') };
    rest = rest.slice(name[0].length);
    for (let found = /^;([a-z*][a-z0-9_.*-]*)=([0-9]{1,15})/.exec(rest); found !== null; ) {
      item[found[1] ?? ''] = Number(found[2]);
      rest = rest.slice(found[0].length);
      found = /^;([a-z*][a-z0-9_.*-]*)=([0-9]{1,15})/.exec(rest);
    }
    items.push(item);
    const comma = /^, (?=")/.exec(rest);
    assert.ok(comma !== null || rest === '', rest);
    rest = rest.slice(comma?.[0].length ?? 0);
  }
  return items;
}

test('both fields are well-formed lists, name the same rules, and what they promise comes true', () => {
  // Of one stage: a call that its address may not make is refused before anybody asks what its user may.
  const rules = fc.constantFrom(['user', 'app'], ['address']).chain((subjects) => {
    const text = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom('s', 'min', 'h'), fc.constantFrom(...subjects))
      .map(([count, unit, who]) => `${count}/${unit} per ${who}`);
    return fc.uniqueArray(text, { minLength: 1, maxLength: 4 });
  });
  fc.assert(
    fc.property(rules, fc.array(fc.nat(90_000), { minLength: 1, maxLength: 40 }), (texts, pauses) => {
      const bench = new RateBench(texts);
      for (const pauseMs of pauses) {
        bench.nowMs += pauseMs;
        const { problem, fields } = bench.call({ principal: ADA });
        const policies = parseField(fields['ratelimit-policy'] ?? '');
        const left = parseField(fields['ratelimit'] ?? '');
        assert.deepEqual(
          left.map(({ name }) => name),
          policies.map(({ name }) => name),
        );
        assert.equal(
          policies.some(({ q, w }) => Number(q) < 1 || Number(w) < 1),
          false,
        );
        const retryAfter = Number(problem?.headers?.[0]?.[1] ?? 0);
        if (problem === null) continue;
        assert.ok(left.some(({ r }) => r === 0));
        bench.nowMs += retryAfter * 1000;
        assert.equal(bench.call({ principal: ADA }).problem, null, 'after Retry-After a call passes');
      }
    }),
  );
});

test('no two callers, addresses or rules are ever counted under one key', () => {
  const part = fc.constantFrom('', 'a', 'b', '\0', 'a\0', '\0a', 'a\0b', '"', '/', '__proto__', 'user', 'app');
  const known = fc.record({ subject: part, clientId: fc.option(part), tenant: fc.option(part) });
  const who = fc.record({ ...{ known }, issuer: fc.constantFrom('acme', 'acm', 'e') });
  fc.assert(
    fc.property(who, who, fc.constantFrom('user', 'app', 'tenant'), (one, other, per) => {
      const bench = new RateBench([`1/h per ${per}`]);
      const call = ({ known: given, issuer }: typeof one): Call => ({
        principal: caller(given.subject, { clientId: given.clientId, tenant: given.tenant, issuer }),
      });
      bench.call(call(one));
      bench.call(call(other));
      const identity = ({ known: given, issuer }: typeof one): string => {
        const id = per === 'app' ? given.clientId : per === 'tenant' ? given.tenant : null;
        return JSON.stringify(id === null ? ['user', issuer, given.subject] : [per, issuer, id]);
      };
      const [first, second] = bench.limiter.keys;
      assert.equal(first === second, identity(one) === identity(other));
    }),
    { numRuns: 500 },
  );
});

test('an IPv6 caller is counted by its network of 64 bits, however it writes its address', () => {
  const bench = new RateBench(['2/min per address']);
  assert.equal(bench.passing(1, { address: '2001:db8:1:2::1' }), 1);
  assert.equal(bench.passing(1, { address: '2001:0DB8:1:2:ffff:ffff:ffff:ffff' }), 1);
  assert.equal(bench.passing(1, { address: '2001:db8:1:2:3::9' }), 0);
  assert.equal(bench.passing(1, { address: '2001:db8:1:3::1' }), 1);
  assert.equal(bench.passing(3, { address: '192.0.2.7' }), 2);
  assert.equal(bench.passing(1, { address: '::ffff:192.0.2.7' }), 0);
  assert.equal(bench.passing(3, { address: 'unix' }), 2);
});

test('calls on a warm path make no new charges', () => {
  const bench = new RateBench(['10/min per user', '10/min per address']);
  const charged: unknown[] = [];
  const { charge } = bench.limiter;
  bench.limiter.charge = (charges, nowMs) => {
    charged.push(charges);
    return charge.call(bench.limiter, charges, nowMs);
  };
  for (let n = 0; n < 3; n++) bench.call({ principal: ADA });
  assert.equal(new Set(charged).size, 2);
});

test('the keys of each rule are a share of their own, and addresses are strangers', () => {
  const operations = { refundOrder: ['2/min per user'], closeOrder: ['2/min per user'] };
  const bench = new RateBench(['10/min per user', '10/min per address'], { operations });
  const shares = new Set<string | undefined>();
  const { charge } = bench.limiter;
  bench.limiter.charge = (charges, nowMs) => {
    for (const { share, key, stranger } of charges) {
      shares.add(share);
      assert.equal(stranger, key.includes('per address'));
    }
    return charge.call(bench.limiter, charges, nowMs);
  };
  for (const operation of ['refundOrder', 'closeOrder']) {
    for (const principal of [ADA, BOB]) bench.call({ principal, operation });
  }
  assert.equal(shares.size, 4);
});

test('operations without limits of their own have one set of charges for each caller, and the others their own', () => {
  const bench = new RateBench(['10/min per user'], { operations: { refundOrder: ['2/min per user'] } });
  const charged: unknown[] = [];
  const { charge } = bench.limiter;
  bench.limiter.charge = (charges, nowMs) => {
    charged.push(charges);
    return charge.call(bench.limiter, charges, nowMs);
  };
  for (const operation of ['getOrder', 'listOrders', 'refundOrder']) bench.call({ principal: ADA, operation });
  assert.equal(charged[0], charged[1]);
  assert.notEqual(charged[0], charged[2]);
});

test('operations that are open and those that are not share nothing', () => {
  const bench = new RateBench(['1/min per user', '9/min per address'], { open: ['health'] });
  assert.deepEqual(Object.keys(bench.steps('getOrder')), ['admit', 'limit', 'respond']);
  assert.deepEqual(Object.keys(bench.steps('health')), ['admit', 'respond']);
  assert.deepEqual(Object.keys(bench.steps('listOrders')), ['admit', 'limit', 'respond']);
});

test('what is kept of one caller is never found for another, who is the same but for one part', () => {
  const bench = new RateBench(['1/min per tenant']);
  const parts = [{}, { issuer: 'other' }, { tenant: 't1' }, { tenant: 't2' }, { tenant: 't1', issuer: 'other' }];
  for (const more of parts) assert.equal(bench.passing(2, { principal: caller('ada', more) }), 1);
  for (const more of parts) assert.equal(bench.passing(1, { principal: caller('ada', more) }), 0);
});

test('another configuration counts by its own limits, whoever called under the one before', () => {
  const principal = caller('ada');
  const before = new RateBench(['5/min per user']);
  assert.equal(before.passing(9, { principal }), 5);
  const after = new RateBench(['2/min per user']);
  assert.equal(after.passing(9, { principal }), 2);
  const { fields } = after.call({ principal });
  assert.equal(fields['ratelimit'], '"2/min per user";r=0;t=60');
  assert.deepEqual(
    after.limiter.keys.filter((key) => !key.includes('2/min')),
    [],
  );
});

test('a caller that passed is refused as soon as the limiter says so, and passes again', () => {
  const bench = new RateBench(['1/s per user']);
  for (let second = 0; second < 5; second++) {
    assert.equal(bench.call({ principal: ADA }).problem, null);
    assert.equal(bench.call({ principal: ADA }).problem?.code, 'rate-limited');
    bench.nowMs += 1000;
  }
});
