import { type BadInput, bearing, refused, taken } from './bad-input.ts';
import { tokenOf } from './forged.ts';
import { AUDIENCE, claims, ISSUER, TENANT } from './scene.ts';

// 27 to 38: what a token says, by the right key.

type More = () => Readonly<Record<string, unknown>>;

const nowS = (): number => Math.floor(Date.now() / 1_000);

const said = (item: number, what: string, more: More, header: object = {}): BadInput =>
  refused(item, what, (scene) => bearing(scene.token(more(), { ...header })));

/** With a payload in which one claim is written so. */
const written = (item: number, name: string, text: string): BadInput =>
  refused(item, `${name} of ${text}`, ({ keys }) => {
    const rest = JSON.stringify(claims({ [name]: undefined }));
    return bearing(tokenOf(keys.one, { alg: 'ES256', kid: 'one' }, `{"${name}":${text},${rest.slice(1)}`));
  });

const ENTRA = { iss: `https://login.example/${TENANT}/v2.0`, tid: TENANT };
const STRANGE = '99999999-2222-3333-4444-555555555555';
const GOOGLE = { iss: 'https://accounts.example', hd: 'acme.example' };

/** Of whom another issuer with a path of its own takes tokens. */
const elsewhere = (item: number, what: string, path: string, more: More): BadInput =>
  refused(item, what, (scene) => bearing(scene.token(more()), path));

