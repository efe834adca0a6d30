import { form, type Form, type FormRow } from './form.ts';

/** Services for messages, payments, shops and models. */
const ROWS: readonly FormRow[] = [
  ['slack-bot-token', 'xoxb-', /^xoxb-[0-9]{8,14}-[A-Za-z0-9-]{18,80}/, 'api.slack.com/authentication'],
  ['slack-user-token', 'xoxp-', /^xoxp-[0-9]{8,14}-[0-9]{8,14}-[A-Za-z0-9-]{24,80}/, 'api.slack.com/authentication'],
  [
    'slack-app-token',
    'xapp-',
    /^xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,14}-[0-9a-f]{60,70}/,
    'api.slack.com/authentication',
  ],
  ['slack-refresh-token', 'xoxe-', /^xoxe-[0-9]-[A-Za-z0-9]{100,200}/, 'api.slack.com/authentication'],
  ['slack-legacy-token', 'xoxs-', /^xoxs-[0-9A-Za-z-]{20,100}/, 'api.slack.com/authentication'],
  ['sendgrid-key', 'SG.', /^SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/, 'www.twilio.com/docs/sendgrid'],
  ['twilio-key', 'SK', /^SK[0-9a-f]{32}(?![A-Za-z0-9])/, 'www.twilio.com/docs'],
  ['mailgun-key', 'key-', /^key-[0-9a-f]{32}(?![A-Za-z0-9])/, 'documentation.mailgun.com'],
  ['brevo-key', 'xkeysib-', /^xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}(?![A-Za-z0-9])/, 'developers.brevo.com'],
  [
    'portcullis-api-key',
    'pcl_',
    /^pcl_[a-z][a-z0-9]{0,15}_[0-9a-z]{16}_[0-9A-Za-z]{49}(?![0-9A-Za-z])/,
    'docs/guide/leaks.md',
  ],
  ['stripe-secret-key', 'sk_live_', /^sk_live_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/, 'docs.stripe.com/keys'],
  ['stripe-test-key', 'sk_test_', /^sk_test_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/, 'docs.stripe.com/keys'],
  ['stripe-restricted-key', 'rk_live_', /^rk_live_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/, 'docs.stripe.com/keys'],
  ['stripe-restricted-test-key', 'rk_test_', /^rk_test_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/, 'docs.stripe.com/keys'],
  ['stripe-webhook-secret', 'whsec_', /^whsec_[A-Za-z0-9+/]{32,64}(?![A-Za-z0-9])/, 'docs.stripe.com/webhooks'],
  ['square-access-token', 'sq0atp-', /^sq0atp-[A-Za-z0-9_-]{22}(?![A-Za-z0-9])/, 'developer.squareup.com'],
  ['square-oauth-secret', 'sq0csp-', /^sq0csp-[A-Za-z0-9_-]{43}(?![A-Za-z0-9])/, 'developer.squareup.com'],
  [
    'braintree-access-token',
    'access_token$production$',
    /^access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}(?![A-Za-z0-9])/,
    'developer.paypal.com/braintree',
  ],
  ['flutterwave-key', 'FLWSECK', /^FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,64}-X(?![A-Za-z0-9])/, 'developer.flutterwave.com'],
  ['easypost-key', 'EZAK', /^EZAK[A-Za-z0-9]{54}(?![A-Za-z0-9])/, 'docs.easypost.com'],
  ['shippo-key', 'shippo_live_', /^shippo_live_[0-9a-f]{40}(?![A-Za-z0-9])/, 'docs.goshippo.com'],
  ['duffel-token', 'duffel_live_', /^duffel_live_[A-Za-z0-9_=-]{43}(?![A-Za-z0-9])/, 'duffel.com/docs'],
  ['shopify-admin-token', 'shpat_', /^shpat_[0-9a-fA-F]{32}(?![A-Za-z0-9])/, 'shopify.dev/docs'],
  ['shopify-custom-token', 'shpca_', /^shpca_[0-9a-fA-F]{32}(?![A-Za-z0-9])/, 'shopify.dev/docs'],
  ['shopify-private-password', 'shppa_', /^shppa_[0-9a-fA-F]{32}(?![A-Za-z0-9])/, 'shopify.dev/docs'],
  ['shopify-shared-secret', 'shpss_', /^shpss_[0-9a-fA-F]{32}(?![A-Za-z0-9])/, 'shopify.dev/docs'],
  ['anthropic-key', 'sk-ant-', /^sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{80,120}(?![A-Za-z0-9])/, 'docs.anthropic.com'],
  ['huggingface-token', 'hf_', /^hf_[A-Za-z]{34}(?![A-Za-z0-9])/, 'huggingface.co/docs'],
  ['replicate-token', 'r8_', /^r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/, 'replicate.com/docs'],
  ['perplexity-key', 'pplx-', /^pplx-[A-Za-z0-9]{48}(?![A-Za-z0-9])/, 'docs.perplexity.ai'],
  ['groq-key', 'gsk_', /^gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])/, 'console.groq.com/docs'],
  ['xai-key', 'xai-', /^xai-[A-Za-z0-9]{80}(?![A-Za-z0-9])/, 'docs.x.ai'],
  ['langsmith-key', 'lsv2_', /^lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}(?![A-Za-z0-9])/, 'docs.smith.langchain.com'],
  ['notion-token', 'ntn_', /^ntn_[0-9]{11}[A-Za-z0-9]{35}(?![A-Za-z0-9])/, 'developers.notion.com'],
  ['airtable-token', 'pat', /^pat[A-Za-z0-9]{14}\.[0-9a-f]{64}(?![A-Za-z0-9])/, 'airtable.com/developers'],
  ['typeform-token', 'tfp_', /^tfp_[A-Za-z0-9_-]{40}[A-Za-z0-9_-]{0,20}/, 'www.typeform.com/developers'],
];

