import { form, type Form, type FormRow } from './form.ts';

/** Clouds, stores of secrets, and what runs there. */
const ROWS: readonly FormRow[] = [
  ['google-api-key', 'AIza', /^AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9])/, 'cloud.google.com/docs/authentication'],
  ['google-oauth-secret', 'GOCSPX-', /^GOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9])/, 'developers.google.com/identity'],
  ['alibaba-access-key', 'LTAI', /^LTAI[A-Za-z0-9]{16,26}(?![A-Za-z0-9])/, 'www.alibabacloud.com/help'],
  ['digitalocean-token', 'dop_v1_', /^dop_v1_[0-9a-f]{64}(?![A-Za-z0-9])/, 'docs.digitalocean.com'],
  ['digitalocean-oauth-token', 'doo_v1_', /^doo_v1_[0-9a-f]{64}(?![A-Za-z0-9])/, 'docs.digitalocean.com'],
  ['digitalocean-refresh-token', 'dor_v1_', /^dor_v1_[0-9a-f]{64}(?![A-Za-z0-9])/, 'docs.digitalocean.com'],
  ['heroku-key', 'HRKU-AA', /^HRKU-AA[A-Za-z0-9_-]{58}(?![A-Za-z0-9])/, 'devcenter.heroku.com'],
  ['cloudflare-origin-key', 'v1.0-', /^v1\.0-[0-9a-f]{24}-[0-9a-f]{146}(?![A-Za-z0-9])/, 'developers.cloudflare.com'],
  ['vault-service-token', 'hvs.', /^hvs\.[A-Za-z0-9_-]{24,300}/, 'developer.hashicorp.com/vault'],
  ['vault-batch-token', 'hvb.', /^hvb\.[A-Za-z0-9_-]{100,400}/, 'developer.hashicorp.com/vault'],
  ['vault-recovery-token', 'hvr.', /^hvr\.[A-Za-z0-9_-]{24,300}/, 'developer.hashicorp.com/vault'],
  ['doppler-token', 'dp.pt.', /^dp\.pt\.[A-Za-z0-9]{40,44}(?![A-Za-z0-9])/, 'docs.doppler.com'],
  [
    'doppler-service-token',
    'dp.st.',
    /^dp\.st\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}(?![A-Za-z0-9])/,
    'docs.doppler.com',
  ],
  [
    'tailscale-key',
    'tskey-',
    /^tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{5,20}-[A-Za-z0-9]{20,40}/,
    'tailscale.com/kb',
  ],
  ['planetscale-token', 'pscale_tkn_', /^pscale_tkn_[A-Za-z0-9_=.-]{32,64}/, 'planetscale.com/docs'],
  ['planetscale-password', 'pscale_pw_', /^pscale_pw_[A-Za-z0-9_=.-]{32,64}/, 'planetscale.com/docs'],
  ['planetscale-oauth-token', 'pscale_oauth_', /^pscale_oauth_[A-Za-z0-9_=.-]{32,64}/, 'planetscale.com/docs'],
  ['supabase-token', 'sbp_', /^sbp_[0-9a-f]{40}(?![A-Za-z0-9])/, 'supabase.com/docs'],
  ['supabase-secret-key', 'sb_secret_', /^sb_secret_[A-Za-z0-9_-]{22,48}/, 'supabase.com/docs'],
  ['databricks-token', 'dapi', /^dapi[0-9a-f]{32}(?:-[0-9])?(?![A-Za-z0-9])/, 'docs.databricks.com'],
  ['grafana-service-token', 'glsa_', /^glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}(?![A-Za-z0-9])/, 'grafana.com/docs'],
  ['grafana-cloud-token', 'glc_', /^glc_[A-Za-z0-9+/]{60,400}={0,2}/, 'grafana.com/docs'],
  ['newrelic-user-key', 'NRAK-', /^NRAK-[A-Z0-9]{27}(?![A-Za-z0-9])/, 'docs.newrelic.com'],
  ['newrelic-insert-key', 'NRII-', /^NRII-[A-Za-z0-9_-]{32}(?![A-Za-z0-9])/, 'docs.newrelic.com'],
  ['dynatrace-token', 'dt0c01.', /^dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}(?![A-Za-z0-9])/, 'docs.dynatrace.com'],
  [
    'mapbox-secret-token',
    'sk.eyJ',
    /^sk\.eyJ[A-Za-z0-9_-]{20,300}\.[A-Za-z0-9_-]{22}(?![A-Za-z0-9])/,
    'docs.mapbox.com',
  ],
];