/** Times, issuers, audiences and subjects. */
export const BAD_CLAIMS: readonly BadInput[] = [
  ...['exp', 'iss', 'aud', 'sub'].map((name) => said(27, `no ${name}`, () => ({ [name]: undefined }))),
  written(28, 'exp', '"1999999999"'),
  written(28, 'exp', '-1'),
  written(28, 'exp', '1e308'),
  written(28, 'exp', '1e400'),
  written(28, 'exp', 'NaN'),
  written(28, 'exp', 'null'),
  written(28, 'exp', 'true'),
  written(28, 'exp', '[1999999999]'),
  said(28, 'exp of ten years', () => ({ exp: nowS() + 315_360_000 })),
  said(28, 'exp in milliseconds', () => ({ exp: (nowS() + 60) * 1_000 })),
  said(28, 'exp of ten years without iat', () => ({ exp: nowS() + 315_360_000, iat: undefined })),
  said(28, 'exp that was two minutes ago', () => ({ iat: nowS() - 600, exp: nowS() - 120 })),
  said(29, 'nbf of two minutes from now', () => ({ nbf: nowS() + 120 })),
  said(29, 'iat of two minutes from now', () => ({ iat: nowS() + 120 })),
  said(29, 'nbf as a text', () => ({ nbf: String(nowS() - 60) })),
  said(30, 'iss as a list', () => ({ iss: [ISSUER] })),
  said(30, 'iss with a slash behind', () => ({ iss: `${ISSUER}/` })),
  said(30, 'iss in another case', () => ({ iss: ISSUER.toUpperCase() })),
  said(30, 'iss with a space behind', () => ({ iss: `${ISSUER} ` })),
  said(30, 'iss of another', () => ({ iss: 'https://evil.example' })),
  said(31, 'aud that begins as ours', () => ({ aud: `${AUDIENCE}.evil.example` })),
  said(31, 'aud that ours begins with', () => ({ aud: AUDIENCE.slice(0, -1) })),
  said(31, 'aud with a slash behind', () => ({ aud: `${AUDIENCE}/` })),
  said(31, 'aud with ours in one text with another', () => ({ aud: `https://other.example ${AUDIENCE}` })),
  said(31, 'an empty list as aud', () => ({ aud: [] })),
  said(31, 'a list in a list as aud', () => ({ aud: [[AUDIENCE]] })),
  said(31, 'an object as aud', () => ({ aud: { 0: AUDIENCE } })),
  taken(31, 'a list as aud in which ours is', (scene) =>
    bearing(scene.token({ aud: ['https://other.example', AUDIENCE] })),
  ),
  said(32, 'an ID token with nonce', () => ({ nonce: 'n' })),
  said(32, 'an ID token with at_hash', () => ({ at_hash: 'AAAA' })),
  said(32, 'an ID token with c_hash', () => ({ c_hash: 'AAAA' })),
  said(32, 'an ID token that says so', () => ({ token_use: 'id' })),
  refused(33, 'no typ where the issuer keeps RFC 9068', (scene) =>
    bearing(scene.token({}, { typ: undefined }), '/profiled'),
  ),
  elsewhere(33, 'typ JWT where the issuer keeps RFC 9068', '/profiled', () => ({})),
  ...['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'].map((typ) =>
    taken(33, `typ ${typ}`, (scene) => bearing(scene.token({}, { typ }), '/profiled')),
  ),
  said(34, 'an empty sub', () => ({ sub: '' })),
  said(34, 'an object as sub', () => ({ sub: { id: 'ada' } })),
  said(34, 'a number as sub', () => ({ sub: 7 })),
  said(34, 'a list as sub', () => ({ sub: ['ada'] })),
  said(34, 'null as sub', () => ({ sub: null })),
  taken(35, 'a token of the other issuer there', ({ keys }) =>
    bearing(tokenOf(keys.other, { alg: 'ES256', kid: 'one' }, claims({ iss: 'https://id.other.example' })), '/other'),
  ),
  refused(35, 'our issuer’s name by the key of another', ({ keys }) =>
    bearing(tokenOf(keys.other, { alg: 'ES256', kid: 'one' }, claims())),
  ),
  refused(35, 'another issuer’s name by our key', (scene) =>
    bearing(scene.token({ iss: 'https://id.other.example' }), '/other'),
  ),
  refused(35, 'another issuer’s token where it is not named', ({ keys }) =>
    bearing(tokenOf(keys.other, { alg: 'ES256', kid: 'one' }, claims({ iss: 'https://id.other.example' }))),
  ),
  taken(36, 'a token of a tenant that is named', (scene) => bearing(scene.token(ENTRA), '/entra')),
  elsewhere(36, 'a token of another tenant', '/entra', () => ({
    iss: `https://login.example/${STRANGE}/v2.0`,
    tid: STRANGE,
  })),
  elsewhere(36, 'another tenant in tid alone', '/entra', () => ({ ...ENTRA, tid: STRANGE })),
  elsewhere(36, 'another tenant in iss alone', '/entra', () => ({
    iss: `https://login.example/${STRANGE}/v2.0`,
    tid: TENANT,
  })),
  elsewhere(36, 'the place of the tenant itself', '/entra', () => ({
    ...ENTRA,
    iss: 'https://login.example/{tenantid}/v2.0',
  })),
  elsewhere(36, 'no tid', '/entra', () => ({ ...ENTRA, tid: undefined })),
  taken(36, 'a token of a domain that is named', (scene) => bearing(scene.token(GOOGLE), '/google')),
  elsewhere(36, 'a token of another domain', '/google', () => ({ ...GOOGLE, hd: 'evil.example' })),
  elsewhere(36, 'a domain that ends as ours', '/google', () => ({ ...GOOGLE, hd: 'x.acme.example' })),
  elsewhere(36, 'an address in our domain and no hd', '/google', () => ({
    ...GOOGLE,
    ...{ hd: undefined, email: 'ada@acme.example', email_verified: true },
  })),
  elsewhere(36, 'an address with two signs and no hd', '/google', () => ({
    ...GOOGLE,
    ...{ hd: undefined, email: 'a@evil.example@acme.example', email_verified: false },
  })),
  said(37, 'a refresh token', () => ({}), { typ: 'rt+jwt' }),
  said(37, 'a refresh token that says so in a claim', () => ({ typ: 'Refresh' })),
  said(37, 'a logout token', () => ({}), { typ: 'logout+jwt' }),
  said(37, 'a logout token without typ', () => ({
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })),
  said(37, 'a DPoP proof', () => ({ htm: 'GET', htu: 'https://localhost/' }), { typ: 'dpop+jwt' }),
  said(37, 'a DPoP proof without typ', () => ({ htm: 'GET', htu: 'https://localhost/' })),
  said(37, 'a client’s assertion', () => ({ sub: ISSUER })),
  said(37, 'an authorization request', () => ({ response_type: 'code', redirect_uri: 'https://evil.example' })),
  said(37, 'an answer about a token', () => ({ token_introspection: { active: true } })),
  said(38, 'act that is 20 deep', () => ({ act: acting(20) })),
  said(38, 'act that is 400 deep', () => ({ act: acting(400) })),
  said(38, 'may_act that is a text', () => ({ may_act: 'root' })),
  taken(38, 'act that is 2 deep', (scene) => bearing(scene.token({ act: acting(2) }))),
];

function acting(depth: number): object {
  let act: object = { sub: 'a' };
  for (let at = 1; at < depth; at++) act = { sub: 'a', act };
  return act;
}
