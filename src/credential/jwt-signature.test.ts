import assert from 'node:assert/strict';
import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { createSigner, signWith } from './jwt-fixture.test.ts';
import { signatureHolds } from './jwt-signature.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './token-profile.ts';

const INPUT = Buffer.from('header.payload');
const OTHER = Buffer.from('header.payloae');

const signers = SIGNATURE_ALGORITHMS.map((algorithm) => {
  const signer = createSigner(algorithm);
  return { algorithm, signature: signer.sign(INPUT.toString()), key: createPublicKey(signer.privateKey) };
});

for (const { algorithm, signature, key } of signers) {
  test(`${algorithm}: its own signature holds, for this text alone, unchanged and of its length`, () => {
    assert.equal(signatureHolds(algorithm, key, INPUT, signature), true);
    assert.equal(signatureHolds(algorithm, key, OTHER, signature), false);
    const changed = Buffer.from(signature);
    changed[9] = (changed[9] as number) ^ 1;
    assert.equal(signatureHolds(algorithm, key, INPUT, changed), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, signature.subarray(1)), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, signature.subarray(0, -1)), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, Buffer.concat([signature, Buffer.alloc(1)])), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, Buffer.concat([Buffer.alloc(1), signature])), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, Buffer.alloc(0)), false);
    assert.equal(signatureHolds(algorithm, key, INPUT, Buffer.alloc(signature.length)), false);
  });

  test(`${algorithm}: its signature holds under no other algorithm, and no other key makes it hold`, () => {
    for (const other of signers) {
      const same = algorithm.startsWith('Ed') && other.algorithm.startsWith('Ed');
      const sameKey = other.algorithm === algorithm;
      if (!same) assert.equal(signatureHolds(other.algorithm, key, INPUT, signature), sameKey, other.algorithm);
      if (!sameKey && !isRsa(algorithm)) {
        assert.equal(signatureHolds(algorithm, other.key, INPUT, signature), false, other.algorithm);
      }
    }
  });
}

test('Ed25519 is the new name of what EdDSA was used for', () => {
  const signer = createSigner('EdDSA');
  const signature = signer.sign(INPUT.toString());
  assert.equal(signatureHolds('Ed25519', createPublicKey(signer.privateKey), INPUT, signature), true);
});

test('an ECDSA signature with a zero half, or in the form of ASN.1, is refused', () => {
  const signer = createSigner('ES256');
  const key = createPublicKey(signer.privateKey);
  const signature = signer.sign(INPUT.toString());
  const [r, s, zero] = [signature.subarray(0, 32), signature.subarray(32), Buffer.alloc(32)];
  for (const forged of [Buffer.concat([r, zero]), Buffer.concat([zero, s]), Buffer.concat([zero, zero])]) {
    assert.equal(signatureHolds('ES256', key, INPUT, forged), false);
  }
  const asn1 = sign('sha256', INPUT, { key: signer.privateKey, dsaEncoding: 'der' });
  assert.equal(signatureHolds('ES256', key, INPUT, asn1), false);
});

test('RSASSA-PSS with a salt of another length is refused', () => {
  const signer = createSigner('PS256');
  for (const saltLength of [0, 20, 64]) {
    const options = { key: signer.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    const key = createPublicKey(signer.privateKey);
    assert.equal(signatureHolds('PS256', key, INPUT, sign('sha256', INPUT, options)), false, String(saltLength));
  }
});

test('keys of other types and curves make nothing hold, and nothing throws', () => {
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed448'),
    generateKeyPairSync('x25519'),
  ];
  for (const { publicKey } of pairs) {
    for (const algorithm of SIGNATURE_ALGORITHMS) {
      for (const length of [64, 96, 114, 132, 256]) {
        assert.equal(signatureHolds(algorithm, publicKey, INPUT, Buffer.alloc(length, 7)), false);
      }
    }
  }
  const k256 = pairs[0]!.privateKey;
  assert.equal(signatureHolds('ES256', createPublicKey(k256), INPUT, signWith('ES256', k256, INPUT.toString())), false);
});

test('a private key is not what signatures are checked with', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  assert.equal(
    signatureHolds(
      'EdDSA',
      createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
      INPUT,
      signWith('EdDSA', privateKey, INPUT.toString()),
    ),
    false,
  );
});

interface Vector {
  readonly from: string;
  readonly algorithm: SignatureAlgorithm;
  readonly jwk: Readonly<Record<string, string>>;
  readonly input: string;
  readonly signature: string;
}

const RFC7515_PAYLOAD =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

const VECTORS: readonly Vector[] = [
  {
    from: 'RFC 7515 appendix A.2',
    algorithm: 'RS256',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    input: `eyJhbGciOiJSUzI1NiJ9.${RFC7515_PAYLOAD}`,
    signature:
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  },
  {
    from: 'RFC 7515 appendix A.3',
    algorithm: 'ES256',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    input: `eyJhbGciOiJFUzI1NiJ9.${RFC7515_PAYLOAD}`,
    signature: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
  {
    from: 'RFC 8037 appendix A.4',
    algorithm: 'EdDSA',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    input: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
    signature: 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
];

for (const { from, algorithm, jwk, input, signature } of VECTORS) {
  test(`the example of ${from} holds`, () => {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    const bytes = Buffer.from(signature, 'base64url');
    assert.equal(signatureHolds(algorithm, key, Buffer.from(input), bytes), true);
    assert.equal(signatureHolds(algorithm, key, Buffer.from(`${input}A`), bytes), false);
  });
}

function isRsa(algorithm: SignatureAlgorithm): boolean {
  return algorithm.startsWith('RS') || algorithm.startsWith('PS');
}
