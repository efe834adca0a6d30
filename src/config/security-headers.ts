import { z } from 'zod';
import { CSP_REPORTS_PATH, err, ok, readFieldDictionary, type Result, writeFieldDictionary } from '../base/index.ts';
import type { SecurityHeadersConfig } from './output-config.ts';
import { ownDuration, parsed } from './scalars.ts';
import { words } from './words.ts';

const YEAR_S = 31_536_000;
const REFERRER_POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;

const policyText = parsed(readPolicy).meta({ title: 'policy' });
const dictionaryText = parsed(readDictionary).meta({ title: 'dictionary' });

const contentSecurityPolicy = z
  .strictObject({
    policy: policyText.meta({ description: 'The policy, with report-uri or report-to where reports go elsewhere.' }),
    reportOnly: z
      .boolean({ error: words('must be true or false') })
      .optional()
      .meta({ description: 'Browsers only report what the policy would forbid. The standard policy holds besides.' }),
    report: z
      .boolean({ error: words('must be true or false') })
      .optional()
      .meta({ description: 'Whether browsers report to the gateway, which sums it up: `portcullis reports`.' }),
  })
  .refine(({ policy, report }) => report !== true || !REPORT_DIRECTIVE.test(policy), {
    error: words('the policy says where reports go already', 'leave out its report-uri and report-to, or `report`'),
  });

const REPORT_DIRECTIVE = /(?:^|;) ?report-(?:uri|to)(?![^ ;])/i;
/** The endpoint that the collector is to browsers. */
const ENDPOINT = 'portcullis';
const ENDPOINTS = writeFieldDictionary(
  new Map([[ENDPOINT, { kind: 'item', item: { kind: 'string', value: CSP_REPORTS_PATH }, parameters: new Map() }]]),
);

const strictTransportSecurity = z
  .strictObject({
    maxAge: ownDuration({ from: '1s', to: '3650d' }, 'How long browsers come by https only, 730d if nothing is said.'),
    includeSubDomains: z
      .boolean({ error: words('must be true or false') })
      .optional()
      .meta({
        description: 'Whether that holds for all hosts below this one too.',
      }),
    preload: z
      .boolean({ error: words('must be true or false') })
      .optional()
      .meta({
        description: 'Whether browsers may ship with it. It needs `includeSubDomains` and a year at least.',
      }),
  })
  .refine(
    ({ maxAge, includeSubDomains, preload }) =>
      preload !== true || (includeSubDomains === true && (maxAge ?? YEAR_S * 1_000) >= YEAR_S * 1_000),
    { error: words('lists of browsers ask for more', 'write includeSubDomains: true, and a maxAge of 365d at least') },
  );

const settings = z.strictObject({
  contentSecurityPolicy: z
    .union([z.literal('off'), policyText, contentSecurityPolicy], {
      error: words(
        'expected off, a policy, or its settings',
        'such as { policy: "default-src \'none\'", reportOnly: true }',
      ),
    })
    .optional()
    .meta({ description: 'Said of every reply where it is written here; the standard one is not said of pages.' }),
  contentTypeOptions: z.enum(['nosniff', 'off']).optional().meta({ description: 'X-Content-Type-Options.' }),
  frameOptions: z.enum(['DENY', 'SAMEORIGIN', 'off']).optional().meta({ description: 'X-Frame-Options.' }),
  referrerPolicy: z
    .enum([...REFERRER_POLICIES, 'off'])
    .optional()
    .meta({ description: 'Referrer-Policy.' }),
  strictTransportSecurity: z
    .union([z.literal('off'), strictTransportSecurity], {
      error: words('expected off, or its settings', 'such as { maxAge: 730d, includeSubDomains: true }'),
    })
    .optional()
    .meta({ description: 'Strict-Transport-Security. Settings are said over TLS by whatever certificate.' }),
  cacheControl: z.enum(['no-store', 'off']).optional().meta({
    description: 'Cache-Control of replies to known callers.',
  }),
  permissionsPolicy: dictionaryText.optional().meta({ description: 'Permissions-Policy; none if nothing is said.' }),
  reportingEndpoints: dictionaryText
    .optional()
    .meta({ description: 'Reporting-Endpoints, which names where reports go; none if nothing is said.' }),
  crossOriginOpenerPolicy: z
    .enum(['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none'])
    .optional()
    .meta({ description: 'Cross-Origin-Opener-Policy; none if nothing is said.' }),
  crossOriginEmbedderPolicy: z
    .enum(['require-corp', 'credentialless', 'unsafe-none'])
    .optional()
    .meta({ description: 'Cross-Origin-Embedder-Policy; none if nothing is said.' }),
  crossOriginResourcePolicy: z
    .enum(['same-origin', 'same-site', 'cross-origin'])
    .optional()
    .meta({ description: 'Cross-Origin-Resource-Policy; none if nothing is said.' }),
  override: z
    .boolean({ error: words('must be true or false') })
    .optional()
    .meta({
      description: 'Whether what is written here takes the place of what the upstream says. Else that stays.',
    }),
});