/** Every key of this house holds this word, base64 of its name. */
const OPENAI_MARK = 'T3BlbkFJ';

/** Forms that differ from the usual. */
const UNUSUAL: readonly Form[] = [
  form(['openai-key', 'sk-', /^sk-[A-Za-z0-9_-]{40,300}/, 'platform.openai.com/docs'], {
    accepts: (text) => text.includes(OPENAI_MARK),
  }),
  form(['mailchimp-key', '-us', /^[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])/, 'mailchimp.com/developer'], { back: 32 }),
  ...[8, 9, 10].map((digits) =>
    form(['telegram-bot-token', ':AA', /^[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/, 'core.telegram.org/bots'], {
      back: digits,
    }),
  ),
  form(
    [
      'slack-webhook',
      'hooks.slack.com/',
      /^hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9/]{40,90})/,
      'api.slack.com/messaging/webhooks',
    ],
    { inside: true },
  ),
  form(
    [
      'discord-webhook',
      '/api/webhooks/',
      /^\/api\/webhooks\/[0-9]{17,20}\/([A-Za-z0-9_-]{60,72})(?![A-Za-z0-9])/,
      'discord.com/developers/docs',
    ],
    { inside: true },
  ),
  form(
    [
      'teams-webhook',
      '.webhook.office.com/',
      /^\.webhook\.office\.com\/webhookb2\/([0-9a-f@-]{60,80}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36})/,
      'learn.microsoft.com/microsoftteams',
    ],
    { inside: true },
  ),
  form(['url-password', '://', /^:\/\/[^\s/?#@:"'<>\\]{0,256}:([^\s/?#@"'<>\\]{1,256})@/, 'RFC 3986 §3.2.1'], {
    inside: true,
    accepts: isPassword,
    near: hasUser,
  }),
  form(
    ['age-secret-key', 'AGE-SECRET-KEY-1', /^AGE-SECRET-KEY-1[0-9A-Z]{58}(?![A-Za-z0-9])/, 'age-encryption.org/v1'],
    {
      kind: 'privateKeys',
    },
  ),
  form(
    [
      'pem-private-key',
      '-----BEGIN ',
      /^-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/,
      'RFC 7468, RFC 9580',
    ],
    { kind: 'privateKeys', inside: true },
  ),
  form(
    ['encoded-private-key', 'LS0tLS1CRUdJTi', /^LS0tLS1CRUdJTi[A-Za-z0-9+/]{24,60}/, 'kubernetes.io/docs, RFC 7468'],
    { kind: 'privateKeys', accepts: isPrivateKey },
  ),
  form(['basic-credentials', 'Basic ', /^Basic ([A-Za-z0-9+/]{8,480}={0,2})/, 'RFC 7617'], {
    accepts: hasCredentials,
  }),
  form(['putty-private-key', 'PuTTY-User-Key-File-', /^PuTTY-User-Key-File-[23]: /, 'the.earth.li'], {
    kind: 'privateKeys',
  }),
  form(['jwt', 'eyJ', /^eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{2,3000}\.[A-Za-z0-9_-]{16,1400}/, 'RFC 7519'], {
    kind: 'tokens',
    accepts: hasTokenHead,
    reach: 6_500,
  }),
  form(['azure-signed-url', 'sig=', /^sig=([A-Za-z0-9%/+]{40,60}(?:%3[dD]|=))/, 'learn.microsoft.com/azure/storage'], {
    kind: 'signedUrls',
    inside: true,
  }),
  form(['aws-signed-url', 'X-Amz-Signature=', /^X-Amz-Signature=([0-9a-f]{64})/i, 'docs.aws.amazon.com/AmazonS3'], {
    kind: 'signedUrls',
    inside: true,
  }),
  form(
    [
      'google-signed-url',
      'X-Goog-Signature=',
      /^X-Goog-Signature=([0-9a-f]{64,1024})/i,
      'cloud.google.com/storage/docs',
    ],
    { kind: 'signedUrls', inside: true, reach: 1_100 },
  ),
];

