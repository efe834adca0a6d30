import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readJson } from '../../src/credential/jwt-fixture.test.ts';
import { signatureHolds } from '../../src/credential/jwt-signature.ts';
import { readJwt } from '../../src/credential/jwt-text.ts';
import { importKey } from '../../src/credential/key-import.ts';
import type { KeyRow } from '../../src/credential/key-row.ts';
import { readKeySet } from '../../src/credential/key-set.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../src/credential/token-profile.ts';

type Jwk = Readonly<Record<string, string>>;

/** The examples of RFC 7520, with those of RFC 7797 and RFC 8037, as the working group has published them. */
const COOKBOOK = JSON.parse(readFileSync(new URL('cookbook.json', import.meta.url), 'utf8')) as {
  readonly keys: readonly { readonly name: string; readonly jwk: Jwk }[];
  readonly signatures: readonly {
    readonly name: string;
    readonly algorithm: string;
    readonly jwk: Jwk;
    readonly input: string;
    readonly signature: string;
  }[];
  readonly texts: readonly { readonly name: string; readonly text: string }[];
};

function rowOf(jwk: Jwk): KeyRow | string {
  const set = readKeySet(Buffer.from(JSON.stringify({ keys: [jwk] })));
  return set.ok ? (set.value.rows[0] as KeyRow) : set.error;
}

function faultIn(jwk: Jwk): string {
  const row = rowOf(jwk);
  return typeof row === 'string' ? row : '';
}

const isTaken = (name: string): name is SignatureAlgorithm =>
  (SIGNATURE_ALGORITHMS as readonly string[]).includes(name);

test('the examples are all there', () => {
  const { keys, signatures, texts } = COOKBOOK;
  assert.deepEqual([keys.length, signatures.length, texts.length], [6, 14, 69]);
  assert.equal(signatures.filter(({ algorithm }) => isTaken(algorithm)).length, 7);
});

for (const { name, algorithm, jwk, input, signature } of COOKBOOK.signatures) {
  if (isTaken(algorithm)) {
    test(`${name}: the signature of ${algorithm} holds, and for nothing else`, () => {
      const row = rowOf(jwk);
      assert.ok(typeof row === 'object', JSON.stringify(row));
      assert.ok(row.algorithms.includes(algorithm));
      const key = importKey(row);
      assert.ok(key !== null);
      const [bytes, sealed] = [Buffer.from(input), Buffer.from(signature, 'base64url')];
      assert.ok(signatureHolds(algorithm, key, bytes, sealed));
      for (let at = 0; at < sealed.length; at++) {
        const other = Buffer.from(sealed);
        other.writeUInt8(other.readUInt8(at) ^ 1, at);
        assert.ok(!signatureHolds(algorithm, key, bytes, other), `octet ${at}`);
      }
      assert.ok(!signatureHolds(algorithm, key, Buffer.from(`${input}A`), sealed));
      const others = SIGNATURE_ALGORITHMS.filter(
        (one) => one !== algorithm && !(one.startsWith('Ed') && jwk['kty'] === 'OKP'),
      );
      for (const one of others) assert.ok(!signatureHolds(one, key, bytes, sealed), one);
    });
  } else {
    test(`${name}: a key that ${algorithm} is checked with is no key of an issuer`, () => {
      assert.match(faultIn(jwk), /symmetric/);
    });
  }
}

const KEY_FAULTS: Readonly<Record<string, RegExp | null>> = {
  'jwk/3_1.ec_public_key': null,
  'jwk/3_2.ec_private_key': /shows its private part/,
  'jwk/3_3.rsa_public_key': null,
  'jwk/3_4.rsa_private_key': /shows its private part/,
  'jwk/3_5.symmetric_key_mac_computation': /symmetric/,
  'jwk/3_6.symmetric_key_encryption': /symmetric/,
};

for (const { name, jwk } of COOKBOOK.keys) {
  test(`${name}: ${KEY_FAULTS[name] === null ? 'is read as a key' : 'is refused as a key'}`, () => {
    const row = rowOf(jwk);
    const fault = KEY_FAULTS[name];
    assert.ok(fault !== undefined);
    if (fault !== null) assert.match(faultIn(jwk), fault);
    else assert.ok(typeof row === 'object' && importKey(row) !== null);
  });
}

/** Of all texts only one has claims in it; the others are no tokens, whoever has signed them. */
const READ = '6.nesting_signatures_and_encryption, signed, compact';

function faultOf(name: string, text: string): string | null {
  if (name === READ) return null;
  // Dots in what is written in JSON are no parts, but whoever counts them has said no already.
  if (!name.endsWith(', compact')) return text.split('.').length === 5 ? 'encrypted' : 'not-compact';
  if (name.startsWith('jwe/') || name.includes('encrypted') || name.includes('ecdh-es')) return 'encrypted';
  if (name.startsWith('jws/4_5')) return 'not-compact';
  // Its payload is written as it is (RFC 7797 §5.2).
  return name.startsWith('rfc7797/') ? 'encoding' : 'json';
}

for (const { name, text } of COOKBOOK.texts) {
  const fault = faultOf(name, text);
  test(`${name}: ${fault === null ? 'is read as a token' : `is no token: ${fault}`}`, () => {
    const read = readJwt(text, readJson);
    assert.equal(read.ok ? null : read.error, fault);
  });
}
