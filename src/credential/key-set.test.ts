import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { KEY_LIMIT } from './key-row.ts';
import { KEY_SET_LIMIT_BYTES, type KeySet, readKeySet } from './key-set.ts';

type Jwk = Readonly<Record<string, unknown>>;

const jwkOf = ({ publicKey }: { publicKey: { export(options: { format: 'jwk' }): object } }): Jwk => ({
  ...publicKey.export({ format: 'jwk' }),
});
const RSA = jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const P256 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const P384 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
const P521 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }));
const ED25519 = jwkOf(generateKeyPairSync('ed25519'));
const SOUND = { ...ED25519, kid: 'sound' };

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const octets = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const numberText = (value: bigint): string => {
  const hex = value.toString(16);
  return octets(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
};
const modulusOf = ({ n }: Jwk): bigint => BigInt(`0x${Buffer.from(String(n), 'base64url').toString('hex')}`);

function setOf(...keys: readonly unknown[]): KeySet {
  const read = readKeySet(bytesOf({ keys }));
  assert.ok(read.ok, read.ok ? '' : read.error);
  return read.value;
}

/** Why a key is skipped; a sound one stands beside it, so that the set can be used. */
function reasonFor(key: unknown): string {
  const { rows, skipped } = setOf(key, SOUND);
  assert.deepEqual(
    rows.map(({ kid }) => kid),
    ['sound'],
    JSON.stringify(key),
  );
  return skipped[0] ?? '';
}

function errorOf(bytes: Uint8Array): string {
  const read = readKeySet(bytes);
  assert.ok(!read.ok, 'this is no set');
  return read.error;
}

test('a key may verify what its type and curve say', () => {
  const { rows, skipped } = setOf(RSA, P256, P384, P521, ED25519);
  assert.deepEqual(
    rows.map(({ algorithms }) => algorithms.join(' ')),
    ['RS256 RS384 RS512 PS256 PS384 PS512', 'ES256', 'ES384', 'ES512', 'EdDSA Ed25519'],
  );
  assert.deepEqual(skipped, []);
  for (const { jwk } of rows) assert.equal(createPublicKey({ key: { ...jwk }, format: 'jwk' }).type, 'public');
});

test('`alg` narrows it to one, and one that does not belong to the type leaves nothing', () => {
  assert.deepEqual(setOf({ ...RSA, alg: 'PS256' }).rows[0]?.algorithms, ['PS256']);
  assert.deepEqual(setOf({ ...ED25519, alg: 'EdDSA' }).rows[0]?.algorithms, ['EdDSA']);
  for (const alg of ['ES256', 'RSA-OAEP', 'none', 'HS256', 'rs256', '', 7, null, ['RS256']]) {
    assert.match(reasonFor({ ...RSA, alg }), /is for an algorithm/);
  }
});

test('only public members are kept, and the thumbprint is that of RFC 7638', () => {
  // The example of RFC 7638 §3.1.
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const [row] = setOf({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29', x5c: ['not looked at'] }).rows;
  assert.equal(row?.thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  assert.deepEqual([row?.kid, Object.keys(row?.jwk ?? {}).toSorted()], ['2011-04-29', ['e', 'kty', 'n']]);
  const [point] = setOf({ ...P256, use: 'sig', key_ops: ['verify'] }).rows;
  const canonical = `{"crv":"P-256","kty":"EC","x":"${String(P256['x'])}","y":"${String(P256['y'])}"}`;
  assert.equal(point?.thumbprint, createHash('sha256').update(canonical).digest('base64url'));
});

test('keys that are not there to check signatures are skipped', () => {
  assert.match(reasonFor({ kty: 'oct', k: 'c2VjcmV0' }), /is a symmetric key/);
  assert.match(reasonFor({ ...P256, k: 'c2VjcmV0' }), /is a symmetric key/);
  for (const use of ['enc', '', 'SIG', null, ['sig']]) assert.match(reasonFor({ ...P256, use }), /`use`/);
  for (const operations of [[], ['encrypt'], 'verify', null, { 0: 'verify' }]) {
    assert.match(reasonFor({ ...P256, key_ops: operations }), /`key_ops`/);
  }
  for (const kty of ['DSA', 'rsa', '__proto__', 'AKP', undefined, 7])
    assert.match(reasonFor({ ...P256, kty }), /`kty`/);
  for (const crv of ['secp256k1', 'p-256', '__proto__', 'Ed25519', 'constructor', null]) {
    assert.match(reasonFor({ ...P256, crv }), /`crv`/);
  }
  for (const crv of ['Ed448', 'X25519', 'P-256']) assert.match(reasonFor({ ...ED25519, crv }), /`crv`/);
});

test('a key that shows its private part is skipped and told, whatever is in it', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.match(reasonFor({ ...privateKey.export({ format: 'jwk' }) }), /shows its private part/);
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']) {
    assert.match(reasonFor({ ...RSA, [name]: '' }), /shows its private part/);
  }
});

test('weak and broken RSA keys are skipped', () => {
  const short = jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }));
  assert.match(reasonFor(short), /has 1024 bits/);
  assert.match(reasonFor({ ...RSA, n: numberText((1n << 2046n) + 1n) }), /has 2047 bits/);
  assert.match(reasonFor({ ...RSA, n: numberText((1n << 8192n) + 1n) }), /has 8193 bits/);
  assert.match(reasonFor({ ...RSA, n: numberText(modulusOf(RSA) + 1n) }), /even modulus/);
  for (const e of [0n, 1n, 3n, 65_535n, 65_538n]) assert.match(reasonFor({ ...RSA, e: numberText(e) }), /exponent/);
  assert.match(reasonFor({ ...RSA, e: numberText((1n << 64n) + 1n) }), /more than 64 bits/);
  assert.equal(setOf({ ...RSA, e: numberText((1n << 63n) + 1n) }).rows.length, 1);
});

