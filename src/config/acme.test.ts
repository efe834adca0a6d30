import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { acmeWarnings } from './acme.ts';
import { parseConfig } from './parse.ts';

interface Given {
  readonly acme: string;
  readonly http?: string;
  readonly api?: string;
}

function read({ acme, http = '{ port: 8080 }', api = 'host: api.acme.example, ' }: Given) {
  const text = `version: 1
server:
  https: { certificate: { acme: ${acme} } }
  http: ${http}
apis:
  api: { ${api}routes: ['GET /'], upstream: 'http://127.0.0.1:3000', auth: public }
`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function certificateOf(given: Given) {
  const result = read(given);
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config.server.https.certificate;
}

function issuesOf(given: Given): string {
  const result = read(given);
  assert.ok(!result.ok, 'this should have been refused');
  return result.error.map(formatIssue).join('\n');
}

const EMAIL = 'email: ops@acme.example';

test('an address is enough: Let’s Encrypt, the hosts of the APIs, port 443 and then port 80', () => {
  assert.deepEqual(certificateOf({ acme: `{ ${EMAIL} }` }), {
    kind: 'acme',
    email: 'ops@acme.example',
    authorities: [{ directory: 'https://acme-v02.api.letsencrypt.org/directory', externalAccount: null, caFile: null }],
    challenges: ['tls-alpn-01', 'http-01'],
    dnsHook: null,
    profile: null,
    names: null,
    folder: null,
  });
});

test('without an http port only port 443 is used, and http-01 is an issue', () => {
  const given = certificateOf({ acme: `{ ${EMAIL} }`, http: 'off' });
  assert.deepEqual(given.kind === 'acme' && given.challenges, ['tls-alpn-01']);
  assert.match(issuesOf({ acme: `{ ${EMAIL}, challenge: http-01 }`, http: 'off' }), /http port, which is off/);
});

test('a whole section becomes CAs in their order, with paths absolute and references kept', () => {
  const eab = "eab: { id: kid, key: '${file:eab.key}' }";
  const fallback = 'fallback: [{ directory: letsencrypt }]';
  const more = 'ca: ca.pem, profile: shortlived, challenge: http-01, names: [B.acme.example., a.acme.example]';
  const given = certificateOf({
    acme: `{ ${EMAIL}, directory: 'https://ca.internal/dir', ${eab}, ${fallback}, ${more} }`,
  });
  assert.ok(given.kind === 'acme');
  assert.deepEqual(given.authorities, [
    {
      directory: 'https://ca.internal/dir',
      externalAccount: { id: 'kid', key: '${file:eab.key}' },
      caFile: '/etc/ca.pem',
    },
    { directory: 'https://acme-v02.api.letsencrypt.org/directory', externalAccount: null, caFile: null },
  ]);
  assert.deepEqual(
    [given.profile, given.challenges, given.names],
    ['shortlived', ['http-01'], ['b.acme.example', 'a.acme.example']],
  );
});

test('what no CA could certify is told before any is asked', () => {
  const acme = `{ ${EMAIL} }`;
  assert.match(issuesOf({ acme, api: '' }), /apis\.api: no CA gives a certificate for an API without a `host`/);
  for (const host of ['localhost', '192.0.2.1', "'[::1]'", 'intranet']) {
    assert.match(issuesOf({ acme, api: `host: ${host}, ` }), /apis\.api\.host: no public CA/, host);
  }
  // Names of their own make the hosts nobody's business.
  certificateOf({ acme: `{ ${EMAIL}, names: [a.acme.example] }`, api: '' });
});

test('each key says what it wants, and never repeats a secret', () => {
  const bad: [string, RegExp][] = [
    ['{ }', /acme\.email: is missing/],
    ['{ email: nobody }', /one e-mail address/],
    ["{ email: 'a@b.c?subject=x' }", /one e-mail address/],
    ["{ email: 'a@b.example, c@d.example' }", /one e-mail address/],
    [`{ ${EMAIL}, directory: 'http://ca.internal/' }`, /no ACME directory/],
    [`{ ${EMAIL}, directory: letsencript }`, /no ACME directory/],
    [`{ ${EMAIL}, directory: toString }`, /no ACME directory/],
    [`{ ${EMAIL}, directory: 'https://u:hunter2@ca.internal/' }`, /no ACME directory/],
    [`{ ${EMAIL}, eab: { id: kid, key: hunter2 } }`, /eab\.key: .*never written/],
    [`{ ${EMAIL}, eab: { id: 'a b', key: '\${env:KEY}' } }`, /eab\.id: must be the id/],
    [`{ ${EMAIL}, challenge: dns-01 }`, /challenge: expected auto, .* or dns-01 with a hook/],
    [`{ ${EMAIL}, challenge: { dns-01: { } } }`, /dns-01\.hook: is missing/],
    [`{ ${EMAIL}, challenge: { dns-01: { hook: ./h, settle: 6m } } }`, /dns-01\.settle: must be from 0s to 5m/],
    [`{ ${EMAIL}, challenge: { dns-01: { hook: ./h, args: [x] } } }`, /args: unknown key/],
    [`{ ${EMAIL}, names: ['*.acme.example'] }`, /names\[0\]: CAs certify a wildcard by DNS only/],
    [`{ ${EMAIL}, folder: ./shared }`, /acme\.folder: of several nodes/],
    [`{ ${EMAIL}, names: ['a.*.example'] }`, /names\[0\]: must be a host name/],
    [`{ ${EMAIL}, names: ['*.com'] }`, /names\[0\]: must be a host name/],
    [`{ ${EMAIL}, names: [a.example, A.example] }`, /names\[1\]: this host stands in the list already/],
    [`{ ${EMAIL}, names: [localhost] }`, /names\[0\]: must be a host name/],
    [`{ ${EMAIL}, names: [] }`, /at least one host/],
    [`{ ${EMAIL}, profile: 'a b' }`, /profile: must be the name/],
    [`{ ${EMAIL}, fallback: [{ directory: letsencrypt }] }`, /asked first already/],
    [`{ ${EMAIL}, fallback: [{ }] }`, /fallback\[0\]\.directory: is missing/],
    [`{ ${EMAIL}, hook: x }`, /acme\.hook: unknown key/],
  ];
  for (const [acme, words] of bad) {
    const told = issuesOf({ acme });
    assert.match(told, words, acme);
    assert.ok(!told.includes('hunter2'), acme);
  }
});

test('a host of an API that `names` leaves out is warned of, where it stands', () => {
  const given = read({ acme: `{ ${EMAIL}, names: [other.acme.example] }` });
  assert.ok(given.ok);
  const { config, places } = given.value;
  const warnings = acmeWarnings(config, places);
  assert.deepEqual(
    warnings.map(({ path, severity, place }) => [path, severity, place?.line]),
    [['apis.api.host', 'warning', 6]],
  );
  for (const acme of [`{ ${EMAIL} }`, `{ ${EMAIL}, names: [API.acme.example.] }`]) {
    const fine = read({ acme });
    assert.ok(fine.ok);
    assert.deepEqual(acmeWarnings(fine.value.config, fine.value.places), []);
  }
});

test('more hosts than there may be certificates for are an issue before any is asked for', () => {
  const host = (at: number): string => `h${at}.acme.example`;
  const more = Array.from(
    { length: 500 },
    (_, at) => `  a${at}: { host: ${host(at)}, routes: ['GET /'], upstream: 'http://127.0.0.1:3000', auth: public }`,
  );
  const text = (count: number): string => `version: 1
server: { https: { certificate: { acme: { ${EMAIL} } } } }
apis:
${more.slice(0, count).join('\n')}
  last: { host: last.acme.example, routes: ['GET /'], upstream: 'http://127.0.0.1:3000', auth: public }
`;
  const parsed = parseConfig(text(500), { file: '/p.yaml', kinds: [] });
  assert.match(parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'), /501 hosts are more than the 500/);
  assert.ok(parseConfig(text(499), { file: '/p.yaml', kinds: [] }).ok);
});

test('a hook for DNS is a path beside the configuration, and lets wildcards be asked for', () => {
  const hook = 'challenge: { dns-01: { hook: ./dns.sh, settle: 2m } }';
  const names = "names: ['*.acme.example', acme.example]";
  const given = certificateOf({ acme: `{ ${EMAIL}, ${hook}, ${names}, folder: ../shared }`, http: 'off' });
  assert.ok(given.kind === 'acme');
  assert.deepEqual([given.challenges, given.folder], [['dns-01'], '/shared']);
  assert.deepEqual(given.dnsHook, { path: '/etc/dns.sh', settleMs: 120_000 });
  const parsed = read({ acme: `{ ${EMAIL}, ${hook}, ${names} }` });
  assert.ok(parsed.ok);
  // The wildcard is good for the API's host.
  assert.deepEqual(acmeWarnings(parsed.value.config, parsed.value.places), []);
});