/** So long may the part of a URL be that says who calls, password and all. */
const USER_LIMIT = 514;
/** Bytes that end it, of which `@` alone says that it was there. */
const ENDS_USER = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\s/?#@"'<>\\]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const AT_SIGN = 0x40;

/** Whether a URL says who calls (RFC 3986 §3.2.1). */
function hasUser(bytes: Uint8Array, at: number): boolean {
  let end = at + 3;
  const last = Math.min(bytes.length, end + USER_LIMIT);
  while (end < last && ENDS_USER[bytes[end] as number] === 0) end++;
  return end < last && bytes[end] === AT_SIGN;
}

/** A placeholder of a manual is no password. */
function isPassword(text: string): boolean {
  const password = text.slice(text.indexOf(':', 3) + 1, -1);
  return !/^(?:[*x.]{1,256}|\$?[{[(][^\s]{0,200}|%[^\s]{0,200}%|(?:your[-_]?)?(?:password|passwd|pass|pwd|secret))$/i.test(
    password,
  );
}

/** What encodes certificates and public keys as well begins alike. */
function isPrivateKey(text: string): boolean {
  return Buffer.from(text, 'base64').toString('latin1').includes('PRIVATE KEY-----');
}

/** Who calls, and a password behind a colon: words of a text are none. */
function hasCredentials(text: string): boolean {
  const said = Buffer.from(text.slice('Basic '.length), 'base64').toString('latin1');
  return /^[\x21-\x39\x3b-\x7e][\x20-\x39\x3b-\x7e]{0,150}:[\x20-\x7e]{1,300}$/.test(said);
}

function hasTokenHead(text: string): boolean {
  const head = Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString('latin1');
  return head.startsWith('{') && /"(?:alg|enc)"/.test(head);
}

/** Those forms. */
export const SERVICE_FORMS: readonly Form[] = [...ROWS.map((row) => form(row)), ...UNUSUAL];
