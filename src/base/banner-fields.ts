/**
 * The fields of replies that tell of what runs behind the gateway, in groups with what each gives away. They help nobody but
 * who looks for a version with a known hole, or for the inside of a network (OWASP Secure Headers Project, WSTG-INFO-02).
 * Since a request may not have `via` changed by others, the codec marks that where it stands.
 */
const GROUPS = {
  'Where the same is served without the gateway before it (RFC 7838).': ['alt-svc'],
  'The server and its version.': [
    'server',
    'x-server',
    'x-server-name',
    'x-server-ip',
    'x-real-server',
    'x-hostname',
    'x-server-powered-by',
    'powered-by',
    'x-powered-by',
    'x-powered-by-plesk',
    'x-powered-cms',
    'x-cf-powered-by',
  ],
  '.NET, IIS, Exchange and SharePoint.': [
    'x-aspnet-version',
    'x-aspnetmvc-version',
    'x-sourcefiles',
    'x-diaginfo',
    'x-feserver',
    'x-beserver',
    'x-calculatedbetarget',
    'x-owa-version',
    'microsoftsharepointteamservices',
  ],
  'Ruby, PHP, Java and other frameworks, and how long they took.': [
    'x-runtime',
    'x-rack-cache',
    'x-turbo-charged-by',
    'x-php-version',
    'x-framework',
    'x-application-context',
    'x-cocoon-version',
    'x-atmosphere-error',
    'liferay-portal',
    'x-nextjs-cache',
  ],
  'Systems that make pages.': [
    'x-cms',
    'x-generator',
    'x-generated-by',
    'x-content-encoded-by',
    'x-redirect-by',
    'x-umbraco-version',
    'x-joomla-version',
    'x-jitsi-release',
    'x-drupal-cache',
    'x-drupal-dynamic-cache',
    'x-drupal-cache-tags',
    'x-drupal-cache-contexts',
    'x-drupal-cache-max-age',
    'x-drupal-route-normalizer',
    'x-mod-pagespeed',
    'x-page-speed',
  ],
  'What was left on from development, and where the sources lie.': [
    'x-debug',
    'x-debug-info',
    'x-debug-tag',
    'x-debug-token',
    'x-debug-token-link',
    'x-debug-exception',
    'x-debug-exception-file',
    'x-debug-link',
    'x-debug-duration',
    'x-clockwork-id',
    'x-clockwork-version',
    'x-ruxit-js-agent',
    'x-oneagent-js-injection',
    'x-sourcemap',
    'sourcemap',
  ],
  'Which machine answered, and by which proxies and caches on the way.': [
    'x-backend',
    'x-backend-server',
    'x-backend-host',
    'x-served-by',
    'x-upstream',
    'x-upstream-addr',
    'x-upstream-server',
    'x-pod-name',
    'x-proxy-cache',
    'x-varnish',
    'x-varnish-backend',
    'x-varnish-server',
    'x-varnish-cache',
    'x-litespeed-cache',
    'x-litespeed-tag',
    'x-litespeed-vary',
    'x-envoy-upstream-service-time',
    'x-envoy-attempt-count',
    'x-envoy-upstream-canary',
    'x-envoy-decorator-operation',
    'x-envoy-original-dst-host',
    'x-envoy-internal',
    'x-kong-upstream-latency',
    'x-kong-proxy-latency',
    'x-kubernetes-pf-flowschema-uid',
    'x-kubernetes-pf-prioritylevel-uid',
  ],
} as const;

/** One of these names, in lower case. */
export type BannerName = (typeof GROUPS)[keyof typeof GROUPS][number];

/** What each name gives away, in words. */
export const BANNER_FIELDS = Object.fromEntries(
  Object.entries(GROUPS).flatMap(([words, names]) => names.map((name) => [name, words] as const)),
) as Readonly<Record<BannerName, string>>;

/** All names that are taken out of replies: `via` is one of them too. */
export const BANNERS: ReadonlySet<string> = new Set([...Object.keys(BANNER_FIELDS), 'via']);