test('an RSA key of the chips of CVE-2017-15361 is skipped', () => {
  // Such a prime is k·M + 65537^a mod M, with M the product of the first primes.
  const primes = Array.from({ length: 710 }, (_, at) => at + 2).filter((number) => isPrime(number));
  const product = primes.slice(0, 126).reduce((all, prime) => all * BigInt(prime), 1n);
  const factor = (k: bigint, a: number): bigint => {
    let power = 1n;
    for (let turn = 0; turn < a; turn++) power = (power * 65_537n) % product;
    return k * product + power;
  };
  const modulus = factor((1n << 60n) + 12_345n, 1_237) * factor((1n << 54n) + 999n, 7_919);
  assert.match(reasonFor({ ...RSA, n: numberText(modulus) }), /CVE-2017-15361/);
  assert.equal(setOf({ ...RSA, n: numberText(modulus + 2n) }).rows.length, 1);
});

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

test('points off their curve, and coordinates of another size, are skipped', () => {
  assert.match(reasonFor({ ...P256, x: P256['y'] }), /not a valid public key/);
  assert.match(reasonFor({ ...P256, x: octets(new Uint8Array(32)), y: octets(new Uint8Array(32)) }), /not a valid/);
  assert.match(reasonFor({ ...P256, crv: 'P-384' }), /of the size of its curve/);
  const longer = octets(Buffer.concat([Buffer.alloc(1), Buffer.from(String(P256['x']), 'base64url')]));
  assert.match(reasonFor({ ...P256, x: longer }), /of the size of its curve/);
  assert.match(reasonFor({ ...ED25519, x: octets(new Uint8Array(31)) }), /of the size of its curve/);
  for (const y of [undefined, 7, '', `${String(P256['y'])}=`, ` ${String(P256['y'])}`]) {
    assert.match(reasonFor({ ...P256, y }), /of the size of its curve/);
  }
});

test('another spelling of the same key is no other key', () => {
  const padded = octets(Buffer.concat([Buffer.alloc(2), Buffer.from(String(RSA['n']), 'base64url')]));
  const { rows, skipped } = setOf({ ...RSA, kid: 'a' }, { ...RSA, n: padded, e: 'AAEAAQ', kid: 'b' });
  assert.deepEqual([rows.length, rows[0]?.kid, skipped], [1, 'a', ['key 2 (b) is there twice']]);
});