/** A documented example of Amazon's ends so, and is nobody's. */
const isNoExample = (text: string): boolean => !text.includes('EXAMPLE');

/** Parameters of signed URLs (AWS Signature Version 2 and 4) which say whose signature it is, and open nothing by that. */
const OF_SIGNED_URLS: readonly string[] = ['X-Amz-Credential=', 'AWSAccessKeyId='];

function isOfNoSignedUrl(bytes: Uint8Array, at: number): boolean {
  return !OF_SIGNED_URLS.some((name) => {
    const from = at - name.length;
    return from >= 0 && Buffer.from(bytes.subarray(from, at)).toString('latin1') === name;
  });
}

const ACCESS_KEY = { accepts: isNoExample, near: isOfNoSignedUrl };

/** Forms that differ from the usual. */
const UNUSUAL: readonly Form[] = [
  form(['google-access-token', 'ya29.', /^ya29\.[A-Za-z0-9_-]{30,2000}/, 'developers.google.com/identity'], {
    reach: 2_100,
  }),
  form(['onepassword-service-token', 'ops_eyJ', /^ops_eyJ[A-Za-z0-9+/_=-]{200,3000}/, 'developer.1password.com'], {
    reach: 3_100,
  }),
  form(['aws-access-key', 'AKIA', /^AKIA[A-Z2-7]{16}(?![A-Za-z0-9])/, 'docs.aws.amazon.com/IAM'], ACCESS_KEY),
  form(['aws-temporary-key', 'ASIA', /^ASIA[A-Z2-7]{16}(?![A-Za-z0-9])/, 'docs.aws.amazon.com/IAM'], ACCESS_KEY),
  form(['aws-bearer-key', 'ABIA', /^ABIA[A-Z2-7]{16}(?![A-Za-z0-9])/, 'docs.aws.amazon.com/IAM'], ACCESS_KEY),
  form(['aws-bedrock-key', 'ABSK', /^ABSK[A-Za-z0-9+/]{109,269}={0,2}/, 'docs.aws.amazon.com/bedrock']),
  form(
    [
      'aws-secret-key',
      'secretaccesskey',
      /^secretaccesskey["']?(?:[ \t]{0,4}[:=]|>)[ \t]{0,4}["']?([A-Za-z0-9/+]{40})(?![\w/\x2b=])/i,
      'docs.aws.amazon.com/IAM',
    ],
    { inside: true, accepts: isNoExample },
  ),
  form(
    [
      'aws-secret-key',
      'secret_access_key',
      /^secret_access_key["']?[ \t]{0,4}[:=][ \t]{0,4}["']?([A-Za-z0-9/+]{40})(?![\w/\x2b=])/i,
      'docs.aws.amazon.com/cli',
    ],
    { inside: true, accepts: isNoExample },
  ),
  form(['azure-storage-key', 'AccountKey=', /^AccountKey=([A-Za-z0-9+/]{86}==)/, 'learn.microsoft.com/azure/storage'], {
    inside: true,
  }),
  form(
    [
      'azure-shared-access-key',
      'SharedAccessKey=',
      /^SharedAccessKey=([A-Za-z0-9+/]{43}=)/,
      'learn.microsoft.com/azure/service-bus-messaging',
    ],
    { inside: true },
  ),
  form(
    [
      'azure-client-secret',
      'Q~',
      /^[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/,
      'learn.microsoft.com/entra',
    ],
    { back: 4 },
  ),
  form(
    [
      'terraform-token',
      '.atlasv1.',
      /^[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}/,
      'developer.hashicorp.com/terraform',
    ],
    { back: 14 },
  ),
];

/** Those forms. */
export const CLOUD_FORMS: readonly Form[] = [...ROWS.map((row) => form(row)), ...UNUSUAL];