/** The key `securityHeaders` of an API. */
export const securityHeadersSchema = z
  .union([z.enum(['on', 'off']), settings], {
    error: words('must be on or off, or single headers', 'such as { referrerPolicy: same-origin }'),
  })
  .prefault('on')
  .meta({ description: 'Which security headers replies get where they lack them.' });

const HEADERS = {
  contentTypeOptions: 'x-content-type-options',
  frameOptions: 'x-frame-options',
  referrerPolicy: 'referrer-policy',
  cacheControl: 'cache-control',
  permissionsPolicy: 'permissions-policy',
  reportingEndpoints: 'reporting-endpoints',
  crossOriginOpenerPolicy: 'cross-origin-opener-policy',
  crossOriginEmbedderPolicy: 'cross-origin-embedder-policy',
  crossOriginResourcePolicy: 'cross-origin-resource-policy',
} as const satisfies Partial<Record<keyof z.output<typeof settings>, string>>;

/** Which security headers replies get; null for none. */
export function toSecurityHeaders(raw: z.output<typeof securityHeadersSchema>): SecurityHeadersConfig | null {
  if (raw === 'off') return null;
  if (raw === 'on') return { said: {}, reports: false, override: false };
  const said: Record<string, string | null> = { ...contentPolicyOf(raw.contentSecurityPolicy) };
  for (const [key, name] of Object.entries(HEADERS)) {
    const value = raw[key as keyof typeof HEADERS];
    if (value !== undefined) said[name] = value === 'off' ? null : value;
  }
  const transport = raw.strictTransportSecurity;
  if (transport !== undefined) said['strict-transport-security'] = transport === 'off' ? null : transportOf(transport);
  const reports = typeof raw.contentSecurityPolicy === 'object' && raw.contentSecurityPolicy.report === true;
  // Of two endpoints of one name the last counts (RFC 9651 §3.2).
  if (reports) said['reporting-endpoints'] = [raw.reportingEndpoints, ENDPOINTS].filter((text) => text).join(', ');
  return { said, reports, override: raw.override ?? false };
}

function contentPolicyOf(
  raw: z.output<typeof settings>['contentSecurityPolicy'],
): Readonly<Record<string, string | null>> {
  if (raw === undefined) return {};
  if (raw === 'off') return { 'content-security-policy': null };
  if (typeof raw === 'string') return { 'content-security-policy': raw };
  const { policy, reportOnly = false, report = false } = raw;
  const value = report ? `${policy}; report-uri ${CSP_REPORTS_PATH}; report-to ${ENDPOINT}` : policy;
  return { [reportOnly ? 'content-security-policy-report-only' : 'content-security-policy']: value };
}

function transportOf({ maxAge, includeSubDomains, preload }: z.output<typeof strictTransportSecurity>): string {
  const age = `max-age=${Math.floor((maxAge ?? 2 * YEAR_S * 1_000) / 1_000)}`;
  return `${age}${includeSubDomains === true ? '; includeSubDomains' : ''}${preload === true ? '; preload' : ''}`;
}

/** A policy as it goes into a field: of visible characters, with single spaces between them. */
function readPolicy(text: string): Result<string, string> {
  const policy = text
    .trim()
    .replaceAll(/[ \t\r\n]+/g, ' ')
    .replace(/;$/, '');
  if (!/^[\x20-\x7e]{1,4096}$/.test(policy))
    return err(words('a policy is text of visible ASCII characters, 4096 at most', "such as default-src 'none'"));
  return ok(policy);
}

/** A field that is a dictionary (RFC 9651 §3.2): browsers go by nothing of one that is not, and would say nothing of it. */
function readDictionary(text: string): Result<string, string> {
  const field = readPolicy(text);
  if (!field.ok || readFieldDictionary(field.value).ok) return field;
  return err(
    words('browsers can not read this as a dictionary of structured fields', 'such as camera=(), geolocation=()'),
  );
}