test('whose tokens a key may sign is kept, and what cannot be read leaves it to nobody', () => {
  const issuerIn = (issuer: unknown): string | undefined => setOf({ ...ED25519, issuer }).rows[0]?.issuer;
  assert.equal(issuerIn(undefined), undefined);
  assert.equal(issuerIn('https://login.example/{tenantid}/v2.0'), 'https://login.example/{tenantid}/v2.0');
  for (const issuer of [7, null, [], 'x'.repeat(2_049)]) assert.equal(issuerIn(issuer), '');
});

test('two keys of one name are both kept', () => {
  assert.deepEqual(
    setOf({ ...P256, kid: 'k' }, { ...P384, kid: 'k' }).rows.map(({ kid }) => kid),
    ['k', 'k'],
  );
});

test('a name is a text that is not too long, or is left out', () => {
  assert.equal(setOf(P256).rows[0]?.kid, null);
  assert.equal(setOf({ ...P256, kid: '../../etc/passwd' }).rows[0]?.kid, '../../etc/passwd');
  for (const kid of [7, null, ['a'], {}, 'x'.repeat(257)]) assert.match(reasonFor({ ...P256, kid }), /`kid`/);
});

test('what is said of a skipped key holds nothing that could hurt a log', () => {
  const said = reasonFor({ kty: 'oct', kid: `\u001b[31m\n\u202e${'x'.repeat(100_000)}` });
  assert.match(said, /^key 1 \(\?\[31m\?\?x+…\) is a symmetric key/);
  assert.ok(said.length < 200);
});

test('what is no set is an error that quotes nothing of it', () => {
  const secret = 'hunter2';
  for (const text of ['', secret, `{"keys":[${secret}`, '{"keys":[]} x', `\ufeff{"keys":[]}`]) {
    assert.equal(errorOf(Buffer.from(text)), 'it is not JSON in UTF-8');
  }
  assert.equal(errorOf(Uint8Array.of(0x22, 0xff, 0x22)), 'it is not JSON in UTF-8');
  for (const value of [null, [], 'keys', 7, {}, { keys: {} }, { Keys: [SOUND] }, { __proto__: { keys: [SOUND] } }]) {
    assert.match(errorOf(bytesOf(value)), /not an object with an array `keys`/);
  }
  assert.equal(errorOf(bytesOf({ keys: [] })), 'it holds no keys');
  assert.match(
    errorOf(bytesOf({ keys: [null, 7, 'x', []] })),
    /^none of its 4 keys can be used: key 1 is not an object/,
  );
  assert.match(errorOf(bytesOf({ keys: Array.from({ length: KEY_LIMIT + 1 }, () => SOUND) })), /100 is the limit/);
  assert.match(errorOf(new Uint8Array(KEY_SET_LIMIT_BYTES + 1)), /is larger than 262144 bytes/);
  assert.equal(errorOf(Buffer.from('['.repeat(200_000))), 'it is not JSON in UTF-8');
});

test('members of the prototype are not members of a key', () => {
  const text = `{"keys":[{"__proto__":${JSON.stringify({ ...P256, kid: 'polluted' })}},${JSON.stringify(SOUND)}]}`;
  const read = readKeySet(Buffer.from(text));
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.rows.map(({ kid }) => kid),
    ['sound'],
  );
});

test('whatever JSON stands in a set, reading it never throws, and each row can verify', () => {
  const member = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('RSA', 'EC', 'OKP', 'P-256', 'Ed25519', 'sig', 'RS256', 'AQAB'),
  );
  const names = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use', 'key_ops', 'd', '__proto__');
  const changed = fc
    .tuple(fc.constantFrom(RSA, P256, P521, ED25519), names, member)
    .map(([key, name, value]) => Object.fromEntries([...Object.entries(key), [name, value]]));
  fc.assert(
    fc.property(fc.array(fc.oneof(changed, fc.jsonValue()), { maxLength: 4 }), (keys) => {
      const read = readKeySet(bytesOf({ keys }));
      if (!read.ok) return;
      for (const { jwk, algorithms, kid } of read.value.rows) {
        assert.ok(algorithms.length > 0 && (kid === null || typeof kid === 'string') && !('d' in jwk));
        createPublicKey({ key: { ...jwk }, format: 'jwk' });
      }
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(typeof readKeySet(bytes).ok, 'boolean');
    }),
  );
});
